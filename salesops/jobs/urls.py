from django.contrib.auth.decorators import login_not_required
from django.urls import path

from salesops.jobs import views

urlpatterns = [
    path("jobs/", views.job_list, name="jobs"),
    path("jobs/<int:pk>/", views.job_detail, name="job"),
    path("jobs/<int:pk>/steer/", views.job_steer, name="job-steer"),
    path("jobs/<int:pk>/file/", views.job_file, name="job-file"),
    path("healthz", login_not_required(views.healthz), name="healthz"),
    path("readyz", login_not_required(views.readyz), name="readyz"),
]
