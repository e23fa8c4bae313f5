from django.urls import path

from data_collection.imports import views

urlpatterns: list = [
    path("collect/sources/", views.sources, name="sources"),
    path("collect/sources/<int:pk>/", views.import_batch, name="import_batch"),
    path("collect/sources/<int:pk>/rejected.csv", views.import_rejected, name="import_rejected"),
    path("collect/sources/<int:pk>/confirm/", views.import_confirm, name="import_confirm"),
    path("collect/sources/<int:pk>/apply/", views.import_apply, name="import_apply"),
]
