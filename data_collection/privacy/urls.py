from django.urls import path

from data_collection.privacy import views

urlpatterns: list = [
    path("collect/people/", views.people_data, name="people_data"),
    path("collect/people/erasures/<int:pk>/", views.erasure, name="erasure"),
    path("collect/people/exports/<int:pk>/", views.export_file, name="export_file"),
    path("collect/people/returns/<int:pk>/", views.return_settle, name="return_settle"),
    path("collect/people/<slug:table>/<int:pk>/", views.person, name="person"),
    path("collect/people/<slug:table>/<int:pk>/export/", views.person_export, name="person_export"),
]
