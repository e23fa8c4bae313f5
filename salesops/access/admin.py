"""Admin of logins: invite, reset, lock, unlock, role. Nobody sets another's password here."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework.authtoken.models import TokenProxy

from salesops.access.models import User
from salesops.access.services import user_invite, user_lock, user_unlock

admin.site.unregister(Group)  # rights follow the role and are granted anew by each migrate
admin.site.unregister(TokenProxy)  # a token is as good as a password: only its owner makes one, through the API


@admin.register(User)
class UserAdmin(admin.ModelAdmin):
    list_display = ("email", "first_name", "last_name", "role", "can_log_in", "last_login")
    list_filter = ("role", "is_active")
    search_fields = ("email", "first_name", "last_name")
    ordering = ("email",)
    list_per_page = 50
    actions = ("invite", "lock", "unlock")
    #: Fields an app above adds to the first block.
    link_fields: tuple[str, ...] = ()

    @admin.display(description=gettext_lazy("can log in"), boolean=True, ordering="is_active")
    def can_log_in(self, user: User) -> bool:
        return user.is_active

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> list:
        first = ("email", "first_name", "last_name", "role", *self.link_fields)
        blocks: list = [(None, {"fields": first}), (gettext_lazy("Settings"), {"fields": ("time_zone", "theme")})]
        if obj is not None:
            blocks.append((gettext_lazy("Login"), {"fields": ("last_login", "date_joined")}))
        return blocks

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        own = obj is not None and obj.pk == request.user.pk
        return ("last_login", "date_joined", *(("role",) if own and not request.user.is_superuser else ()))

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Only a superuser touches a superuser: a reset link of theirs would be their rights."""
        allowed = super().has_change_permission(request, obj)
        return allowed and (obj is None or not obj.is_superuser or request.user.is_superuser)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """People who leave are locked; history keeps their names."""
        return False

    def save_model(self, request: HttpRequest, user: User, form: forms.ModelForm, change: bool) -> None:
        user.email = user.email.lower()
        user.username = user.email[:150]
        if not change:
            user.set_unusable_password()
        super().save_model(request, user, form, change)
        if not change:
            self._invite(request, user)

    @admin.action(description=gettext_lazy("Send a link to choose a password"), permissions=["change"])
    def invite(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        for user in self._mine(request, queryset.filter(is_active=True)):
            self._invite(request, user)

    @admin.action(description=gettext_lazy("Lock the login"), permissions=["change"])
    def lock(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        for user in self._mine(request, queryset):
            if user.pk == request.user.pk:
                self.message_user(request, _("You can't lock yourself out."), messages.WARNING)
                continue
            user_lock(user=user)
            self.message_user(request, _("%s can no longer log in.") % user.email, messages.SUCCESS)

    @admin.action(description=gettext_lazy("Unlock, and forget failed attempts"), permissions=["change"])
    def unlock(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        for user in self._mine(request, queryset):
            user_unlock(user=user)
            self.message_user(request, _("%s can log in again.") % user.email, messages.SUCCESS)

    def _mine(self, request: HttpRequest, rows: QuerySet[User]) -> list[User]:
        return [user for user in rows if self.has_change_permission(request, user)]

    def _invite(self, request: HttpRequest, user: User) -> None:
        link = user_invite(user=user, site_url=request.build_absolute_uri("/"))
        if settings.EMAIL_BACKEND.endswith("console.EmailBackend"):
            words = _("No mail server is set up. Give %(email)s this link yourself: %(link)s")
        else:
            words = _("%(email)s was sent a link to choose a password.")
        self.message_user(request, words % {"email": user.email, "link": link}, messages.INFO)

    def get_form(self, request: HttpRequest, obj: User | None = None, **kwargs: Any) -> type[forms.ModelForm]:
        form = super().get_form(request, obj, **kwargs)
        if "email" in form.base_fields:
            form.base_fields["email"].help_text = _("Also the login. A new person gets a link to choose a password.")
        return form
