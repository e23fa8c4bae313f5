from django.contrib.auth.models import AbstractUser, Group
from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    REP = "rep", _("Sales rep")
    MANAGER = "manager", _("Sales manager")
    OPS = "ops", _("Sales operations")
    EXECUTIVE = "executive", _("Executive")
    FINANCE = "finance", _("Finance")
    VIEWER = "viewer", _("Viewer")


SEES_EVERYTHING = frozenset({Role.OPS, Role.EXECUTIVE, Role.FINANCE, Role.VIEWER})


class User(AbstractUser):
    """A person who logs in. The role decides pages and rights; the rep row linked to it, whose numbers are own."""

    class Theme(models.TextChoices):
        AUTO = "auto", _("Like my device")
        LIGHT = "light", _("Light")
        DARK = "dark", _("Dark")

    email = models.EmailField(_("e-mail address"), unique=True)
    role = models.CharField(max_length=12, choices=Role.choices, default=Role.VIEWER)
    time_zone = models.CharField(max_length=40, blank=True, help_text=_("Empty = the company's time zone."))
    theme = models.CharField(max_length=5, choices=Theme.choices, default=Theme.AUTO)
    unread_notices = models.PositiveIntegerField(default=0, editable=False, help_text=_("Kept by the notices."))

    @property
    def sees_everything(self) -> bool:
        return self.is_superuser or self.role in SEES_EVERYTHING

    @property
    def is_ops(self) -> bool:
        return self.is_superuser or self.role == Role.OPS

    def save(self, *args: object, **kwargs: object) -> None:
        """Keep group and admin access in step with the role."""
        self.is_staff = self.is_superuser or self.role == Role.OPS
        super().save(*args, **kwargs)
        group, _created = Group.objects.get_or_create(name=self.role)
        if list(self.groups.values_list("pk", flat=True)) != [group.pk]:
            self.groups.set([group])

    def __str__(self) -> str:
        return self.get_full_name() or self.email
