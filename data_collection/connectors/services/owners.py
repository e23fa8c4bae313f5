"""Which rep an owner in the other system is: the one with the same e-mail address, else a new one."""

from collections.abc import Iterable, Mapping

from django.db.models import Value
from django.db.models.functions import Coalesce, Lower, NullIf

from data_collection.connectors.models import SyncRun
from data_collection.imports.models import ReferenceAlias
from data_collection.organisation.models import Rep

OWNERS = "owners"  # the file of the owners
LONGEST_CODE = 120


def owner_codes(*, run: SyncRun, owners: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Owner id -> code of the rep. Each becomes an alias, so that the id in any other row means that rep.

    An alias that is there already holds, so a person can point an owner at another rep.
    """
    system = run.connection.system
    mine = ReferenceAlias.objects.filter(system=system, table="rep", by="code")
    known = dict(mine.values_list("value", "target"))
    codes = set(Rep.objects.values_list("code", flat=True))
    by_email = _by_email()
    found: dict[str, str] = {}
    for owner in owners:
        key = owner["id"]
        code = known.get(key, "")
        if code not in codes and code != _own_code(system, key):
            code = by_email.get(owner.get("email", "").strip().lower()) or _own_code(system, key)
        found[key] = code
    ReferenceAlias.objects.bulk_create(
        [
            ReferenceAlias(system=system, table="rep", by="code", value=key, target=code)
            for key, code in found.items()
            if known.get(key) != code
        ],
        update_conflicts=True,
        update_fields=["target"],
        unique_fields=["system", "table", "by", "value"],
    )
    return found


def _own_code(system: str, key: str) -> str:
    return f"{system}-{key}"[:LONGEST_CODE]


def _by_email() -> dict[str, str]:
    """E-mail address of the rep, else of the rep's login -> code, where one rep alone has it."""
    found: dict[str, str] = {}
    twice: set[str] = set()
    address = Lower(Coalesce(NullIf("email", Value("")), "user__email"))
    for email, code in Rep.objects.values_list(address, "code"):
        if not email:
            continue
        if email in found:
            twice.add(email)
        found[email] = code
    return {email: code for email, code in found.items() if email not in twice}
