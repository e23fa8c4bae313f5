from django.urls import path

from demand_planning.statistical.api import RunList, SeriesDetail, SeriesList

urlpatterns = [
    path("forecasts/", SeriesList.as_view(), name="api-forecasts"),
    path("forecasts/runs/", RunList.as_view(), name="api-forecast-runs"),
    path("forecasts/<int:pk>/", SeriesDetail.as_view(), name="api-forecast"),
]
