from django.urls import path

from salesops.access.api import Me, MyToken

urlpatterns = [
    path("me/", Me.as_view(), name="api-me"),
    path("me/token/", MyToken.as_view(), name="api-token"),
]
