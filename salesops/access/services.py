"""Rights of the roles, granted to groups named like them."""

from django.contrib.auth.models import Group, Permission

from salesops.access.models import Role

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
