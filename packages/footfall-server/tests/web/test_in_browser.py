"""The pages in a real browser: keys, menus, live updates, charts, accessibility."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from footfall_server.model.openid import OpenId
from footfall_server.web import pages
from playwright.sync_api import Browser, Page, expect

from .openid_stand_in import CLIENT_ID, CLIENT_SECRET, StandIn, running

HOSTILE = "</script><img src=x onerror=alert(1)>'\\\""


@pytest.fixture
def site(services: Any) -> Iterator[str]:
    """The pages on a port of this machine."""
    listener = socket.create_server(("127.0.0.1", 0))
    services.base_url = None
    config = uvicorn.Config(pages(services), log_level="warning")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join()
    listener.close()


@pytest.fixture
def provider(services: Any) -> Iterator[StandIn]:
    """A provider of OpenID Connect, for a site that is opened after it."""
    with running() as made:
        made.be_honest(lambda: services.clock().timestamp())
        services.openid = OpenId(made.issuer, CLIENT_ID, CLIENT_SECRET, name="Example ID")
        yield made


@pytest.fixture
def month(happened: Callable[..., None]) -> None:
    for day in range(60):
        for number in range(9):
            version = f"1.{3 - day // 15}.0"
            runtime = ("notebook", "script", "docker")[number % 3]
            name = HOSTILE if number == 8 else "fit"
            happened(
                name, day + 0.1, f"i{number}", library_version=version, runtime_environment=runtime
            )


class Visit:
    """A page that remembers what it asked for and what went wrong."""

    def __init__(self, browser: Browser, site: str, **options: Any) -> None:
        self.site = site
        self.context = browser.new_context(**options)
        self.page: Page = self.context.new_page()
        self.requests: list[str] = []
        self.problems: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("console", self.heard)

    def heard(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.problems.append(message.text)

    def open(self, path: str) -> Page:
        self.page.goto(self.site + path)
        return self.page

    def charts(self) -> None:
        """Bring every chart into view and wait until it is drawn."""
        for figure in self.page.locator("figure[data-chart]").all():
            figure.scroll_into_view_if_needed()
            expect(figure).to_have_attribute("data-state", "ready")
            expect(figure.locator("svg.marks")).to_have_count(1)


@pytest.fixture
def visit(browser: Browser, site: str) -> Iterator[Callable[..., Visit]]:
    made: list[Visit] = []

    def start(**options: Any) -> Visit:
        made.append(Visit(browser, site, **options))
        return made[-1]

    yield start
    for one in made:
        one.context.close()


@pytest.mark.usefixtures("month")
def test_charts_are_drawn_and_no_other_host_is_asked(visit: Callable[..., Visit]) -> None:
    seen = visit()
    seen.open("/p/nannyml/overview?breakdown=runtime")
    seen.charts()
    assert [url for url in seen.requests if not url.startswith((seen.site, "data:"))] == []
    assert seen.problems == []


LIGHT = "rgb(250, 250, 248)"
LOOKS = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "narrow": {"color_scheme": "light", "viewport": {"width": 390, "height": 844}},
}


def is_whole(page: Page) -> None:
    """Nothing that axe would mend, and as wide as the window."""
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.usefixtures("month")
@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/p/nannyml/overview",
        "/p/nannyml/overview?breakdown=version&colour=red&event=fit",
        "/p/nannyml/overview?range=2020-01-01..2020-01-31",
        "/p/nannyml/setup",
        "/p/nobody",
    ],
)
def test_axe_finds_nothing(visit: Callable[..., Visit], path: str, look: str) -> None:
    seen = visit(**LOOKS[look], reduced_motion="reduce")
    page = seen.open(path)
    seen.charts()
    for table in page.locator("details.data-table > summary").all():
        table.click()
    is_whole(page)


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing_while_waiting(visit: Callable[..., Visit], look: str) -> None:
    page = visit(**LOOKS[look], reduced_motion="reduce").open("/p/nannyml/overview")
    expect(page.get_by_text("Waiting for the first event")).to_be_visible()
    is_whole(page)


@pytest.mark.usefixtures("month")
def test_axe_finds_nothing_in_menus(visit: Callable[..., Visit]) -> None:
    for look in LOOKS.values():
        page = visit(**look).open("/p/nannyml/overview")
        for key in "dcfbe":
            page.keyboard.press(key)
            found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag22aa"]})
            assert found.violations_count == 0, (key, found.generate_report())
            page.keyboard.press("Escape")


@pytest.mark.usefixtures("month")
def test_a_hostile_name_is_text(visit: Callable[..., Visit], happened: Callable[..., None]) -> None:
    happened("fit", 0.5, library_version=HOSTILE)
    seen = visit()
    page = seen.open("/p/nannyml/overview?breakdown=version")
    seen.charts()
    page.locator(".chart-plot").first.hover()
    expect(page.locator("#vg-tooltip-element")).to_contain_text(HOSTILE)
    expect(page.get_by_role("rowheader", name=HOSTILE)).to_be_visible()
    assert page.locator("img").count() == 0
    assert seen.problems == []


def test_the_first_event_turns_the_wait_into_data(
    visit: Callable[..., Visit], happened: Callable[..., None]
) -> None:
    page = visit().open("/p/nannyml/overview")
    expect(page).to_have_url(re.compile("/p/nannyml/setup$"))
    expect(page.get_by_text("Waiting for the first event")).to_be_visible()
    happened(days=0.001)
    expect(page).to_have_url(re.compile("/p/nannyml/overview$"), timeout=10_000)
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")


@pytest.mark.usefixtures("month")
def test_a_chart_that_cannot_be_drawn_says_so_and_leaves_its_table(
    visit: Callable[..., Visit],
) -> None:
    seen = visit()
    seen.page.route("**/static/vega*", lambda route: route.abort())
    page = seen.open("/p/nannyml/overview")
    figure = page.locator("figure[data-chart]").first
    expect(figure).to_have_attribute("data-state", "error")
    expect(figure).to_contain_text("This chart could not be drawn")
    figure.locator("summary").click()
    expect(figure.get_by_role("rowheader", name="23 Nov 2026")).to_be_visible()


@pytest.mark.usefixtures("month")
def test_a_tooltip_tells_time_and_values(visit: Callable[..., Visit]) -> None:
    seen = visit(timezone_id="America/Los_Angeles")  # a browser's timezone shifts nothing
    page = seen.open("/p/nannyml/overview?range=2026-11-01..2026-11-09")
    seen.charts()
    page.locator(".chart-plot").first.hover()
    expect(page.locator("#vg-tooltip-element")).to_contain_text("Thu 5 Nov 2026")
    expect(page.locator("#vg-tooltip-element")).to_contain_text("Active installs9")


@pytest.mark.usefixtures("month")
def test_without_javascript_everything_is_there(visit: Callable[..., Visit]) -> None:
    page = visit(java_script_enabled=False).open("/p/nannyml/overview")
    page.locator("#q-date").click()
    page.get_by_role("link", name="Last 7 days").click()
    expect(page).to_have_url(re.compile(r"\?range=7d$"))
    expect(page.get_by_text("Active installs, 7 days")).to_be_visible()
    page.locator("details.data-table > summary").first.click()
    expect(page.get_by_role("rowheader", name="23 Nov 2026").first).to_be_visible()
    expect(page.get_by_role("button", name="Light or dark")).to_have_count(0)


@pytest.mark.usefixtures("month")
def test_a_choice_changes_the_view_and_back_undoes_it(visit: Callable[..., Visit]) -> None:
    seen = visit()
    page = seen.open("/p/nannyml/overview")
    page.evaluate("window.same = true")
    page.keyboard.press("d")
    page.get_by_role("link", name="Last 7 days").click()
    expect(page.get_by_text("Active installs, 7 days")).to_be_visible()
    assert page.url.endswith("?range=7d")
    assert page.evaluate("window.same")  # the view was replaced, not the page
    expect(page.locator("#q-date")).to_be_focused()
    seen.charts()
    page.go_back()
    expect(page.get_by_text("Active installs, 28 days")).to_be_visible()
    assert page.url.endswith("/overview")
    assert seen.problems == []


@pytest.mark.usefixtures("month")
def test_keys_open_menus_and_escape_returns(visit: Callable[..., Visit]) -> None:
    page = visit().open("/p/nannyml/overview")
    page.keyboard.press("f")
    expect(page.get_by_role("link", name="Notebook").first).to_be_visible()
    page.keyboard.press("b")
    assert page.locator("details.menu[open]").count() == 1
    page.keyboard.press("Escape")
    assert page.locator("details.menu[open]").count() == 0
    expect(page.locator("#q-breakdown")).to_be_focused()
    page.keyboard.press("?")
    expect(page.get_by_role("heading", name="Keyboard")).to_be_visible()
    page.get_by_label("Single keys do these things").uncheck()
    page.get_by_role("button", name="Close").click()
    page.keyboard.press("f")
    assert page.locator("details.menu[open]").count() == 0


@pytest.mark.usefixtures("month")
def test_the_theme_is_remembered_and_charts_follow(visit: Callable[..., Visit]) -> None:
    seen = visit(color_scheme="light")
    page = seen.open("/p/nannyml/overview")
    seen.charts()
    line = page.locator("figure[data-chart] .mark-line path").first
    color = "one => getComputedStyle(one).stroke"
    before = line.evaluate(color)
    page.keyboard.press("t")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert line.evaluate(color) != before
    page.emulate_media(media="print")  # on white paper, whatever the screen looks like
    assert line.evaluate(color) == before
    assert page.locator("body").evaluate("one => getComputedStyle(one).backgroundColor") == LIGHT
    page.emulate_media(media="screen")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


@pytest.mark.usefixtures("month")
def test_an_answer_that_is_no_view_is_opened_as_a_page(
    visit: Callable[..., Visit], services: Any
) -> None:
    page = visit().open("/p/nannyml/overview")
    services.insights.events.clear()
    page.keyboard.press("d")
    page.get_by_role("link", name="Last 7 days").click()
    expect(page.get_by_text("Waiting for the first event")).to_be_visible()


@pytest.mark.usefixtures("month")
def test_a_failing_query_shows_the_servers_page(visit: Callable[..., Visit], services: Any) -> None:
    page = visit().open("/p/nannyml/overview")
    services.insights.failure = RuntimeError("broken")
    page.keyboard.press("d")
    page.get_by_role("link", name="Last 7 days").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("This page could not be made")
    expect(page.locator("aside")).to_be_visible()
    services.insights.failure = None
    page.get_by_role("link", name="Try again").click()
    expect(page.get_by_text("Active installs, 7 days")).to_be_visible()


@pytest.mark.usefixtures("provider")
def test_signing_in_with_the_provider_leads_to_where_one_wanted_to_be(
    visit: Callable[..., Visit], services: Any
) -> None:
    services.sign_in("ada@example.org", admin=True)
    seen = visit()
    page = seen.open("/p/nannyml/setup")
    expect(page).to_have_url(re.compile("/login"))
    page.get_by_role("link", name="Continue with Example ID").click()
    expect(page).to_have_url(f"{seen.site}/p/nannyml/setup")
    page.goto(f"{seen.site}/account")
    expect(page.locator("main")).to_contain_text("ada@example.org")
    assert seen.problems == []
    page.get_by_role("button", name="Sign out").click()
    page.goto(f"{seen.site}/p/nannyml/setup")
    expect(page).to_have_url(re.compile("/login"))


@pytest.mark.parametrize("look", LOOKS)
def test_who_may_not_come_in_reads_why_and_can_begin_again(
    provider: StandIn, services: Any, visit: Callable[..., Visit], look: str
) -> None:
    services.sign_in("ada@example.org", admin=True)
    provider.claims["email"] = "a-stranger-whose-name-has-no-end@example.org"
    seen = visit(**LOOKS[look], reduced_motion="reduce")

    page = seen.open("/login")
    is_whole(page)
    page.get_by_role("link", name="Continue with Example ID").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You aren’t signed in")
    is_whole(page)
    page.get_by_role("link", name="Sign in").click()
    expect(page.get_by_role("link", name="Continue with Example ID")).to_be_visible()


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize(
    ("path", "words"),
    [("/p/nannyml/settings", "needs the role owner"), ("/new", "Only administrators")],
)
def test_who_lacks_the_role_reads_which_it_takes(
    visit: Callable[..., Visit], services: Any, path: str, words: str, look: str
) -> None:
    services.sign_in("owner@example.org", admin=True)
    [(name, value)] = services.sign_in("viewer@example.org", "viewer").items()
    seen = visit(**LOOKS[look], reduced_motion="reduce")
    seen.context.add_cookies([{"name": name, "value": value, "url": seen.site}])
    page = seen.open(path)
    expect(page.locator("main")).to_contain_text(words)
    is_whole(page)
