"""Imports as a person does them, from the files to the numbers in the database; public data sets of real sellers.

The company is empty. The guess is left as it is where it is right; what a person would change is changed on the page.
"""

import base64
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PASSWORD, Site
from tests.browser.test_pages import AXE_RULES, SIZES, Watch
from tests.product import product
from tests.shared_data import data_set

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SAMPLES = Path(__file__).parents[2] / "static" / "data_collection" / "samples"
OPS = f"""
from salesops.models import Company, User
Company(name="New", reporting_currency="USD", time_zone="UTC").save()
user = User(username="ops@demo.example", email="ops@demo.example", role="ops")
user.set_password("{PASSWORD}")
user.save()
"""


@pytest.fixture(scope="module")
def site(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """An empty company with one person of operations, a worker and the web server."""
    with product("browser_imports", tmp_path_factory.mktemp("imports"), broker=8) as made:
        made.manage("collectstatic", "--noinput", "-v0")
        made.run(OPS)
        made.worker()
        yield Site(made.web(), made)


@pytest.fixture(scope="module")
def login(browser: Browser, site: Site) -> dict:
    context = browser.new_context(base_url=site.url)
    page = context.new_page()
    page.goto("/accounts/login/")
    page.fill("input[name=login]", "ops@demo.example")
    page.fill("input[name=password]", PASSWORD)
    page.locator("form button[type=submit]").first.click()
    page.wait_for_selector("#main")
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture
def page(browser: Browser, site: Site, login: dict) -> Iterator[Page]:
    context = browser.new_context(base_url=site.url, storage_state=login, viewport=SIZES["desk"])
    opened = context.new_page()
    watch = Watch(opened, site.url)
    yield opened
    context.close()
    assert watch.faults == []


def drop(page: Page, *paths: Path) -> None:
    """Drop files from the desktop on the page of a new import."""
    page.goto("/collect/sources/new/")
    files = [[path.name, base64.b64encode(path.read_bytes()).decode()] for path in paths]
    transfer = page.evaluate_handle(
        """files => {
          const carried = new DataTransfer();
          for (const [name, text] of files) {
            carried.items.add(new File([Uint8Array.from(atob(text), sign => sign.charCodeAt(0))], name));
          }
          return carried;
        }""",
        files,
    )
    for event in ("dragover", "drop"):
        page.dispatch_event("[data-drop]", event, {"dataTransfer": transfer})
    expect(page.locator("[data-chosen] li")).to_have_count(len(paths))


def upload(page: Page) -> None:
    page.get_by_role("button", name="Upload and look into the files").click()
    page.wait_for_url("**/files/")


def match(page: Page) -> None:
    page.locator("a.btn", has_text="Match columns").click()
    page.wait_for_url("**/columns/")


def dry_run(page: Page) -> None:
    page.get_by_role("button", name="Dry run").click()
    page.wait_for_url(re.compile(r"/collect/sources/\d+/$"))
    page.get_by_role("button", name="Apply", exact=True).wait_for(timeout=90_000)


def apply(page: Page) -> None:
    page.get_by_role("button", name="Apply", exact=True).click()
    page.locator("#import-live .tag", has_text=re.compile("^Applied$")).first.wait_for(timeout=90_000)


def total(page: Page, word: str) -> int:
    return int(page.locator(f".totals .is-{word} dd").inner_text().replace(",", ""))


def test_a_star_schema_of_several_files(page: Page, site: Site) -> None:
    """obviEnce: 487 lines of deals worth 2,110,905,127, with accounts, products and stages; without the partners."""
    drop(page, *sorted(data_set("obvience-opportunities").glob("*.csv")))
    upload(page)
    assert page.locator(".file-card").count() == 6
    expect(page.locator(".file-card", has_text="fact.csv").first).to_contain_text("487 rows")
    match(page)
    page.get_by_role("button", name="fact.csv").click()
    expect(page.locator("#sheet-title")).to_have_text("fact.csv")
    row = page.locator("tr", has=page.locator(".column-name", has_text="Opportunity Days"))
    row.locator("select").first.select_option("")  # left out; the partner stays an attribute
    page.wait_for_selector("#column-9 select option[value='']:checked", state="attached")
    expect(page.locator(".step-words")).to_contain_text("account → opportunity")
    dry_run(page)
    assert total(page, "rejected") == 0
    assert site.product.sql("SELECT count(*) FROM data_collection_opportunityline") == [(0,)]
    apply(page)
    lines, amount = site.product.sql("SELECT count(*), sum(amount) FROM data_collection_opportunityline")[0]
    [(deals,)] = site.product.sql("SELECT count(*) FROM data_collection_opportunity")
    [(accounts,)] = site.product.sql("SELECT count(*) FROM data_collection_account")
    assert (lines, amount, deals, accounts) == (487, 2_110_905_127, 486, 357)
    kept = (
        "SELECT count(*) FROM data_collection_opportunity "
        "WHERE attributes ? 'Partner ID' AND NOT attributes ? 'Opportunity Days'"
    )
    assert site.product.sql(kept) == [(486,)]


def test_deals_without_ids_dates_and_amounts(page: Page, site: Site) -> None:
    """Salvirt: semicolons; 448 rows, 227 won and 221 lost, everything else an attribute."""
    drop(page, data_set("b2b-salvirt") / "Salvirt_B2B_ML_dataset.csv")
    upload(page)
    expect(page.locator("select[name$=separator]")).to_have_value(";")
    match(page)
    page.fill("#system", "salvirt")
    dry_run(page)
    assert (total(page, "rejected"), total(page, "read") >= 448) == (0, True)
    apply(page)
    found = site.product.sql(
        "SELECT status, count(*) FROM data_collection_opportunity WHERE system = 'salvirt' GROUP BY 1 ORDER BY 1"
    )
    assert found == [("lost", 221), ("won", 227)]
    kept = (
        "SELECT count(*) FROM data_collection_opportunity WHERE system = 'salvirt' AND attributes ->> 'Authority' <> ''"
    )
    assert site.product.sql(kept) == [(448,)]


def test_leads_with_placeholders(page: Page, site: Site) -> None:
    """X Education: 9,240 leads packed by gzip, 38.5 % converted; `Select` is an empty cell."""
    drop(page, data_set("x-education-leads") / "Leads.csv.gz")
    upload(page)
    expect(page.locator(".file-card")).to_contain_text("more than 2,000 rows")
    match(page)
    page.fill("#system", "education")
    expect(page.locator("#blank")).to_have_value("Select")
    dry_run(page)
    assert (total(page, "new"), total(page, "rejected")) == (9240, 0)
    apply(page)
    leads = "FROM data_collection_lead WHERE system = 'education'"
    count, converted = site.product.sql(f"SELECT count(*), count(*) FILTER (WHERE status = 'converted') {leads}")[0]
    assert (count, round(converted / count, 3)) == (9240, 0.385)
    assert site.product.sql(f"SELECT count(*) {leads} AND attributes::text LIKE '%\"Select\"%'") == [(0,)]
    assert site.product.sql(f"SELECT count(*) {leads} AND attributes ? 'Lead Number'") == [(9240,)]


def test_undo_takes_a_whole_import_back(page: Page, site: Site) -> None:
    """After the leads; they go and nothing else does."""
    before = site.product.sql("SELECT count(*) FROM data_collection_opportunity")
    page.goto("/collect/sources/?system=education")
    page.locator("#batches a").first.click()
    page.get_by_role("link", name="Undo…").click()
    expect(page.locator("table.data")).to_contain_text("9,240")
    page.get_by_role("button", name="Undo this import").click()
    page.locator("#import-live .tag", has_text=re.compile("^Undone$")).wait_for(timeout=90_000)
    assert site.product.sql("SELECT count(*) FROM data_collection_lead") == [(0,)]
    assert site.product.sql("SELECT count(*) FROM data_collection_opportunity") == before


def test_without_a_mouse(page: Page, site: Site) -> None:
    """From the button of the first page to the applied import with Tab, Enter and the arrow keys."""
    page.goto("/collect/sources/")
    _tab_to(page, "a[href$='/sources/new/']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/new/")
    _tab_to(page, "input[type=file]")
    # The dialog that Enter opens is the browser's own; it does not open reliably without a screen.
    page.set_input_files("input[type=file]:focus", [SAMPLES / "accounts.csv", SAMPLES / "deals.csv"])
    _tab_to(page, "#upload-form button[type=submit]")
    page.keyboard.press("Enter")
    page.wait_for_url("**/files/")
    _tab_to(page, ".step-next a")
    page.keyboard.press("Enter")
    page.wait_for_url("**/columns/")
    _tab_to(page, "#system")
    page.keyboard.press("Control+A")
    page.keyboard.type("keyboard")
    _tab_to(page, "button[name=do][value=try]")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/collect/sources/\d+/$"))
    page.get_by_role("button", name="Apply", exact=True).wait_for(timeout=90_000)
    _tab_to(page, "form[action$='/apply/'] button")
    page.keyboard.press("Enter")
    page.locator("#import-live .tag", has_text=re.compile("^Applied$")).first.wait_for(timeout=90_000)
    deals = "SELECT count(*) FROM data_collection_opportunity WHERE system = 'keyboard'"
    assert site.product.sql(deals) == [(4,)]


def _tab_to(page: Page, selector: str) -> None:
    """Press Tab until the element has the focus."""
    for _ in range(200):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"{selector} is not reached by Tab")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_step_is_sound(browser: Browser, site: Site, login: dict, size: str, scheme: str) -> None:
    """No axe violation, no sideways scroll, no console error on any step."""
    context = browser.new_context(
        base_url=site.url, storage_state=login, viewport=SIZES[size], color_scheme=scheme,
        bypass_csp=True, reduced_motion="reduce",
    )  # fmt: skip
    page = context.new_page()
    watch = Watch(page, site.url)
    faults: list[str] = []

    def look(step: str) -> None:
        page.wait_for_selector("#main")  # a page that is just being replaced has no document to measure
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if wide > 0:
            faults.append(f"{step}: scrolls sideways by {wide} px")
        for broken in Axe().run(page, options=AXE_RULES).response["violations"]:
            places = "; ".join(" ".join(node["target"]) for node in broken["nodes"][:3])
            faults.append(f"{step}: axe {broken['id']}: {places}")

    page.goto("/collect/sources/new/")
    look("upload")
    page.set_input_files("input[type=file]", [SAMPLES / "accounts.csv", SAMPLES / "deals.csv"])
    upload(page)
    look("files")
    match(page)
    page.get_by_role("button", name="deals.csv").click()
    page.wait_for_selector("#sheet-title:has-text('deals.csv')")
    look("columns")
    page.goto(re.sub(r"columns/.*", "document/", page.url))
    look("document")
    page.get_by_role("button", name="Check and use").click()
    page.fill("#system", f"axe-{size}-{scheme}")
    dry_run(page)
    look("dry run")
    apply(page)
    look("applied")
    with page.expect_navigation():
        page.get_by_role("link", name="Undo…").click()
    look("undo")
    page.goto("/collect/sources/")
    look("history")
    context.close()
    assert faults + watch.faults == []
