"""A merged row that its system sends again stays merged, and what refers to it goes to the winner."""

from pathlib import Path

import pytest
from django.core.management import call_command

from data_collection.duplicates.services import rows_merge
from data_collection.models import Account, Opportunity
from salesops.models import User
from tests.builders import make_account, make_stage

pytestmark = pytest.mark.django_db


def _import(folder: Path, accounts: str, deals: str) -> None:
    (folder / "account.csv").write_text("system,external_id,name,deleted_at\n" + accounts)
    (folder / "opportunity.csv").write_text(
        "system,external_id,name,account,stage,status,amount,currency,close_date\n" + deals
    )
    call_command("import_crm", str(folder), mapping="native")


def test_a_loser_sent_again_stays_merged(company: object, analyst: User, tmp_path: Path) -> None:
    make_stage("Discovery")
    winner = make_account("Acme", system="shop", external_id="w")
    loser = make_account("Acme Ltd", system="shop", external_id="l")
    rows_merge(winner=winner, losers=[loser], user=analyst)
    loser.refresh_from_db()
    marked = loser.deleted_at
    _import(tmp_path, "shop,l,Acme Limited,\nshop,w,Acme,\n", "shop,d1,New deal,l,Discovery,open,5,USD,2026-03-01\n")
    loser.refresh_from_db()
    assert (loser.merged_into, loser.name, loser.deleted_at) == (winner, "Acme Limited", marked)
    assert Opportunity.objects.get(external_id="d1").account == winner
    assert list(Account.objects.present()) == [winner]
