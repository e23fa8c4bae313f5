from django.urls import path

from data_collection.dashboards.views import funnel, glossary, home, kpi, me, objects, overview, rows, team

urlpatterns = [
    path("", home.home, name="home"),
    path("me/", me.my_numbers, name="my_numbers"),
    path("reps/<int:pk>/", me.rep_numbers, name="rep_numbers"),
    path("collect/overview/", overview.overview, name="overview"),
    path("collect/kpis/", kpi.kpi_list, name="kpi_list"),
    path("collect/kpis/<slug:name>/", kpi.kpi_detail, name="kpi_detail"),
    path("collect/funnel/", funnel.funnel_page, name="funnel"),
    path("collect/funnel/leak/", funnel.funnel_leak, name="funnel_leak"),
    path("collect/funnel/rows/", funnel.funnel_rows, name="funnel_rows"),
    path("collect/team/", team.team_performance, name="team_performance"),
    path("collect/deals/<int:pk>/", objects.deal_page, name="deal_page"),
    path("collect/accounts/<int:pk>/", objects.account_page, name="account_page"),
    path("rows/<slug:name>/", rows.rows_page, name="rows"),
    path("glossary/", glossary.glossary, name="glossary"),
    path("glossary/<slug:name>/", glossary.glossary_entry, name="glossary_entry"),
]
