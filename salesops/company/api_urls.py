from django.urls import path
from rest_framework.routers import SimpleRouter

from salesops.company.api import CompanyApi, FxRateApi, HolidayApi

rows = SimpleRouter()
rows.register("exchange-rates", FxRateApi, "api-exchange-rate")
rows.register("holidays", HolidayApi, "api-holiday")

urlpatterns = [path("company/", CompanyApi.as_view(), name="api-company"), *rows.urls]
