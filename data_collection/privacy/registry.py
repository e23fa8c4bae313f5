"""What every text of every table may hold of a person, and so what erasing does with it. A test fails on a new field.

PERSONAL: of the person's own row; emptied there.
LINKED:   free text of rows that hang on the person; emptied there, elsewhere the person's texts are replaced.
FREE:     free text of any row; the person's texts are replaced wherever they stand.
RECORD:   a document made of records; the record that holds a text of the person is emptied.
GONE:     made from the person's row; the row is deleted.
NOT:      codes, names of things, settings, secrets, logins of staff: nothing about contacts or leads.
"""

import re
from collections.abc import Iterator

from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.db import models

PERSONAL, LINKED, FREE, RECORD, GONE, NOT = "personal", "linked", "free", "record", "gone", "not"

#: Packages whose tables hold logins of staff, permissions and schedules.
PACKAGES = frozenset(
    "auth contenttypes sessions sites account socialaccount mfa axes authtoken django_celery_beat usersessions".split()
)


#: One table a line: its label, then classes with their fields.
_TABLE = """
admin.LogEntry = free: object_repr change_message; not: object_id
pghistory.Context = free: metadata
salesops.User = not: password username first_name last_name email time_zone
salesops.Company = not: name reporting_currency time_zone
salesops.FxRate = not: currency
salesops.Holiday = not: country name
salesops.JobRun = not: kind queue; free: title key message error trace; record: params result; file: result_file
salesops.ScheduleSlot = not: schedule
salesops.Notice = not: kind; free: key subject text url
salesops.NoticeChoice = not: kind
salesops.SlackMember = not: member
salesops.Endpoint = not: name url channel secret secret_before events paused_because
salesops.Outbox = not: kind; free: subject key answer; record: payload
data_collection.SavedMapping = not: name definition
data_collection.ImportBatch = not: mapping definition system counts guess; free: source error; record: changes
    findings undone
data_collection.ImportFile = not: format encoding separator sha256 headers chosen; free: name refused; record:
    detection; file: stored
data_collection.NewRows = not: table
data_collection.RowBefore = not: table; record: before after
data_collection.RejectedRow = not: table; record: cells reasons
data_collection.Suggestion = not: field table by; free: file_name value target shown
data_collection.ReferenceAlias = not: system table by; free: value target
data_collection.Connection = not: kind name system settings secrets token mapping; free: words test_words
data_collection.SyncRun = not: since objects_done restarts counts; record: notes; free: error
data_collection.SyncCursor = not: object
data_collection.SyncPage = not: object cursor whole; record: rows deleted merged
data_collection.SyncProblem = not: object; free: record reason; body: text
data_collection.WebhookSource = not: slug name system secret secret_before recipe recipe_text
data_collection.InboxMessage = not: seal content_type; free: key error; record: result; body: body query
data_collection.FieldTimes = not: table base; record: times
data_collection.ChangeEvent = not: kind before_band after_band
data_collection.Team = not: code name currency
data_collection.RampProfile = not: code name shares
data_collection.Rep = not: code name email currency
data_collection.Territory = not: code name rule
data_collection.Segment = not: code name rule
data_collection.Product = not: code name family currency
data_collection.ProductPrice = not: currency
data_collection.Quota = not: currency
data_collection.Stage = not: pipeline name
data_collection.Account = not: system currency country region state city postal_code industry website; free:
    external_id name attributes
data_collection.Contact = not: system country; free: external_id; personal: first_name last_name email phone
    title attributes
data_collection.Lead = not: system country industry lead_source campaign score_band; free: external_id;
    personal: name company email phone title disqualified_reason attributes
data_collection.Opportunity = not: system lead_source currency; free: external_id name lost_reason attributes;
    linked: next_step
data_collection.OpportunityLine = not: system; free: external_id attributes
data_collection.StageVisit = not: system; free: external_id attributes
data_collection.OpportunityOwner = not: system; free: external_id attributes
data_collection.OpportunityChange = not: system; free: external_id attributes old_value new_value
data_collection.Activity = not: system; free: external_id outcome; linked: subject attributes
data_collection.MarketingEvent = not: system kind campaign; free: external_id; linked: attributes
data_collection.OrderLine = not: system currency country state city postal_code; free: external_id order_id
    attributes
data_collection.SupportTicket = not: system; free: external_id subject attributes
data_collection.DeliveredHours = not: system skill; free: external_id attributes
data_collection.MatchKey = gone: name mirrored company email phone domain country place blocks; not: source_hash
    system
data_collection.DuplicateGroup = not: systems
data_collection.DuplicatePair = not: evidence decided_on; free: reason
data_collection.Merge = not: choices moved kept
data_collection.MergeImage = not: table; record: before after
data_collection.LeadMatch = not: evidence
data_collection.FactDirty = not: area
data_collection.OrderSystem = not: system
data_collection.KpiTarget = not: kpi
data_collection.ErasureKey = not: key
data_collection.Erasure = not: pseudonym rows scrubbed files; free: reason
data_collection.ErasedMark = not: hash
data_collection.ErasedReturn = not: table; free: reason
data_collection.PersonExport = not: table; file: file
data_collection.QualityCount = not: rule
data_collection.CustomRule = not: code condition; free: title why fix
data_collection.RecordLink = not: system address
data_collection.QualityFinding = not: rule accepted_value value system source; free: accepted_reason
data_collection.FindingEvent = free: note
data_collection.QualityScore = not: key checked
demand_planning.ForecastRun = not: currency
demand_planning.ForecastSeries = not: item item_name place place_name fingerprint fit kind method
"""


def _parsed(text: str) -> dict[str, dict[str, str]]:
    """Label -> field -> class; an indented line goes on from the one before."""
    found: dict[str, dict[str, str]] = {}
    for line in re.sub(r"\n\s+", " ", text.strip()).splitlines():
        label, _equals, rest = line.partition(" = ")
        parts = (part.split(":") for part in rest.split(";"))
        found[label] = {name: word.strip() for word, names in parts for name in names.split()}
    return found


RULES = _parsed(_TABLE)
FILE, BODY = "file", "body"  # a stored file; what came from elsewhere as it came: emptied whole


def text_fields(model: type[models.Model]) -> Iterator[models.Field]:
    """Fields that could hold words: text, JSON, bytes, files and lists of text, without fixed choices."""
    for field in model._meta.concrete_fields:
        kinds = (models.CharField, models.TextField, models.JSONField, models.FileField, models.BinaryField)
        is_list = isinstance(field, ArrayField) and isinstance(field.base_field, models.CharField | models.TextField)
        if (isinstance(field, kinds) and not field.choices and not field.is_relation) or is_list:
            yield field


def classes_of(model: type[models.Model]) -> dict[str, str]:
    """Field -> class. A history table has the classes of the table it follows."""
    tracked = getattr(model, "pgh_tracked_model", None)
    label = (tracked or model)._meta.label
    rules = dict(RULES.get(label, {}))
    return rules | {"pgh_label": NOT} if tracked is not None else rules


def models_kept() -> list[type[models.Model]]:
    """Every table of the database that is looked at, packages' logins left out."""
    found = apps.get_models(include_auto_created=True)
    return [m for m in found if m._meta.managed and not m._meta.proxy and m._meta.app_label not in PACKAGES]
