"""Gathers the admin of the ground floor's suites and names the site."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from salesops.access import admin as access
from salesops.company import admin as company
from salesops.jobs import admin as jobs

__all__ = ["access", "company", "jobs"]

admin.site.site_header = _("Setup")
admin.site.site_title = _("Sales operations setup")
admin.site.index_title = _("Organisation, rules and people")
admin.site.empty_value_display = "–"
admin.site.login = secure_admin_login(admin.site.login)  # one login page, with its locks and second factors
