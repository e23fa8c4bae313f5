"""What was imported: batches, their files, rows that were rejected, proposals, and names confirmed to mean others."""

from typing import Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from salesops.access.models import User
from salesops.audit.tracking import audited
from salesops.jobs.models import JobRun


@audited
class SavedMapping(models.Model):
    """A mapping kept by operations, beside the shipped ones."""

    name = models.SlugField(max_length=80, unique=True, help_text=_("Used on the page, by the command and the API."))
    definition = models.JSONField(help_text=_("The mapping, in the format of the import guide."))
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("mapping")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        from data_collection.imports.calc.mapping import MappingError, parse_mapping
        from data_collection.imports.targets import tables  # reads models, so not before they are loaded

        try:
            parse_mapping(self.definition, name=self.name or "mapping", tables=tables())
        except MappingError as wrong:
            raise ValidationError({"definition": wrong.problems}) from None


class BatchQuerySet(models.QuerySet):
    def visible_to(self, user: User) -> Self:
        """Imports hold rows of everybody: only operations see them."""
        return self if user.is_ops else self.none()


class ImportBatch(models.Model):
    """One import of one or more files by one mapping."""

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        RUNNING = "running", _("Running")
        TRIED = "tried", _("Tried, nothing written")
        APPLIED = "applied", _("Applied")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")
        INTERRUPTED = "interrupted", _("Cut off; run it again")
        UNDONE = "undone", _("Undone")

    mapping = models.CharField(max_length=80)
    definition = models.JSONField(default=dict, help_text=_("The mapping as it was."))
    system = models.CharField(max_length=40)
    source = models.CharField(max_length=300, blank=True, help_text=_("Folder, or how the files came."))
    guess = models.JSONField(default=dict, help_text=_("What the mapping was guessed from, column by column."))
    dry_run = models.BooleanField(default=False)
    accept_suggestions = models.BooleanField(default=False)
    state = models.CharField(max_length=12, choices=State.choices, default=State.RUNNING)
    counts = models.JSONField(default=list, help_text=_("Per table and file: read, new, changed, same, rejected."))
    changes = models.JSONField(default=list, help_text=_("Sample of changed values."))
    findings = models.JSONField(default=list, help_text=_("What a person should know."))
    rows_read = models.PositiveBigIntegerField(default=0)
    rows_rejected = models.PositiveBigIntegerField(default=0)
    error = models.TextField(blank=True)
    retry_of = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="retries")
    job = models.ForeignKey(JobRun, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    started_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    undone = models.JSONField(default=dict, help_text=_("What undoing it removed, restored and kept."))
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    objects = BatchQuerySet.as_manager()

    class Meta:
        verbose_name = _("import")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.mapping} {self.started_at:%Y-%m-%d %H:%M}"

    def get_absolute_url(self) -> str:
        return reverse("import_batch", args=[self.pk])

    @property
    def total(self) -> dict[str, int]:
        """Sums over all tables."""
        return {word: sum(row[word] for row in self.counts) for word in ("read", "new", "changed", "same", "rejected")}


class ImportFile(models.Model):
    """One file of a batch."""

    batch = models.ForeignKey(ImportBatch, on_delete=models.CASCADE, related_name="files")
    name = models.CharField(max_length=255)
    stored = models.FileField(upload_to="imports/%Y/%m/", blank=True, help_text=_("Kept until it is applied."))
    size = models.PositiveBigIntegerField(null=True, blank=True)
    format = models.CharField(max_length=8, blank=True, help_text=_("csv, xlsx or jsonl."))
    detection = models.JSONField(default=dict, help_text=_("What was seen in its first rows."))
    chosen = models.JSONField(default=dict, help_text=_("What a person said of its form instead of what was seen."))
    sha256 = models.CharField(max_length=64, blank=True)
    encoding = models.CharField(max_length=20, blank=True)
    separator = models.CharField(max_length=5, blank=True)
    headers = models.JSONField(default=list)
    rows = models.PositiveBigIntegerField(null=True, blank=True)
    refused = models.TextField(blank=True, help_text=_("Why it was not read."))

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.name


class NewRows(models.Model):
    """Ids among which the rows lie that a batch added to a table, so that they need no copy to be removed again."""

    batch = models.ForeignKey(ImportBatch, on_delete=models.CASCADE, related_name="new_rows")
    table = models.CharField(max_length=40)
    after = models.BigIntegerField(help_text=_("Last id before the first of them."))
    last = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.table} {self.after + 1}-{self.last}"


class RowBefore(models.Model):
    """What a row held before a batch changed it. Rows without a batch number also keep what it made of them.

    Such rows (teams, products, ...) are few, and a new one is kept too, with nothing before.
    """

    batch = models.ForeignKey(ImportBatch, on_delete=models.CASCADE, related_name="rows_before")
    table = models.CharField(max_length=40)
    row = models.BigIntegerField()
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["batch", "table", "row"], name="rowbefore_once")]

    def __str__(self) -> str:
        return f"{self.table} {self.row}"


class RejectedRow(models.Model):
    """A row that could not go into one table, with its cells and every reason."""

    batch = models.ForeignKey(ImportBatch, on_delete=models.CASCADE, related_name="rejected")
    file = models.ForeignKey(ImportFile, on_delete=models.CASCADE, related_name="rejected")
    table = models.CharField(max_length=40)
    row = models.PositiveBigIntegerField(help_text=_("As a spreadsheet counts; the header is row 1."))
    cells = models.JSONField()
    reasons = models.JSONField(help_text=_("List of field, value, reason, fix."))

    class Meta:
        ordering = ["file", "row", "table"]
        indexes = [models.Index(fields=["batch", "file", "row"], name="rejectedrow_place")]

    def __str__(self) -> str:
        return f"{self.file} {self.row}"


class Suggestion(models.Model):
    """A reference nothing is known by, and the known name it probably means."""

    class State(models.TextChoices):
        PROPOSED = "proposed", _("Proposed")
        APPLIED = "applied", _("Applied")

    batch = models.ForeignKey(ImportBatch, on_delete=models.CASCADE, related_name="suggestions")
    file_name = models.CharField(max_length=255)
    field = models.CharField(max_length=60)
    table = models.CharField(max_length=40, help_text=_("Table the reference points to."))
    by = models.CharField(max_length=60)
    value = models.CharField(max_length=300)
    target = models.CharField(max_length=300, blank=True, help_text=_("Empty: nothing like it is known."))
    shown = models.CharField(max_length=300, blank=True)
    confidence = models.FloatField(default=0)
    rows = models.PositiveBigIntegerField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.PROPOSED)

    class Meta:
        ordering = ["-confidence", "-rows", "pk"]

    def __str__(self) -> str:
        return f"{self.value} → {self.shown or '?'}"

    @property
    def percent(self) -> int:
        return round(self.confidence * 100)


@audited
class ReferenceAlias(models.Model):
    """Confirmed: in files of this system, this text means that row."""

    system = models.CharField(max_length=40)
    table = models.CharField(max_length=40)
    by = models.CharField(max_length=60, help_text=_("Field of the table the text is compared with."))
    value = models.CharField(max_length=300, help_text=_("Text in the file."))
    target = models.CharField(max_length=300, help_text=_("What it means."))
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    confirmed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("alias")
        verbose_name_plural = _("aliases")
        ordering = ["system", "table", "value"]
        constraints = [models.UniqueConstraint(fields=["system", "table", "by", "value"], name="referencealias_once")]

    def __str__(self) -> str:
        return f"{self.value} → {self.target}"
