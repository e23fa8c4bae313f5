from django.urls import path

from data_collection.dashboards.views import objects

urlpatterns = [
    path("collect/deals/<int:pk>/", objects.deal_page, name="deal_page"),
    path("collect/accounts/<int:pk>/", objects.account_page, name="account_page"),
]
