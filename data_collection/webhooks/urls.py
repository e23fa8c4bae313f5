from django.urls import path

from data_collection.webhooks.views import pages
from data_collection.webhooks.views.receive import receive

urlpatterns: list = [
    path("hooks/<slug:slug>/", receive, name="webhook_receive"),
    path("collect/webhooks/", pages.webhooks, name="webhooks"),
    path("collect/webhooks/new/<slug:recipe>/", pages.webhook_new, name="webhook_new"),
    path("collect/webhooks/<int:pk>/", pages.webhook_source, name="webhook_source"),
    path("collect/webhooks/<int:pk>/edit/", pages.webhook_edit, name="webhook_edit"),
    path("collect/webhooks/<int:pk>/do/", pages.webhook_do, name="webhook_do"),
    path("collect/webhooks/<int:pk>/messages/<int:message>/", pages.webhook_message, name="webhook_message"),
]
