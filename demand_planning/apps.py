from django.apps import AppConfig


class DemandPlanningConfig(AppConfig):
    name = "demand_planning"
    verbose_name = "Demand"
