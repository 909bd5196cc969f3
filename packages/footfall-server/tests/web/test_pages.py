"""The pages as a reader without JavaScript gets them."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest
from footfall_server.model.errors import Unavailable
from footfall_server.web import pages
from starlette.testclient import TestClient

from .conftest import LOCAL

HOSTILE = "</script><img src=x onerror=alert(1)>'\""


class Outline(HTMLParser):
    """What a page is made of."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def count(self, tag: str) -> int:
        return sum(name == tag for name, _ in self.tags)

    @property
    def words(self) -> str:
        return " ".join(" ".join(self.text).split())


@pytest.fixture
def busy(happened: Callable[..., None]) -> None:
    """Six weeks of use of two versions, by twelve installs."""
    for day in range(42):
        for number in range(12):
            version = "1.2.0" if day > 10 + number else "1.3.0"
            happened(
                "fit" if number % 3 else "plot",
                day + 0.1,
                f"i{number}",
                library_version=version,
                exception_occurred=number == 5 and day % 4 == 0,
            )


PAGES = ["/", "/p/nannyml/overview", "/p/nannyml/setup", "/p/nobody/overview", "/p/x/y/z"]


@pytest.mark.usefixtures("busy")
@pytest.mark.parametrize("path", PAGES)
def test_every_page_has_one_heading_a_title_and_no_inline_script(
    client: TestClient, path: str
) -> None:
    answer = client.get(path)
    page = Outline(answer.text)
    assert page.count("h1") == 1
    assert page.count("title") == 1
    assert re.search(r"<title>\S.* · Footfall</title>", answer.text)
    for tag, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on")]
        if tag == "script":
            assert "src" in attributes or attributes["type"] == "application/json"
        assert tag != "style"


@pytest.mark.usefixtures("busy")
@pytest.mark.parametrize("path", PAGES)
def test_every_page_forbids_other_hosts_frames_and_inline_code(
    client: TestClient, path: str
) -> None:
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "style-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cache-control"] == "private, no-cache"
    assert "set-cookie" not in headers


@pytest.mark.usefixtures("busy")
def test_figures_and_tables_are_html_and_right(client: TestClient) -> None:
    words = Outline(client.get("/p/nannyml/overview").text).words
    assert "Active installs, 28 days 12 0.0%" in words
    assert "Calls 336 +115.4%" in words  # 12 × 28, today left out, after 12 × 13
    assert "Today so far: 12 calls." in words
    assert "fit 224" in words
    assert "plot 112" in words
    assert "24 Nov 2026 incomplete 12" in words


@pytest.mark.usefixtures("busy")
def test_pages_stay_light(client: TestClient) -> None:
    for path in PAGES[:3]:
        answer = client.get(path, headers={"accept-encoding": "gzip"})
        assert answer.headers["content-encoding"] == "gzip"
        assert len(gzip.compress(answer.content)) <= 15_000


@pytest.mark.parametrize("where", ["name", "library_version", "os_type", "runtime_environment"])
def test_hostile_text_is_drawn_as_text(
    client: TestClient, happened: Callable[..., None], where: str
) -> None:
    properties: dict[str, Any] = {} if where == "name" else {where: HOSTILE}
    for day in range(8):
        happened(HOSTILE if where == "name" else "fit", day, **properties)
    answer = client.get("/p/nannyml/overview?breakdown=version&range=7d")
    assert "<img" not in answer.text
    page = Outline(answer.text)
    assert HOSTILE in "".join(page.text)
    assert page.count("script") == answer.text.count("</script>")


def test_unknown_parameters_are_told_and_left_out(
    client: TestClient, happened: Callable[..., None]
) -> None:
    happened()
    page = client.get("/p/nannyml/overview?colour=red&range=7d").text
    assert "“colour” is not something that this page knows; it was ignored." in page
    assert "colour=red" not in page.replace("“colour=red”", "")


def test_an_interval_that_does_not_suit_is_told(
    client: TestClient, happened: Callable[..., None]
) -> None:
    happened()
    words = Outline(client.get("/p/nannyml/overview?interval=hour&range=90d").text).words
    assert "These days can't be shown hourly; they are shown daily." in words


def test_any_other_address_is_a_page_that_leads_on(client: TestClient) -> None:
    answer = client.get("/nowhere/at/all")
    assert answer.status_code == 404
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert Outline(answer.text).count("h1") == 1


def test_a_new_project_opens_its_setup(client: TestClient) -> None:
    answer = client.get("/p/nannyml/overview")
    assert (answer.status_code, answer.headers["location"]) == (303, "/p/nannyml/setup")
    words = Outline(client.get("/p/nannyml/setup").text).words
    assert "import footfall" in words
    assert (
        'usage = footfall.Usage( "nannyml" , version=__version__,'
        ' endpoint= "https://usage.example.org" , write_key= "wk_abc123" )' in words
    )
    assert '@usage.log( "fit" )' in words
    assert "Waiting for the first event" in words
    assert "Check again" in words


def test_the_wait_ends_with_the_first_event(
    client: TestClient, happened: Callable[..., None]
) -> None:
    status = client.get("/p/nannyml/setup/status")
    assert (status.status_code, status.content) == (204, b"")
    happened(days=0.01)
    status = client.get("/p/nannyml/setup/status")
    assert status.headers["hx-redirect"] == "/p/nannyml/overview"
    words = Outline(client.get("/p/nannyml/overview").text).words
    assert "Active installs, today so far 1" in words
    assert "Figures cover today so far" in words
    assert "Events arrive" in Outline(client.get("/p/nannyml/setup").text).words


def test_only_valid_keys_are_shown(client: TestClient, services: Any) -> None:
    services.accounts.revoke_write_key(services.accounts.project("nannyml"), "wk_abc123")
    page = client.get("/p/nannyml/setup").text
    assert "wk_abc123" not in page
    assert "footfall-server project key nannyml" in page


def test_an_empty_window_says_when_the_last_event_came(
    client: TestClient, happened: Callable[..., None]
) -> None:
    happened(days=100)
    words = Outline(client.get("/p/nannyml/overview").text).words
    assert "The last event of this project came 16 Aug 2026" in words
    assert "Show 12 months" in words


def test_ci_is_left_out_unless_asked_for(
    client: TestClient, happened: Callable[..., None], services: Any
) -> None:
    happened(install="person")
    happened(install="robot", ci=True)
    page = Outline(client.get("/p/nannyml/overview").text)
    assert "Active installs, 28 days 1" in page.words
    assert "Runtime is not CI" in page.words
    assert "?filter=" in [a.get("href") for _, a in page.tags]
    words = Outline(client.get("/p/nannyml/overview?filter=").text).words
    assert "Active installs, 28 days 2" in words
    assert {query["installs"] for query in services.insights.asked} == {"human", "all"}


def test_a_project_may_name_its_version_otherwise(
    client: TestClient, happened: Callable[..., None], services: Any
) -> None:
    services.change_project(version_property="nannyml_version")
    for day in range(1, 30):
        happened(days=day, library_version=None, nannyml_version="0.13.1")
    words = Outline(client.get("/p/nannyml/overview?filter=version=0.13.1").text).words
    assert "Library version is 0.13.1" in words
    assert "Calls 28" in words


def test_a_version_that_was_never_sent_leaves_the_rest_of_the_page(
    client: TestClient, happened: Callable[..., None], services: Any
) -> None:
    services.change_project(version_property="nannyml_version")
    happened(days=2)
    for query in ("", "?breakdown=version"):
        words = Outline(client.get(f"/p/nannyml/overview{query}").text).words
        assert "Calls 1" in words
        assert "No install sent this." in words
    words = Outline(client.get("/p/nannyml/overview?filter=version=1.0").text).words
    assert "No calls in this view" in words


def test_the_date_form_leads_to_a_pinned_range(client: TestClient) -> None:
    answer = client.get("/p/nannyml/overview?compare=none&from=2026-11-09&to=2026-11-01")
    assert answer.status_code == 303
    expected = "/p/nannyml/overview?compare=none&range=2026-11-01..2026-11-09"
    assert answer.headers["location"] == expected


def test_projects_are_listed_with_their_use(
    client: TestClient, happened: Callable[..., None]
) -> None:
    happened(days=0.5, install="a")
    happened(days=3, install="b", ci=True)
    words = Outline(client.get("/").text).words
    assert "nannyml 2 2 today 01:30" in words


def test_without_a_project_the_list_tells_how_to_create_one(bare: Any) -> None:
    page = TestClient(pages(bare), **LOCAL).get("/").text
    assert "No project yet" in page
    assert "footfall-server project create NAME" in page


def test_an_unknown_project_is_a_page_that_leads_on(client: TestClient) -> None:
    answer = client.get("/p/nobody/overview")
    assert answer.status_code == 404
    assert "that you can see" in answer.text
    assert re.search(r"For the log: <code>[0-9a-f]{12}</code>", answer.text)


def test_a_store_that_does_not_answer_is_told_with_a_retry(
    client: TestClient, services: Any
) -> None:
    services.insights.failure = Unavailable("STORE_BUSY", "The store is busy; try again.")
    answer = client.get("/p/nannyml/overview?range=7d")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    page = Outline(answer.text)
    assert "The store is busy; try again." in page.words
    assert "/p/nannyml/overview?range=7d" in [a.get("href") for _, a in page.tags]


def test_a_bug_shows_an_id_and_nothing_of_the_inside(
    client: TestClient, services: Any, logs: list[Any]
) -> None:
    services.insights.failure = RuntimeError("secret inside")
    answer = client.get("/p/nannyml/overview")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    (id,) = re.findall(r"For the log: <code>([0-9a-f]{12})</code>", answer.text)
    (entry,) = logs
    assert (entry["log_level"], entry["id"], entry["path"]) == ("error", id, "/p/nannyml/overview")
