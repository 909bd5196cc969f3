"""A maintainer's way in a real browser: from an empty server to a board that others see."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from footfall_server.accounts import Accounts, Users
from playwright.sync_api import Browser, Page, expect

from .conftest import Server, http
from .test_thin_slice import event

EMAIL, PASSWORD = "ada@example.org", "a few words in a row"
STEPS = ("load", "fit", "plot")


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield context.new_page()
    context.close()


def use() -> list[dict[str, object]]:
    """Five installs, of which each does a step less than the one before."""
    return [
        event(name, userId=f"install-{number}")
        for number in range(5)
        for name in STEPS[: 3 - number // 2]
    ]


def test_from_an_empty_server_to_a_board_that_others_see(
    own_server: Server, page: Page, browser: Browser
) -> None:
    page.goto(own_server.url)
    page.get_by_role("link", name="Create the first account").click()
    page.locator("#f-email").fill(EMAIL)
    page.locator("#f-password").fill(PASSWORD)
    page.get_by_role("button", name="Create the account").click()

    page.get_by_role("link", name="Create a project").click()
    page.locator("#f-name").fill("library")
    page.get_by_role("button", name=re.compile("Create")).click()
    key = page.locator("#write-key").inner_text()
    page.get_by_role("link", name="Set it up").click()
    expect(page.get_by_text("Waiting for the first event")).to_be_visible()

    answer = http("POST", f"{own_server.url}/v1/batch", {"writeKey": key, "batch": use()})
    assert answer.status == 200, answer.body
    expect(page).to_have_url(re.compile("/p/library/overview"), timeout=20_000)

    page.get_by_role("link", name="Funnels").click()
    for number, step in enumerate(STEPS[:2], 1):
        page.get_by_label(f"Step {number}").fill(step)
    page.get_by_role("button", name="Show").click()
    page.get_by_label("Step 3").fill(STEPS[2])
    page.get_by_role("button", name="Show").click()
    expect(page.locator("ol.funnel").first).to_contain_text("plot")

    page.keyboard.press("Escape")
    page.locator("#q-save").click()
    page.get_by_label("Title", exact=True).fill("How far they get")
    page.get_by_label("Board", exact=True).fill("Weekly")
    page.get_by_role("button", name="Save to board").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Weekly")
    expect(page.get_by_role("link", name="How far they get")).to_be_visible()

    page.get_by_role("button", name="Share").click()
    link = page.locator("#share-link").inner_text()
    stranger = browser.new_context().new_page()
    stranger.goto(link)
    expect(stranger.get_by_text("How far they get").first).to_be_visible()
    expect(stranger.locator("ol.funnel")).to_contain_text("40.0% of the first step")
    stranger.goto(f"{own_server.url}/p/library/overview")
    expect(stranger).to_have_url(re.compile("/login"))
    stranger.context.close()


def test_a_wrong_password_is_told_and_guessing_is_slowed(own_server: Server, page: Page) -> None:
    accounts = Accounts(f"sqlite:///{own_server.data}/metadata.db")
    Users(accounts).create(EMAIL, PASSWORD, admin=True)
    accounts.close()
    page.goto(f"{own_server.url}/users")
    expect(page).to_have_url(re.compile("/login"))

    def enter(password: str) -> None:
        page.locator("#f-email").fill(EMAIL)
        page.locator("#f-password").fill(password)
        page.get_by_role("button", name="Sign in").click()

    for _ in range(5):
        enter("not this")
        expect(page.get_by_role("alert")).to_contain_text("password is wrong")
        expect(page.locator("#f-email")).to_have_value(EMAIL)
        expect(page.locator("#f-password")).to_have_value("")
    enter(PASSWORD)
    expect(page.get_by_role("alert")).to_contain_text(re.compile("[Tt]oo many"))


def test_after_signing_in_one_is_where_one_wanted_to_be(own_server: Server, page: Page) -> None:
    accounts = Accounts(f"sqlite:///{own_server.data}/metadata.db")
    Users(accounts).create(EMAIL, PASSWORD, admin=True)
    accounts.close()
    page.goto(f"{own_server.url}/users")
    page.keyboard.press("Tab")
    page.locator("#f-email").focus()
    page.keyboard.type(EMAIL)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{own_server.url}/users")
    expect(page.get_by_role("rowheader", name=EMAIL)).to_be_visible()


@pytest.fixture
def used(server: Server) -> str:
    """A project's name; its events show."""
    name = f"keys-{datetime.now(UTC):%H%M%S%f}"
    project = server.create_project(name)
    assert project.send(use()).status == 200
    day = datetime.now(UTC).date().isoformat()
    assert project.query({"report": "events_table", "from": day, "to": day}).status == 200
    return name


def tab_to(page: Page, selector: str, most: int = 80) -> None:
    """Press Tab until the element has the focus."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("one => document.activeElement.matches(one)", selector):
            return
    pytest.fail(f"{selector} can't be reached by Tab")


def test_the_whole_way_by_keyboard_alone(server: Server, used: str, page: Page) -> None:
    page.goto(f"{server.url}/p/{used}/overview")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    tab_to(page, "#q-date")

    page.keyboard.press("Control+k")
    page.keyboard.type("funn")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/funnels$"))

    tab_to(page, "#step-1")
    page.keyboard.type("load")
    tab_to(page, "#step-2")
    page.keyboard.type("fit")
    page.keyboard.press("Enter")
    expect(page.locator("ol.funnel")).to_be_visible()
    shown = page.url

    page.keyboard.press("Tab")  # out of the field, in which keys are letters
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("s")
    tab_to(page, "input[name=board]", 5)
    page.keyboard.press("Control+a")
    page.keyboard.type("By hand")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("By hand")

    page.go_back()
    expect(page).to_have_url(shown)
    page.keyboard.press("d")
    expect(page.get_by_role("link", name="Last 7 days")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#q-date")).to_be_focused()
    page.keyboard.press("?")
    keys = page.locator("#keys")
    for key in ("s", "p", "/", "Ctrl K"):
        expect(keys.locator("kbd", has_text=re.compile(f"^{re.escape(key)}$"))).to_be_visible()
    page.keyboard.press("Escape")
    expect(keys).to_be_hidden()


def test_live_is_paused_by_its_key(server: Server, used: str, page: Page) -> None:
    page.goto(f"{server.url}/p/{used}/live")
    expect(page.locator("#live-rows tr").first).to_be_visible(timeout=20_000)
    page.keyboard.press("p")
    expect(page.locator("#live-pause")).to_have_attribute("aria-pressed", "true")


def test_the_palette_finds_whatever_has_a_page(server: Server, used: str, page: Page) -> None:
    other = f"{used}-other"
    server.create_project(other)
    page.goto(f"{server.url}/p/{used}/overview")
    field, options = page.get_by_role("combobox"), page.get_by_role("option")
    page.keyboard.press("/")
    expect(field).to_be_focused()
    page.keyboard.type("pl")
    expect(options.first).to_have_text(re.compile("plot.*Event"))
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    chosen = field.get_attribute("aria-activedescendant")
    assert page.locator(f"#{chosen}").get_attribute("aria-selected") == "true"
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/events\?event=plot$"))
    expect(page.get_by_role("heading", level=1)).to_have_text("plot")

    page.keyboard.press("Control+k")
    page.keyboard.type("library_version property")
    expect(options).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("library_version")

    page.keyboard.press("Control+k")
    page.keyboard.type("nothing is called so")
    expect(options).to_have_count(0)
    expect(page.locator("#palette [role=status]")).to_have_text("Nothing is called so")
    page.keyboard.press("Escape")
    expect(field).to_be_hidden()

    page.keyboard.press("Control+k")
    page.keyboard.type(other)
    expect(options).to_have_count(1)
    options.first.click()
    expect(page).to_have_url(re.compile(f"/p/{other}/setup"))
