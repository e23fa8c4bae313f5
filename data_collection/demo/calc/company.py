"""The whole company as a stream of frames, so that a large one never has to be in memory at once."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from data_collection.demo.calc import after_sales, organisation, prices
from data_collection.demo.calc.accounts import Accounts, account_frame, accounts_of, contact_frame
from data_collection.demo.calc.activities import ActivityRows
from data_collection.demo.calc.clock import Clock
from data_collection.demo.calc.deals import Deals, deals_of, first_days
from data_collection.demo.calc.draws import Texts, codes
from data_collection.demo.calc.history import change_frame, owner_frame, visit_frame
from data_collection.demo.calc.leads import Leads, event_frame, lead_frame, leads_of, sources_of
from data_collection.demo.calc.lines import Lines, line_frame, lines_of
from data_collection.demo.calc.pipeline import Keeping, keeping_of, opportunity_frame
from data_collection.demo.calc.quotas import quota_frame
from data_collection.demo.calc.sizes import Size
from data_collection.demo.calc.staff import Staff, staff_of
from data_collection.demo.calc.targets import target_frame

BLOCK = 50_000  # deals told at a time
Table = tuple[str, pd.DataFrame]  # name of the importers' table, some of its rows


@dataclass(frozen=True)
class Company:
    """What happened, before it is told as tables."""

    size: Size
    clock: Clock
    seed: int
    staff: Staff
    accounts: Accounts
    deals: Deals
    lines: Lines
    leads: Leads
    keeping: Keeping
    ids: Texts  # of deals


def company_of(*, seed: int, size: Size, until: date) -> Company:
    """Let the company live through its 36 months."""
    clock = Clock(until)
    staff = staff_of(size, clock, seed)
    accounts = accounts_of(size, staff, clock, seed)
    deals = deals_of(size, staff, accounts, clock, seed)
    lines = lines_of(deals, clock, seed)
    leads = leads_of(size, deals, accounts, staff, clock, seed)
    keeping = keeping_of(deals, lines, staff, clock, seed)
    ids = codes("OPP", np.arange(1, len(deals) + 1), 7)
    return Company(size, clock, seed, staff, accounts, deals, lines, leads, keeping, ids)


def tables(company: Company) -> Iterator[Table]:
    """Every table, the rows of one table in order and one after another; large ones in blocks."""
    yield from _organisation(company)
    yield from _customers(company)
    source, lead = sources_of(company.deals, company.leads, company.seed)
    for part in _blocks(len(company.deals)):
        yield "opportunity", opportunity_frame(
            company.deals, company.keeping, company.accounts, company.staff, company.ids, lead, source,
            company.clock, company.seed, part,
        )  # fmt: skip
    yield from _deal_rows(company)
    yield from _after(company)


def _blocks(count: int) -> list[slice]:
    return [slice(begin, min(begin + BLOCK, count)) for begin in range(0, count, BLOCK)]


def _organisation(c: Company) -> Iterator[Table]:
    months, rates = prices.monthly_rates(c.clock, c.seed)
    yield "fx_rate", prices.fx_frame(c.clock, c.seed)
    yield "holiday", organisation.holiday_frame(c.clock)
    yield "ramp_profile", organisation.ramp_frame()
    yield "team", organisation.team_frame(c.staff)
    yield "territory", organisation.territory_frame()
    yield "segment", organisation.segment_frame()
    yield "product", prices.product_frame(c.clock)
    yield "stage", organisation.stage_frame()
    yield "rep", organisation.rep_frame(c.staff, c.seed)
    yield "product_price", prices.product_price_frame(c.clock)
    yield "team_membership", organisation.membership_frame(c.staff, c.clock)
    yield "team_manager", organisation.manager_frame(c.staff)
    yield "territory_member", organisation.territory_member_frame(c.staff)
    yield "quota", quota_frame(c.deals, c.keeping.final, c.staff, rates[len(months) // 2], c.clock, c.seed)
    yield "kpi_target", target_frame(c.staff, c.size, c.clock)


def _customers(c: Company) -> Iterator[Table]:
    first_deal, first_win = first_days(c.deals, c.clock, len(c.accounts.ids))
    yield "account", account_frame(c.accounts, c.staff, first_deal, first_win, c.clock, c.seed)
    yield "contact", contact_frame(c.accounts, c.seed)
    yield "lead", lead_frame(c.leads, c.deals, c.accounts, c.staff, c.clock, c.seed)
    yield "marketing_event", event_frame(c.leads, c.clock, c.seed)


def _deal_rows(c: Company) -> Iterator[Table]:
    for part in _blocks(len(c.lines)):
        yield "opportunity_line", line_frame(c.lines, c.ids, c.keeping.missing, part)
    for part in _blocks(len(c.deals)):
        yield "stage_visit", visit_frame(c.deals, c.keeping, c.ids, c.clock, c.seed, part)
    for part in _blocks(len(c.deals)):
        yield "opportunity_owner", owner_frame(c.deals, c.staff, c.ids, c.clock, part)
    for part in _blocks(len(c.deals)):
        yield "opportunity_change", change_frame(c.deals, c.keeping, c.ids, c.clock, c.seed, part)
    rows = ActivityRows(c.size, c.deals, c.leads, c.staff, c.accounts, c.clock, c.seed, c.ids)
    yield "activity", rows.of_leads()
    yield "activity", rows.of_customers()
    for part in _blocks(len(c.deals)):
        yield "activity", rows.of_deals(part)


def _after(c: Company) -> Iterator[Table]:
    yield "order_line", after_sales.order_frame(
        c.deals, c.lines, c.accounts, c.staff, c.ids, c.size, c.clock, c.seed
    )  # fmt: skip
    yield "support_ticket", after_sales.ticket_frame(c.deals, c.accounts, c.size, c.clock, c.seed)
    yield "delivered_hours", after_sales.hours_frame(c.deals, c.lines, c.accounts, c.ids, c.clock, c.seed)
