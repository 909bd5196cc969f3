"""A maintainer's first minutes, in a real browser against the real server."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, Page, Request, expect

from .conftest import Server
from .test_thin_slice import event


@pytest.fixture
def page(browser: Browser, server: Server) -> Iterator[Page]:
    """A page; the test fails if it asked any other host, or wrote an error to its console."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    elsewhere: list[str] = []
    errors: list[str] = []

    def note(request: Request) -> None:
        if not request.url.startswith((server.url, "data:")):
            elsewhere.append(request.url)

    opened.on("request", note)
    opened.on("console", lambda message: message.type == "error" and errors.append(message.text))
    opened.on("pageerror", lambda error: errors.append(str(error)))
    yield opened
    context.close()
    assert elsewhere == []
    assert errors == []


def test_the_wait_for_the_first_event_turns_into_data(server: Server, page: Page) -> None:
    project = server.create_project("browser-first")
    page.goto(f"{server.url}/p/browser-first/overview")
    expect(page).to_have_url(re.compile(r"/p/browser-first/setup$"))
    expect(page.get_by_text(project.write_key).first).to_be_visible()
    expect(page.get_by_text("@usage.log").first).to_be_visible()
    expect(page.get_by_text(re.compile("Waiting for the first event"))).to_be_visible()
    assert project.send([event("fit"), event("fit"), event("plot")]).status == 200
    expect(page).to_have_url(re.compile(r"/p/browser-first/overview"), timeout=20_000)
    row = page.get_by_role("row").filter(has_text="fit")
    expect(row).to_contain_text("2")


def test_the_overview_draws_what_was_sent(server: Server, page: Page) -> None:
    project = server.create_project("browser-overview")
    hostile = "<img src=x onerror=alert(1)>"
    sent = [event("fit", userId=f"install-{i}") for i in range(5)] + [event(hostile)]
    assert project.send(sent).status == 200
    project.query({"report": "events_table", "from": "2026-01-01", "to": today()})
    page.goto(f"{server.url}/p/browser-overview/overview")
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")
    expect(page.get_by_text(hostile).first).to_be_visible()
    assert page.locator("img[src=x]").count() == 0
    page.wait_for_selector("figure[data-chart][data-state=ready] svg")
    page.keyboard.press("t")
    assert page.evaluate("document.documentElement.dataset.theme") in ("dark", "light")


def test_projects_are_listed(server: Server, page: Page) -> None:
    name = f"browser-{uuid.uuid4().hex[:8]}"
    server.create_project(name)
    page.goto(server.url)
    page.get_by_role("link", name=name).click()
    expect(page).to_have_url(re.compile(f"/p/{name}/setup"))


def today() -> str:
    return datetime.now(UTC).date().isoformat()
