"""Every page as the people who use it, in light and dark, on a desk and on a phone.

Gates of the frame: no axe violation, no console error, no policy report, no request to another host, no
sideways scroll, charts drawn.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import PASSWORD, Site

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PAGES = {
    "rep": [
        "/me/",
        "/collect/funnel/",
        "/collect/quality/worklist/",
        "/demand/forecast/",
        "/glossary/",
        "/jobs/",
        "/profile/",
    ],
    "manager": [
        "/collect/overview/",
        "/collect/kpis/",
        "/collect/kpis/win_rate/?by=team",
        "/collect/funnel/",
        "/collect/team/",
        "/collect/quality/",
        "/collect/quality/scores/",
        "/demand/forecast/",
        "/rows/bookings/",
    ],
    "ops": [
        "/",
        "/collect/sources/",
        "/collect/sources/new/",
        "/collect/outgoing/",
        "/collect/outgoing/new/webhook/",
        "/collect/outgoing/new/slack_bot/",
        "/collect/webhooks/",
        "/collect/webhooks/new/encharge/",
        "/notices/",
        "/collect/connections/",
        "/collect/connections/new/pipedrive/",
        "/collect/quality/",
        "/collect/quality/open-past-close-date/",
        "/collect/quality/worklist/?state=all",
        "/collect/quality/scores/?by=source",
        "/collect/quality/note/",
        "/collect/duplicates/",
        "/collect/duplicates/bulk/",
        "/collect/duplicates/merges/",
        "/collect/duplicates/leads/",
        "/collect/people/",
        "/jobs/",
        "/admin/",
        "/admin/data_collection/rep/",
        "/admin/data_collection/quota/",
        "/admin/data_collection/territory/add/",
        "/admin/data_collection/customrule/add/",
    ],
    "executive": ["/collect/overview/", "/collect/kpis/bookings/", "/demand/forecast/", "/supply/", "/execute/"],
}
SIZES = {"desk": {"width": 1440, "height": 900}, "phone": {"width": 390, "height": 844}}
AXE_RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]},
    "resultTypes": ["violations"],
}


class Watch:
    """What a page must not do."""

    def __init__(self, page: Page, own: str) -> None:
        self.faults: list[str] = []
        page.on("console", lambda message: message.type == "error" and self.faults.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: self.faults.append(f"script: {error}"))
        page.on("request", lambda request: self._check_host(request.url, own))

    def _check_host(self, url: str, own: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in {"http", "https", "ws", "wss"} and parts.netloc != urlsplit(own).netloc:
            self.faults.append(f"request to {parts.netloc}")


@pytest.fixture(scope="module")
def logins(browser: Browser, site: Site) -> dict[str, dict]:
    """One login per role, through the form; the session is reused."""
    found = {}
    for role in PAGES:
        context = browser.new_context(base_url=site.url)
        page = context.new_page()
        page.goto("/accounts/login/")
        page.fill("input[name=login]", f"{role}@demo.example")
        page.fill("input[name=password]", PASSWORD)
        page.locator("form button[type=submit]").first.click()
        page.wait_for_selector("#main")
        assert "/accounts/login" not in page.url, f"{role} could not log in"
        found[role] = context.storage_state()
        context.close()
    return found


@contextmanager
def opened(
    browser: Browser, site: Site, state: dict, size: str, scheme: str
) -> Iterator[tuple[BrowserContext, Page, Watch]]:
    context = browser.new_context(
        base_url=site.url,
        storage_state=state,
        viewport=SIZES[size],
        color_scheme=scheme,
        bypass_csp=True,  # axe is put into the page; the policy itself is checked without it below
        reduced_motion="reduce",
    )
    page = context.new_page()
    try:
        yield context, page, Watch(page, site.url)
    finally:
        context.close()


def draw_charts(page: Page) -> None:
    """Charts draw when they come into view; wait for each."""
    charts = page.locator(".chart")
    for number in range(charts.count()):
        chart = charts.nth(number)
        if chart.is_visible():
            chart.scroll_into_view_if_needed()
            page.wait_for_function(
                "element => element.hasAttribute('data-done')", arg=chart.element_handle(), timeout=15_000
            )


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("role", PAGES)
def test_pages_are_sound(
    browser: Browser, site: Site, logins: dict[str, dict], role: str, size: str, scheme: str
) -> None:
    faults: dict[str, list[str]] = {}
    with opened(browser, site, logins[role], size, scheme) as (_context, page, watch):
        for path in PAGES[role]:
            watch.faults.clear()
            answer = page.goto(path, wait_until="load")
            assert answer is not None and answer.status == 200, f"{role} {path}: {answer and answer.status}"
            draw_charts(page)
            found = list(watch.faults)
            wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            if wide > 0:
                found.append(f"scrolls sideways by {wide} px")
            report = Axe().run(page, options=AXE_RULES)
            for broken in report.response["violations"]:
                places = "; ".join(" ".join(node["target"]) for node in broken["nodes"][:3])
                found.append(f"axe {broken['id']}: {places}")
            if found:
                faults[path] = found
    assert not faults, "\n".join(f"{path}: {', '.join(found)}" for path, found in faults.items())


def test_policy_holds_without_tests_in_the_page(browser: Browser, site: Site, logins: dict[str, dict]) -> None:
    """The strict policy is sent, and pages with charts and htmx parts work under it."""
    context = browser.new_context(base_url=site.url, storage_state=logins["manager"])
    page = context.new_page()
    watch = Watch(page, site.url)
    for path in ("/collect/overview/", "/collect/funnel/", "/demand/forecast/", "/accounts/login/", "/collect/kpis/"):
        answer = page.goto(path)
        assert answer is not None
        policy = answer.headers["content-security-policy"]
        assert "script-src 'self';" in policy + ";" and "unsafe" not in policy
        if page.locator(".chart").count():
            page.wait_for_selector(".chart[data-done]")
    context.close()
    assert watch.faults == []


def test_phone_page_loads_no_chart_library(browser: Browser, site: Site, logins: dict[str, dict]) -> None:
    context = browser.new_context(base_url=site.url, storage_state=logins["rep"], viewport=SIZES["phone"])
    page = context.new_page()
    loaded: list[str] = []
    page.on("request", lambda request: loaded.append(request.url))
    page.goto("/", wait_until="load")
    assert urlsplit(page.url).path == "/me/"
    assert not [url for url in loaded if "plotly" in url]
    context.close()


def test_a_number_opens_its_rows_with_the_keyboard(browser: Browser, site: Site, logins: dict[str, dict]) -> None:
    """Skip link, then a card's value, then the rows: without a mouse."""
    context = browser.new_context(base_url=site.url, storage_state=logins["manager"])
    page = context.new_page()
    page.goto("/collect/overview/")
    page.keyboard.press("Tab")
    expect(page.locator(".skip-link")).to_be_focused()
    page.keyboard.press("Enter")
    value = page.locator("a[href*='/rows/']").first
    value.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/rows/**")
    expect(page.locator("h1")).to_be_visible()
    context.close()


def test_the_api_page_works_under_its_policy(browser: Browser, site: Site, logins: dict[str, dict]) -> None:
    """A vendored page: checked for console errors and foreign hosts, not by axe."""
    context = browser.new_context(base_url=site.url, storage_state=logins["ops"])
    page = context.new_page()
    watch = Watch(page, site.url)
    page.goto("/api/v1/docs/")
    page.wait_for_selector(".opblock-tag")
    context.close()
    assert watch.faults == []
