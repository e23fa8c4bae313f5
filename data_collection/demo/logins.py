"""The people of the demo company who log in, all with the same public password."""

from dataclasses import dataclass

from data_collection.demo.truths import LOGIN_MANAGER, LOGIN_REP
from salesops.access.models import Role
from salesops.models import Company, User

PASSWORD = "demo-Sales-2026"  # noqa: S105  public on purpose: it opens invented data only


@dataclass(frozen=True, slots=True)
class Login:
    role: Role
    email: str
    first_name: str
    last_name: str
    sees: str
    rep: str = ""  # code of the rep row it is linked to


LOGINS = (
    Login(Role.REP, "rep@demo.example", "Amara", "Okafor", "own numbers, deals and leads", LOGIN_REP),
    Login(Role.MANAGER, "manager@demo.example", "Grace", "Whitfield", "the team Americas East", LOGIN_MANAGER),
    Login(Role.OPS, "ops@demo.example", "Noor", "Haddad", "everything; imports, rules and the admin"),
    Login(Role.EXECUTIVE, "executive@demo.example", "Ingrid", "Dahlgren", "everything, company first"),
    Login(Role.FINANCE, "finance@demo.example", "Rohan", "Mehta", "everything, money first"),
)


def logins_table() -> str:
    """Role, address, password and view of the demo's people as a text table; empty where there is no demo."""
    if not Company.objects.filter(is_demo=True).exists():
        return ""
    known = set(User.objects.filter(email__in=[login.email for login in LOGINS]).values_list("email", flat=True))
    rows = [(str(login.role.label), login.email, PASSWORD, login.sees) for login in LOGINS if login.email in known]
    if not rows:
        return ""
    rows.insert(0, ("who", "e-mail", "password", "sees"))
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    lines = ["  ".join([*(text.ljust(w) for text, w in zip(row[:3], widths, strict=True)), row[3]]) for row in rows]
    return "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:]])
