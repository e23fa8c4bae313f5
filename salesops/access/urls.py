from django.urls import path

from salesops.access import views

urlpatterns = [path("profile/", views.profile, name="profile")]
