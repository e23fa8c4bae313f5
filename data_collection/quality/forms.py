"""Accepting a finding, and building the condition of a custom rule: groups of lines, parsed, never evaluated."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django import forms
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from data_collection.quality.calc.conditions import (
    ATTRIBUTE_PREFIX,
    FIELDS,
    OPERATIONS,
    ConditionError,
    document_of,
    parse_condition,
)
from data_collection.quality.models import Checked, CustomRule

GROUPS, LINES = 4, 6  # places a form has; a longer condition comes by a file or the API
ATTRIBUTE = "attribute"  # in the list of fields: the one named beside it
MATCHES = [("all", _("all of")), ("any", _("any of"))]
OPERATION_WORDS = {
    "is": _("is"),
    "is_not": _("is not"),
    "contains": _("contains"),
    "lacks": _("does not contain"),
    "starts": _("starts with"),
    "one_of": _("is one of (a, b, c)"),
    "equals": _("equals"),
    "differs": _("differs from"),
    "more": _("is more than"),
    "least": _("is at least"),
    "less": _("is less than"),
    "most": _("is at most"),
    "on": _("is on (day)"),
    "before": _("is before (day)"),
    "after": _("is after (day)"),
    "days_ago": _("is more than … days ago"),
    "days_ahead": _("is more than … days ahead"),
    "yes": _("is yes"),
    "no": _("is no"),
    "empty": _("is empty"),
    "filled": _("is filled"),
}


class AcceptForm(forms.Form):
    """Why a finding is right as it is, and until when."""

    reason = forms.CharField(label=_("Why is it right as it is?"), max_length=300, strip=True)
    until = forms.DateField(
        label=_("Ask again after"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("Empty = only when its value changes."),
    )

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today

    def clean_until(self) -> date | None:
        until = self.cleaned_data["until"]
        if until is not None and until < self.today:
            raise forms.ValidationError(_("Choose a day that is still to come, or none."))
        return until


class ConditionWidget(forms.Widget):
    """Groups of lines: field, operation, value. With script, unused places hide and rows are counted."""

    template_name = "data_collection/quality/condition_widget.html"
    table = str(Checked.OPPORTUNITY)  # whose fields are shown as chosen

    class Media:
        css = {"all": ["data_collection/condition.css"]}
        js = ["data_collection/condition.js"]

    def _render(self, template_name: str, context: dict[str, Any], renderer: object = None) -> SafeString:
        """By the product's own templates; forms otherwise know Django's alone."""
        return render_to_string(template_name, context)

    def value_from_datadict(self, data: Mapping[str, Any], files: object, name: str) -> dict[str, Any]:
        groups = []
        for g in range(GROUPS):
            parts = []
            for i in range(LINES):
                field, op, value, attribute = (
                    str(data.get(f"{name}-{g}-{i}-{part}", "")).strip()
                    for part in ("field", "op", "value", "attribute")
                )
                if field:
                    field = f"{ATTRIBUTE_PREFIX}{attribute}" if field == ATTRIBUTE else field.partition(":")[2]
                    parts.append({"field": field, "op": op, "value": value})
            groups.append((str(data.get(f"{name}-{g}-match", "all")), parts))
        return document_of(str(data.get(f"{name}-match", "all")), groups)

    def value_omitted_from_data(self, data: Mapping[str, Any], files: object, name: str) -> bool:
        return f"{name}-match" not in data

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, None, attrs)
        shown = value if isinstance(value, Mapping) else {}
        groups = [part if "parts" in part else {"match": "all", "parts": [part]} for part in shown.get("parts", [])]
        context["widget"] |= {
            "table": self.table,
            "match": shown.get("match", "all"),
            "matches": MATCHES,
            "groups": [_group(name, g, groups[g] if g < len(groups) else {}) for g in range(GROUPS)],
            "fields": [(Checked(table).label, table, sorted(FIELDS[table])) for table in FIELDS],
            "kinds": FIELDS,
            "operations": {kind: list(ops) for kind, ops in OPERATIONS.items()},
            "words": OPERATION_WORDS.items(),
        }
        return context


def _group(name: str, number: int, group: Mapping[str, Any]) -> dict[str, Any]:
    parts = group.get("parts", [])
    lines = []
    for i in range(LINES):
        part = parts[i] if i < len(parts) else {}
        field = str(part.get("field", ""))
        is_attribute = field.startswith(ATTRIBUTE_PREFIX)
        lines.append(
            {
                "name": f"{name}-{number}-{i}",
                "field": ATTRIBUTE if is_attribute else field,
                "attribute": field.removeprefix(ATTRIBUTE_PREFIX) if is_attribute else "",
                "op": part.get("op", ""),
                "value": part.get("value", ""),
                "used": bool(part),
            }
        )
    match = group.get("match", "all")
    return {"name": f"{name}-{number}", "number": number + 1, "match": match, "lines": lines, "used": bool(parts)}


class ConditionField(forms.Field):
    widget = ConditionWidget

    def validate(self, value: Any) -> None:
        """What is wrong with it is said by the form, which knows the table."""


class CustomRuleForm(forms.ModelForm):
    condition = ConditionField(label=_("A row is found when"))

    class Meta:
        model = CustomRule
        fields = ("title", "code", "table", "condition", "severity", "why", "fix", "owner", "is_active")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["condition"].widget.table = self["table"].value() or Checked.OPPORTUNITY.value

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        table, condition = cleaned.get("table"), cleaned.get("condition")
        if table and condition is not None and _too_long(self.initial.get("condition")):
            cleaned["condition"] = self.initial["condition"]  # made elsewhere: the form has no room for it
        elif table and condition is not None:
            try:
                parse_condition(condition, table)
            except ConditionError as wrong:
                self.add_error("condition", str(wrong))
        return cleaned


def _too_long(document: object) -> bool:
    """Whether a stored condition has more groups, lines or depth than the form shows."""
    if not isinstance(document, Mapping):
        return False
    parts = document.get("parts", [])
    deep = any("parts" in line for part in parts for line in part.get("parts", []))
    return deep or len(parts) > GROUPS or any(len(part.get("parts", [])) > LINES for part in parts)
