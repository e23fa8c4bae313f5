"""The tables an import may fill, read from the models, so that a new field is importable without a line here."""

from decimal import Decimal
from functools import cache
from graphlib import TopologicalSorter

from django.apps import apps
from django.contrib.postgres.constraints import ExclusionConstraint
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import connection, models
from django.db.models.expressions import F
from django.db.models.sql import Query

from data_collection.crm.models import Mirror
from data_collection.imports.calc.tables import Check, Field, Kind, NoOverlap, Table
from data_collection.organisation.models import Named
from salesops.company.models import CurrencyField

#: Table name -> model and natural key. An entry whose model is not installed is left out.
TARGETS: dict[str, tuple[str, tuple[str, ...]]] = {
    "fx_rate": ("salesops.FxRate", ("currency", "day")),
    "holiday": ("salesops.Holiday", ("day", "country")),
    "ramp_profile": ("data_collection.RampProfile", ("code",)),
    "team": ("data_collection.Team", ("code",)),
    "rep": ("data_collection.Rep", ("code",)),
    "team_membership": ("data_collection.TeamMembership", ("rep", "valid_from")),
    "team_manager": ("data_collection.TeamManager", ("team", "valid_from")),
    "territory": ("data_collection.Territory", ("code",)),
    "territory_member": ("data_collection.TerritoryMember", ("territory", "rep", "valid_from")),
    "segment": ("data_collection.Segment", ("code",)),
    "product": ("data_collection.Product", ("code",)),
    "product_price": ("data_collection.ProductPrice", ("product", "currency", "valid_from")),
    "quota": ("data_collection.Quota", ("metric", "rep", "team", "territory", "valid_from")),
    "stage": ("data_collection.Stage", ("pipeline", "name")),
    "account": ("data_collection.Account", ("system", "external_id")),
    "territory_account": ("data_collection.TerritoryAccount", ("territory", "account", "valid_from")),
    "contact": ("data_collection.Contact", ("system", "external_id")),
    "lead": ("data_collection.Lead", ("system", "external_id")),
    "opportunity": ("data_collection.Opportunity", ("system", "external_id")),
    "opportunity_line": ("data_collection.OpportunityLine", ("system", "external_id")),
    "stage_visit": ("data_collection.StageVisit", ("system", "external_id")),
    "opportunity_owner": ("data_collection.OpportunityOwner", ("system", "external_id")),
    "opportunity_change": ("data_collection.OpportunityChange", ("system", "external_id")),
    "activity": ("data_collection.Activity", ("system", "external_id")),
    "marketing_event": ("data_collection.MarketingEvent", ("system", "external_id")),
    "order_line": ("data_collection.OrderLine", ("system", "external_id")),
    "support_ticket": ("data_collection.SupportTicket", ("system", "external_id")),
    "delivered_hours": ("data_collection.DeliveredHours", ("system", "external_id")),
    "kpi_target": (
        "data_collection.KpiTarget",
        ("kpi", "rep", "team", "territory", "valid_from"),
    ),
}

#: The importer writes these itself, or they are no business of a file (a login is given by hand).
NOT_IMPORTED = frozenset({"id", "batch_id", "user", "merged_into", "erased_at"})
#: Columns of people that an import leaves alone once the person was erased; a trigger holds them as well.
PERSONAL = {
    "contact": frozenset({"first_name", "last_name", "email", "phone", "title", "attributes"}),
    "lead": frozenset({"name", "company", "email", "phone", "title", "disqualified_reason", "attributes"}),
}
#: Further fields a reference may name a row by, besides the default.
ALSO_KNOWN_BY = {"rep": ("email",), "contact": ("email",), "lead": ("email",)}


@cache
def tables() -> dict[str, Table]:
    """Every importable table by name, earlier ones never refer to later ones."""
    models_by_name = {name: _model(label) for name, (label, _key) in TARGETS.items()}
    known = {model: name for name, model in models_by_name.items() if model is not None}
    found = {name: _table(name, model, known) for model, name in known.items()}
    order = TopologicalSorter({name: sorted(table.depends_on) for name, table in found.items()}).static_order()
    return {name: found[name] for name in order}


def model_of(table: str) -> type[models.Model]:
    model = _model(TARGETS[table][0])
    if model is None:
        raise LookupError(table)
    return model


def _model(label: str) -> type[models.Model] | None:
    try:
        return apps.get_model(label)
    except LookupError:
        return None


def _table(name: str, model: type[models.Model], known: dict[type[models.Model], str]) -> Table:
    fields = [_field(f, known) for f in model._meta.concrete_fields if f.name not in NOT_IMPORTED]
    by_name = {f.name: f for f in fields if f is not None}
    key = tuple(part for part in TARGETS[name][1] if part in by_name)
    return Table(
        name=name,
        db_table=model._meta.db_table,
        key=key,
        fields=by_name,
        mirror=issubclass(model, Mirror),
        merges=any(f.name == "merged_into" for f in model._meta.concrete_fields),
        personal=PERSONAL.get(name, frozenset()),
        lookup=(*_lookup(model), *ALSO_KNOWN_BY.get(name, ())),
        checks=tuple(_checks(model)),
        overlaps=tuple(_overlaps(model)),
    )


def _lookup(model: type[models.Model]) -> tuple[str, ...]:
    if issubclass(model, Named):
        return ("code", "name")
    if not issubclass(model, Mirror):
        return ("name",) if any(f.name == "name" for f in model._meta.concrete_fields) else ()
    return ("external_id", "name") if any(f.name == "name" for f in model._meta.concrete_fields) else ("external_id",)


KINDS: tuple[tuple[type[models.Field], Kind], ...] = (
    (models.BooleanField, "boolean"),
    (models.DateTimeField, "datetime"),
    (models.DateField, "date"),
    (models.DecimalField, "decimal"),
    (models.FloatField, "float"),
    (models.IntegerField, "integer"),
    (models.JSONField, "json"),
    (models.CharField, "text"),
    (models.TextField, "text"),
)


def _field(field: models.Field, known: dict[type[models.Model], str]) -> Field | None:
    """The field as an import sees it, or None where it points to a table imports do not fill."""
    refers = known.get(field.related_model) if field.is_relation else None
    if field.is_relation and refers is None:
        return None
    kind: Kind = "reference" if refers else next(kind for cls, kind in KINDS if isinstance(field, cls))
    text = kind == "text"
    low, high = _limits(field)
    return Field(
        name=field.name,
        column=field.column,
        kind=kind,
        sql_type="bigint" if refers else (field.db_type(connection) or "text"),
        required=not field.null and not field.has_default() and not (text and field.blank),
        nullable=field.null,
        default=_default(field, kind),
        max_length=field.max_length if text else None,
        digits=getattr(field, "max_digits", None),
        scale=getattr(field, "decimal_places", None),
        minimum=low,
        maximum=high,
        choices=tuple(str(value) for value, _label in field.flatchoices),
        refers=refers,
        upper=isinstance(field, CurrencyField),
    )


def _default(field: models.Field, kind: Kind) -> str | None:
    if field.null or not field.has_default():
        return None
    value = field.get_default()
    if kind == "json":
        return "[]" if value == [] else "{}"
    return str(value).lower() if kind == "boolean" else str(value)


def _limits(field: models.Field) -> tuple[str | None, str | None]:
    """Smallest and largest allowed value, from the validators; 0 for the fields that are never negative."""
    low = [v.limit_value for v in field.validators if isinstance(v, MinValueValidator)]
    high = [v.limit_value for v in field.validators if isinstance(v, MaxValueValidator)]
    return _number(max(low)) if low else None, _number(min(high)) if high else None


def _number(value: object) -> str:
    return format(Decimal(repr(value)), "f") if isinstance(value, float) else str(value)


def _checks(model: type[models.Model]) -> list[Check]:
    with connection.schema_editor(collect_sql=True) as editor:
        return [
            Check(
                sql=constraint._get_check_sql(model, editor),
                fields=tuple(dict.fromkeys(_named(constraint.condition))),
                message=_message(constraint),
            )
            for constraint in model._meta.constraints
            if isinstance(constraint, models.CheckConstraint)
        ]


def _overlaps(model: type[models.Model]) -> list[NoOverlap]:
    """Exclusion constraints of effective-dated rows: a date range and fields that must be equal."""
    found = []
    for constraint in model._meta.constraints:
        if not isinstance(constraint, ExclusionConstraint):
            continue
        names = [e for e, _operator in constraint.expressions if isinstance(e, str)]
        columns = tuple(model._meta.get_field(name).column for name in names)
        condition = None
        if constraint.condition is not None:
            where = Query(model, alias_cols=False).build_where(constraint.condition)
            with connection.schema_editor(collect_sql=True) as editor:
                sql, params = where.as_sql(Query(model).get_compiler(connection=connection), connection)
                condition = sql % tuple(editor.quote_value(p) for p in params)
        found.append(NoOverlap(columns, condition, _message(constraint)))
    return found


def _message(constraint: models.BaseConstraint) -> str:
    return str(constraint.get_violation_error_message())


def _named(condition: object) -> list[str]:
    """Field names a condition speaks of, in order."""
    if isinstance(condition, models.Q):
        return [name for child in condition.children for name in _named(child)]
    if isinstance(condition, tuple):
        path, value = condition
        return [path.split("__")[0], *([value.name] if isinstance(value, F) else [])]
    return []
