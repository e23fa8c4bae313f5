from django.urls import path

from data_collection.duplicates.views import groups, history

urlpatterns: list = [
    path("collect/duplicates/", groups.duplicates, name="duplicates"),
    path("collect/duplicates/search/", groups.duplicates_search, name="duplicates_search"),
    path("collect/duplicates/bulk/", history.duplicates_bulk, name="duplicates_bulk"),
    path("collect/duplicates/leads/", history.lead_matches, name="lead_matches"),
    path("collect/duplicates/merges/", history.merges, name="merges"),
    path("collect/duplicates/merges/<int:pk>/", history.merge, name="merge"),
    path("collect/duplicates/<int:pk>/", groups.duplicate_group, name="duplicate_group"),
    path("collect/duplicates/<int:pk>/preview/", groups.duplicate_preview, name="duplicate_preview"),
    path("collect/duplicates/<int:pk>/merge/", groups.duplicate_merge, name="duplicate_merge"),
    path("collect/duplicates/<int:pk>/different/", groups.duplicate_different, name="duplicate_different"),
    path("collect/duplicates/pairs/<int:pk>/reopen/", history.pair_reopen, name="pair_reopen"),
]
