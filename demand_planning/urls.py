from django.urls import path

from demand_planning.statistical.views import forecast

urlpatterns = [path("demand/forecast/", forecast, name="forecast")]
