"""Jobs, to look at. Starting, cancelling and repeating is done on the jobs page."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from salesops.jobs.models import JobRun, ScheduleSlot
from salesops.tables.admin import ReadOnlyAdmin


@admin.register(JobRun)
class JobRunAdmin(ReadOnlyAdmin):
    list_display = (
        "title",
        "kind",
        "state",
        "progress",
        "attempts",
        "rows_in",
        "rows_out",
        "created_at",
        "took",
        "started_by",
    )
    list_filter = ("state", "kind", "queue")
    list_select_related = ("started_by",)
    search_fields = ("title", "kind", "error", "message")
    date_hierarchy = "created_at"
    list_per_page = 50
    show_full_result_count = False

    @admin.display(description=_("progress"))
    def progress(self, job: JobRun) -> str:
        return "–" if job.percent is None else f"{job.percent} %"

    @admin.display(description=_("took"))
    def took(self, job: JobRun) -> str:
        return "–" if job.seconds is None else f"{job.seconds:.1f} s"


@admin.register(ScheduleSlot)
class ScheduleSlotAdmin(ReadOnlyAdmin):
    list_display = ("schedule", "slot", "job", "created_at")
    list_filter = ("schedule",)
    list_select_related = ("job",)
    date_hierarchy = "slot"
