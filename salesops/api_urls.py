from django.urls import include, path

urlpatterns = [
    path("", include("salesops.access.api_urls")),
    path("", include("salesops.company.api_urls")),
    path("", include("salesops.jobs.api_urls")),
    path("", include("data_collection.api_urls")),
    path("", include("demand_planning.api_urls")),
]
