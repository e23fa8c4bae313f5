from django.urls import path

from data_collection.webhooks.views.receive import receive

urlpatterns: list = [
    path("hooks/<slug:slug>/", receive, name="webhook_receive"),
]
