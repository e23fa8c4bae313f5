from django.urls import path

from data_collection.quality.views import notes, scores, summary, worklist

urlpatterns = [
    path("collect/quality/", summary.data_quality, name="data_quality"),
    path("collect/quality/check/", summary.quality_check_now, name="quality_check_now"),
    path("collect/quality/worklist/", worklist.worklist, name="worklist"),
    path("collect/quality/scores/", scores.quality_scores, name="quality_scores"),
    path("collect/quality/note/", notes.quality_note, name="quality_note"),
    path("collect/quality/findings/<int:pk>/accept/", worklist.finding_accepted, name="finding_accept"),
    path("collect/quality/findings/<int:pk>/reopen/", worklist.finding_reopened, name="finding_reopen"),
    path("collect/quality/findings/<int:pk>/recheck/", worklist.finding_recheck, name="finding_recheck"),
    path("collect/quality/rules/<slug:name>/check/", summary.rule_recheck, name="rule_recheck"),
    path("collect/quality/<slug:name>/", summary.data_quality_rows, name="data_quality_rows"),
]
