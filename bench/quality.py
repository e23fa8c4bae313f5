# ruff: noqa: E501, S608, T201  (a bench talks to the terminal; its SQL is easier read in long lines)
"""Time to check every quality rule, at a size and at a tenth of it: the first night, the next, and the pages after it.

    python bench/quality.py [--deals 100000]

Ten activities, one lead, three stage visits and two lines a deal, a third of the open deals in bad order. Makes a
database of its own beside the one DATABASE_URL names and drops it at the end.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "salesops.settings")
os.environ.setdefault("DEBUG", "1")  # static files as they lie; the pages are timed, not the storage

import django  # noqa: E402  (after the path)

django.setup()

from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from data_collection.models import QualityFinding, Rep, Stage  # noqa: E402
from data_collection.quality.rules import rules_now  # noqa: E402
from data_collection.quality.selectors.basis import basis_of, kept  # noqa: E402
from data_collection.quality.services.checking import rule_check  # noqa: E402
from data_collection.quality.services.nightly import quality_night  # noqa: E402
from salesops.models import Company  # noqa: E402
from tests.builders import make_manager, make_rep, make_team, make_user  # noqa: E402

TODAY = date(2026, 11, 24)
PAGES = (
    "/collect/quality/",
    "/collect/quality/worklist/",
    "/collect/quality/open-past-close-date/",
    "/collect/quality/scores/",
)
STAGES = (("Discovery", "open"), ("Demo", "open"), ("Proposal", "open"), ("Won", "won"), ("Lost", "lost"))
_MIRROR = "system, external_id, attributes"
_ROWS = f"""
INSERT INTO data_collection_account ({_MIRROR}, name, industry, website, country, region, state, city, postal_code,
    currency, owner_id, created_on)
SELECT 'bench', 'A' || n, '{{{{}}}}'::jsonb, 'Account ' || n, 'Retail', 'https://www.firm' || n || '.example',
    CASE WHEN n % 50 = 0 THEN 'Nowhere' ELSE 'Germany' END, '', '', '', '', 'USD', (SELECT min(id) FROM data_collection_rep) + n % 100, '2024-01-01'
FROM generate_series(1, {{accounts}}) n;
INSERT INTO data_collection_contact ({_MIRROR}, account_id, first_name, last_name, email, phone, title, country)
SELECT 'bench', 'C' || n, '{{{{}}}}'::jsonb, (SELECT min(id) FROM data_collection_account) + n % {{accounts}}, 'Ann', 'Person ' || n,
    CASE WHEN n % 60 = 0 THEN 'ann at firm' ELSE 'ann' || n || '@firm.example' END, '+49 30 1234567', '', 'Germany'
FROM generate_series(1, {{accounts}} * 2) n;
INSERT INTO data_collection_lead ({_MIRROR}, name, company, email, phone, title, industry, country, lead_source, campaign,
    status, owner_id, created_on, disqualified_reason, score_band)
SELECT 'bench', 'L' || n, '{{{{}}}}'::jsonb, 'Lead ' || n, 'Company ' || n, 'lead' || n || '@firm.example', '', '', '', 'Germany', 'Web', '',
    (ARRAY['new', 'working', 'disqualified', 'disqualified'])[n % 4 + 1], (SELECT min(id) FROM data_collection_rep) + n % 100,
    date '{TODAY}' - (n % 700), CASE WHEN n % 9 = 0 THEN '' ELSE 'Budget' END, ''
FROM generate_series(1, {{deals}}) n;
INSERT INTO data_collection_opportunity ({_MIRROR}, name, kind, account_id, owner_id, stage_id, status, lead_source, amount,
    currency, forecast_category, created_on, close_date, next_step, lost_reason)
SELECT 'bench', 'D' || n, '{{{{}}}}'::jsonb, 'Deal ' || n, 'new', (SELECT min(id) FROM data_collection_account) + n % {{accounts}},
    (SELECT min(id) FROM data_collection_rep) + n % 100,
    (ARRAY[{{stages}}])[CASE WHEN n % 10 < 2 THEN n % 3 + 1 WHEN n % 10 < 5 THEN 4 ELSE 5 END],
    CASE WHEN n % 10 < 2 THEN 'open' WHEN n % 10 < 5 THEN 'won' ELSE 'lost' END, 'Web',
    CASE WHEN n % 41 = 0 THEN NULL ELSE 1000 + n % 50000 END, 'USD', 'pipeline', date '{TODAY}' - (n % 700) - 60,
    CASE WHEN n % 10 < 2 THEN date '{TODAY}' + (n % 90) - 30 ELSE date '{TODAY}' - (n % 700) END,
    CASE WHEN n % 3 = 0 THEN '' ELSE 'Call' END, CASE WHEN n % 7 = 0 THEN '' ELSE 'Price' END
FROM generate_series(1, {{deals}}) n;
INSERT INTO data_collection_opportunityline ({_MIRROR}, opportunity_id, product_id, quantity, amount, discount)
SELECT 'bench', 'I' || o.id || '-' || k, '{{{{}}}}'::jsonb, o.id, (SELECT min(id) FROM data_collection_product), 1, o.amount / 2, 0.1
FROM data_collection_opportunity o, generate_series(1, 2) k;
INSERT INTO data_collection_stagevisit ({_MIRROR}, opportunity_id, stage_id, entered_on, left_on)
SELECT 'bench', 'V' || o.id || '-' || k, '{{{{}}}}'::jsonb, o.id, (ARRAY[{{stages}}])[k], o.created_on + k * 10,
    CASE WHEN o.status = 'open' AND k = 3 THEN NULL ELSE o.created_on + k * 10 + 10 END
FROM data_collection_opportunity o, generate_series(1, 3) k;
INSERT INTO data_collection_activity ({_MIRROR}, kind, rep_id, day, subject, outcome, account_id, opportunity_id)
SELECT 'bench', 'X' || o.id || '-' || k, '{{{{}}}}'::jsonb, 'call', o.owner_id, o.close_date - k * 7, '', '', o.account_id, o.id
FROM data_collection_opportunity o, generate_series(1, 10) k;
"""


def timed(work: Callable[[], object]) -> tuple[float, object]:
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def fill(deals: int) -> None:
    Company(reporting_currency="USD").save()
    teams = [make_team(f"Team {n}", code=f"team{n}") for n in range(10)]
    for n in range(100):
        make_rep(f"Rep {n}", code=f"r{n}", team=teams[n % 10])
    stages = [Stage.objects.create(name=name, rank=i, kind=kind).pk for i, (name, kind) in enumerate(STAGES)]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO data_collection_product (code, name, family, kind, currency) VALUES ('p', 'P', '', 'goods', 'USD')"
        )
        sql = _ROWS.format(accounts=deals // 5, deals=deals, stages=", ".join(map(str, stages)))
        for statement in filter(str.strip, sql.split(";\n")):
            cursor.execute(statement)
        cursor.execute("VACUUM ANALYZE")


def run(deals: int) -> None:
    seconds, _ = timed(lambda: fill(deals))
    print(f"\n{deals:,} deals, {deals * 10:,} activities made in {seconds:.0f} s")
    first, night = timed(lambda: quality_night(day=TODAY))
    print(f"first night: {first:.1f} s, {night.rules} rules, {night.found:,} findings")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE data_collection_qualityfinding")
    again, night = timed(lambda: quality_night(day=TODAY + timedelta(days=1)))
    print(f"next night:  {again:.1f} s, {night.opened:,} opened, {night.fixed:,} fixed")
    basis, known = basis_of(TODAY + timedelta(days=1)), kept()
    rules = [rule for rule in rules_now().values() if known.get(rule.needs, True)]
    slow = sorted((timed(lambda r=r: rule_check(rule=r, basis=basis)) + (r.name,) for r in rules), key=lambda t: -t[0])
    print("slowest: " + ", ".join(f"{name} {seconds:.1f} s" for seconds, _check, name in slow[:6]))
    _pages()


def _pages() -> None:
    rep = Rep.objects.get(code="r1")
    rep.user = make_user("rep")
    rep.save()
    boss = make_rep("Boss", code="boss", user=make_user("manager"))
    make_manager(boss, rep.memberships.get().team)
    for user in (make_user("ops"), boss.user, rep.user):
        client = Client(headers={"host": "localhost"})
        client.force_login(user)
        client.get("/collect/quality/")
        words = []
        for url in PAGES:
            with CaptureQueriesContext(connection) as queries:
                seconds, _answer = timed(lambda url=url, client=client: client.get(url))
            words.append(f"{url.split('/')[-2]} {seconds * 1000:.0f} ms / {len(queries)} queries")
        print(f"{user.role:8} " + ", ".join(words))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deals", type=int, default=100_000)
    asked = parser.parse_args()
    for deals in (asked.deals // 10, asked.deals):
        name = connection.creation.create_test_db(verbosity=0, autoclobber=True)
        try:
            run(deals)
            assert QualityFinding.objects.exists()
        finally:
            connection.creation.destroy_test_db(name, verbosity=0)


if __name__ == "__main__":
    main()
