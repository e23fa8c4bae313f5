from rest_framework.routers import SimpleRouter

from salesops.jobs.api import JobApi

rows = SimpleRouter()
rows.register("jobs", JobApi, "api-job")

urlpatterns = [*rows.urls]
