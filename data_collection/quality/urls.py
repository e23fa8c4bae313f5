from django.urls import path

from data_collection.quality import views

urlpatterns = [
    path("collect/quality/", views.data_quality, name="data_quality"),
    path("collect/quality/<slug:name>/", views.data_quality_rows, name="data_quality_rows"),
]
