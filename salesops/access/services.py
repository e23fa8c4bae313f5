"""Rights of the roles, granted to groups named like them; invitations, locks."""

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from axes.utils import reset as reset_attempts
from django.contrib.auth.models import Group, Permission
from django.core.mail import send_mail
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from rest_framework.authtoken.models import Token

from salesops.access.models import Role, User

OPS_APPS = ("salesops", "data_collection", "demand_planning", "supply_planning", "execution")
READ_ONLY = frozenset({"jobrun", "scheduleslot", "importbatch", "rejectedrow"})


def roles_grant() -> None:
    """Give each role's group its permissions. Runs after every migrate; safe to run again.

    Ops may edit everything of the five apps but history and job rows; the other roles work
    through pages, where `visible_to` decides, and hold view permissions only.
    """
    permissions = list(Permission.objects.filter(content_type__app_label__in=OPS_APPS).select_related("content_type"))
    view = [p for p in permissions if p.codename.startswith("view_")]
    edit = [p for p in permissions if p in view or not _is_read_only(p)]
    granted = {Role.OPS: edit, Role.EXECUTIVE: view, Role.FINANCE: view, Role.VIEWER: view}
    for role in Role:
        group, _created = Group.objects.get_or_create(name=role)
        group.permissions.set(granted.get(role, []))


def _is_read_only(permission: Permission) -> bool:
    model = permission.content_type.model_class()
    return model is None or hasattr(model, "pgh_tracked_model") or permission.content_type.model in READ_ONLY


def password_link(*, user: User) -> str:
    """Path of the page where `user` chooses a password, for an invitation or a reset.

    Works until the password changes or `PASSWORD_RESET_TIMEOUT` has passed.
    """
    uid = user_pk_to_url_str(user)
    return reverse(
        "account_reset_password_from_key", kwargs={"uidb36": uid, "key": default_token_generator.make_token(user)}
    )


def user_invite(*, user: User, site_url: str) -> str:
    """Mail `user` the link to choose a password; returns the whole link. `site_url` is like https://host."""
    link = site_url.rstrip("/") + password_link(user=user)
    send_mail(
        _("Your login for sales operations"),
        _("Hello %(name)s,\n\nchoose your password here:\n%(link)s\n\nThen log in with your e-mail address, %(email)s.")
        % {"name": user.get_short_name() or user.email, "link": link, "email": user.email},
        None,
        [user.email],
    )
    return link


def user_unlock(*, user: User) -> int:
    """Open the login again and forget failed attempts; returns how many were forgotten."""
    user.is_active = True
    user.save(update_fields=["is_active"])
    return reset_attempts(username=user.email)


@transaction.atomic
def user_lock(*, user: User) -> None:
    """Close the login at once: open sessions stop working, API tokens are removed."""
    user.is_active = False
    user.save(update_fields=["is_active"])
    Token.objects.filter(user=user).delete()
