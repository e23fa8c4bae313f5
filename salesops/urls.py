from allauth.account.decorators import secure_admin_login
from csp.decorators import csp_replace
from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

admin.site.login = secure_admin_login(admin.site.login)  # one login, with its second factor and lock-out

# The vendored API page sets style attributes; scripts stay under the strict policy.
api_page = csp_replace({"style-src": ["'self'", "'unsafe-inline'"]})(
    SpectacularSwaggerSplitView.as_view(url_name="api-schema")
)

urlpatterns = [
    path("", include("salesops.frame.urls")),
    path("", include("salesops.access.urls")),
    path("", include("salesops.jobs.urls")),
    path("", include("salesops.notices.urls")),
    path("", include("data_collection.urls")),
    path("", include("demand_planning.urls")),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("api/v1/", include("salesops.api_urls")),
    path("api/v1/schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("api/v1/docs/", api_page, name="api-docs"),
]

handler400 = "salesops.frame.views.bad_request"
handler403 = "salesops.frame.views.permission_denied"
handler404 = "salesops.frame.views.page_not_found"
handler500 = "salesops.frame.views.server_error"
