from django.urls import path

from data_collection.connectors import views

urlpatterns: list = [
    path("collect/connections/", views.connections, name="connections"),
    path("collect/connections/new/<slug:kind>/", views.connection_new, name="connection_new"),
    path("collect/connections/<int:pk>/", views.connection_page, name="connection"),
    path("collect/connections/<int:pk>/edit/", views.connection_edit, name="connection_edit"),
    path("collect/connections/<int:pk>/test/", views.connection_try, name="connection_test"),
    path("collect/connections/<int:pk>/sync/", views.connection_sync, name="connection_sync"),
    path("collect/connections/<int:pk>/pause/", views.connection_pause, name="connection_pause"),
    path("collect/connections/<int:pk>/mapping/", views.connection_mapping, name="connection_mapping"),
    path("collect/connections/<int:pk>/delete/", views.connection_remove, name="connection_delete"),
    path("collect/connections/<int:pk>/syncs/<int:run>/", views.sync_page, name="connection_run"),
]
