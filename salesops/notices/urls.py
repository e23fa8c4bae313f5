from django.urls import path

from salesops.notices.views import outgoing, people

urlpatterns: list = [
    path("notices/", people.notices, name="notices"),
    path("notices/read/", people.notices_mark, name="notices_read"),
    path("notices/choices/", people.notice_choices, name="notice_choices"),
    path("notices/<int:pk>/", people.notice_open, name="notice_open"),
    path("collect/outgoing/", outgoing.endpoints, name="outgoing"),
    path("collect/outgoing/new/<slug:kind>/", outgoing.endpoint_new, name="endpoint_new"),
    path("collect/outgoing/<int:pk>/", outgoing.endpoint_page, name="endpoint"),
    path("collect/outgoing/<int:pk>/edit/", outgoing.endpoint_edit, name="endpoint_edit"),
    path("collect/outgoing/<int:pk>/do/", outgoing.endpoint_do, name="endpoint_do"),
    path("collect/outgoing/<int:pk>/messages/<int:row>/", outgoing.delivery, name="delivery"),
]
