"""Every page in a real browser, with data, without, and in the wrong: accessible, in its width,
silent on the console, asking no other host, and with hostile names as text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Response, expect

from .conftest import Project, Server
from .filled import board_of, share

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light", "viewport": {"width": 1440, "height": 1000}},
    "dark-390": {"color_scheme": "dark", "viewport": {"width": 390, "height": 844}},
}
STEPS = "step=load&step=fit&step=plot"
PAGES = {
    "overview": "overview?range=90d&breakdown=version",
    "live": "live",
    "boards": "boards",
    "board": "boards/{board}",
    "trends": "trends?range=90d&breakdown=os&compare=previous",
    "funnels": f"funnels?{STEPS}&range=90d",
    "retention": "retention?range=90d",
    "flows": "flows?range=90d&anchor=fit",
    "lifecycle": "lifecycle?range=90d",
    "stickiness": "stickiness?range=90d",
    "cohorts": "cohorts",
    "events": "events?range=90d",
    "event": "events?range=90d&event=fit",
    "property": "properties/os_type?range=90d",
    "property-number": "properties/run_time?range=90d",
    "releases": "releases?range=90d",
    "adoption": "adoption?range=90d",
    "errors": "errors?range=90d",
    "run-time": "run-time?range=90d",
    "support": "support?range=90d&drop=3.10",
    "exceptions": "exceptions?range=90d",
    "annotations": "annotations",
    "installs": "installs?install=install-001",
    "schema": "schema",
    "rejected": "rejected",
    "review": "review",
    "public-switch": "public",
    "traction": "traction?range=90d",
    "setup": "setup",
    "settings": "settings",
    "data": "data",
}
NEW = ("live", "boards", "cohorts", "annotations", "schema", "rejected", "events", "retention",
       "support", "releases", "exceptions", "traction", "setup", "public-switch",
       "data")  # fmt: skip
"""Pages that are looked at in a project without an event too."""
OTHERS = {
    "projects": "/",
    "shared": "{shared}",
    "public": "/public/filled",
    "new": "/new",
    "first": "/first",
    "account": "/account",
    "users": "/users",
    "missing": "/p/filled/nothing",
    "unknown-project": "/p/nobody/overview",
    "bad-link": "/shared/nothing",
    "unasked-funnel": "/p/filled/funnels",
    "unknown-install": "/p/filled/installs?install=nobody",
    "no-rows": "/p/filled/events?range=2020-01-01..2020-01-31",
    "no-support": "/p/filled/support?range=2020-01-01..2020-01-31",
    "unknown-property": "/p/filled/properties/no_such_property",
    "no-property": "/p/filled/trends?breakdown=no_such_property",
    "empty-board": "/p/filled/boards/{empty}",
    **{f"new-{name}": f"/p/blank/{path}" for name, path in PAGES.items() if name in NEW},
}
STATUS = {"missing": 404, "unknown-property": 404, "unknown-project": 404, "bad-link": 404}


@dataclass
class Site:
    """The server, and what the templates of addresses need."""

    server: Server
    names: dict[str, str]

    def address(self, name: str) -> str:
        path = OTHERS[name] if name in OTHERS else f"/p/filled/{PAGES[name]}"
        return self.server.url + path.format(**self.names)


@pytest.fixture(scope="module")
def site(server: Server, filled: Project) -> Site:
    server.create_project("blank")
    board = board_of(server, filled.name, "Weekly")
    names = {"board": board, "empty": board_of(server, filled.name, "Empty one")}
    return Site(server, names | {"shared": share(server, filled.name, board)})


@dataclass
class Looker:
    """One page of the browser in one look, which is led from address to address."""

    page: Page
    host: str
    elsewhere: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def watch(self) -> None:
        self.page.on("request", lambda request: self._asked(request.url))
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("console", self._heard)

    def _asked(self, url: str) -> None:
        if not url.startswith((self.host, "data:", "blob:")):
            self.elsewhere.append(url)

    def _heard(self, message: Any) -> None:
        # An address that isn't there is an error by itself; the browser writes so.
        if message.type in ("error", "warning") and "status of 404" not in message.text:
            self.problems.append(message.text)

    def open(self, url: str) -> Response:
        self.elsewhere.clear()
        self.problems.clear()
        answer = self.page.goto(url, wait_until="load")
        assert answer is not None
        for figure in self.page.locator("figure[data-chart]").all():
            figure.scroll_into_view_if_needed()
            expect(figure).to_have_attribute("data-state", "ready")
        self.page.evaluate("scrollTo(0, 0)")
        return answer


@pytest.fixture(scope="module", params=LOOKS)
def looker(request: pytest.FixtureRequest, browser: Browser, site: Site) -> Iterator[Looker]:
    context = browser.new_context(**LOOKS[request.param], reduced_motion="reduce")
    made = Looker(context.new_page(), site.server.url)
    made.watch()
    yield made
    context.close()


@pytest.mark.parametrize("name", [*PAGES, *OTHERS])
def test_a_page_is_whole(site: Site, looker: Looker, name: str) -> None:
    answer = looker.open(site.address(name))
    page = looker.page
    assert answer.status == STATUS.get(name, 200)
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0, f"{wide} px wider than the window"
    assert page.locator("img[src=x]").count() == 0, "a hostile name became an element"
    assert page.locator("h1").count() == 1
    found = Axe().run(page, options={"runOnly": WCAG, "resultTypes": ["violations"]})
    assert found.violations_count == 0, found.generate_report()
    assert looker.elsewhere == []
    assert looker.problems == []
