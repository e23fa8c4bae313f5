from django.urls import path

from salesops.frame import views

urlpatterns = [
    path("supply/", views.stage_supply, name="stage_supply"),
    path("execute/", views.stage_execute, name="stage_execute"),
    path("theme/", views.theme_set, name="theme_set"),
    path("favicon.ico", views.favicon, name="favicon"),
    path("_gallery/", views.gallery_page, name="gallery"),
]
