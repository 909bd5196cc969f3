"""Trends as a page of its own, saved on boards, arranged and shared."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from footfall_server.web import pages
from starlette.testclient import TestClient

from .conftest import LOCAL
from .test_pages import HOSTILE, Outline

SAME = {"sec-fetch-site": "same-origin"}
BOARDS = "/p/nannyml/boards"


@pytest.fixture(autouse=True)
def use(happened: Callable[..., None]) -> None:
    for day in range(1, 20):
        happened("fit", day, f"i{day % 3}")
        happened(HOSTILE, day, "a")


def save(client: TestClient, view: str, title: str = "Installs", board: str = "Weekly") -> str:
    fields = {"do": "card.add", "view": view, "title": title, "board": board}
    answer = client.post(BOARDS, data=fields, headers=SAME)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def test_trends_draws_what_its_address_asks_for(client: TestClient, services: Any) -> None:
    page = client.get("/p/nannyml/trends?m=total&e=fit&p=&m=unique&e=&p=&range=7d&compare=none")
    assert page.status_code == 200
    asked = [query for query in services.insights.asked if query["report"] == "trends"][-1]
    assert [(one["measure"], one["event"]) for one in asked["series"]] == [
        ("total", "fit"),
        ("unique", None),
    ]
    words = Outline(page.text).words
    assert "Calls, fit" in words
    assert "The question, for programs" in words
    assert "curl" in words


def test_trends_explains_what_can_not_be_asked(client: TestClient, services: Any) -> None:
    from footfall_server.model.errors import Unprocessable

    services.insights.failure = Unprocessable("INVALID_FORMULA", "The formula ends too early.")
    page = client.get("/p/nannyml/trends?f=A+/")
    assert page.status_code == 200
    assert "The formula ends too early." in page.text


@pytest.mark.parametrize("form", ["csv", "json", "py"])
def test_trends_comes_as_a_file(client: TestClient, form: str) -> None:
    answer = client.get(f"/p/nannyml/trends?m=total&e=fit&p=&format={form}")
    assert answer.headers["content-disposition"].startswith("attachment")
    assert "fit" in answer.text


def test_a_view_is_saved_with_its_address_and_shown_anew(client: TestClient, services: Any) -> None:
    board = save(client, "trends?m=total&e=fit&p=&range=7d", "Fits")
    words = Outline(client.get(board).text).words
    assert "Fits" in words
    assert "Per day" in words
    document = services.documents.all(services.accounts.project("nannyml"), "boards")[0]
    assert document.body["cards"] == [{"title": "Fits", "view": "trends?m=total&e=fit&p=&range=7d"}]
    assert "Weekly" in client.get(BOARDS).text


def test_hostile_titles_are_text(client: TestClient) -> None:
    board = save(client, f"trends?m=total&e={'%3Cscript%3E'}&p=", HOSTILE, HOSTILE.strip("'\""))
    for page in (client.get(board).text, client.get(BOARDS).text):
        assert "<img src=x" not in page


def test_cards_are_moved_widened_and_removed(client: TestClient, services: Any) -> None:
    for title in ("one", "two", "three"):
        board = save(client, "trends", title)

    def titles() -> list[tuple[str, str]]:
        found = services.documents.all(services.accounts.project("nannyml"), "boards")[0]
        return [(card["title"], card.get("width", "half")) for card in found.body["cards"]]

    def change(**fields: str) -> None:
        assert client.post(board, data=fields, headers=SAME).status_code == 303

    change(do="up", card="2")
    assert [title for title, _ in titles()] == ["one", "three", "two"]
    change(do="order", order="2,0,1")
    assert [title for title, _ in titles()] == ["two", "one", "three"]
    change(do="width", card="0")
    assert titles()[0] == ("two", "full")
    for nonsense in ({"do": "order", "order": "0,0,1"}, {"do": "remove", "card": "9"}):
        change(**nonsense)
    assert len(titles()) == 3
    change(do="remove", card="1")
    assert [title for title, _ in titles()] == ["two", "three"]
    change(do="words", title="", text="What these mean")
    assert "What these mean" in client.get(board).text


def test_a_shared_board_is_seen_by_who_has_its_link_until_it_is_withdrawn(
    client: TestClient, services: Any
) -> None:
    board = save(client, "trends?m=total&e=fit&p=", "Fits")
    page = client.post(board, data={"do": "share"}, headers=SAME).text
    link = page.split('id="share-link">')[1].split("<")[0]
    path = "/shared/" + link.split("/shared/")[1]
    assert path.split("/")[2] not in client.get(board).text
    away: Any = {"base_url": "https://usage.example", "client": ("203.0.113.5", 50_000)}
    with TestClient(pages(services), follow_redirects=False, **away) as other:
        shown = other.get(path)
        assert shown.status_code == 200
        assert "Fits" in shown.text
        assert "<form" not in shown.text.split("<main")[1].split("</main>")[0]
        assert other.get(BOARDS).status_code == 401
        assert other.get("/shared/made-up").status_code == 404
        assert client.post(board, data={"do": "unshare"}, headers=SAME).status_code == 303
        assert other.get(path).status_code == 404


def test_viewers_look_and_change_nothing(services: Any, client: TestClient) -> None:
    board = save(client, "trends")
    cookies = services.sign_in("ada@example.org", "viewer")
    with TestClient(pages(services), follow_redirects=False, cookies=cookies, **LOCAL) as viewer:
        page = viewer.get(board)
        assert page.status_code == 200
        assert "Take" not in page.text
        assert "Save to board" not in viewer.get("/p/nannyml/trends").text
        for path, fields in ((board, {"do": "delete"}), (BOARDS, {"board": "mine"})):
            assert viewer.post(path, data=fields, headers=SAME).status_code == 403


def test_an_empty_list_and_an_empty_board_lead_on(client: TestClient) -> None:
    assert "No board yet" in client.get(BOARDS).text
    made = client.post(BOARDS, data={"board": "Empty"}, headers=SAME).headers["location"]
    assert "Nothing on this board yet" in client.get(made).text
    assert client.post(made, data={"do": "delete"}, headers=SAME).headers["location"] == BOARDS
    assert client.get(made).status_code == 404
