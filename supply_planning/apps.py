from django.apps import AppConfig


class SupplyPlanningConfig(AppConfig):
    name = "supply_planning"
    verbose_name = "Supply"
