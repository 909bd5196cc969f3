"""Every question of NannyML's board has an answer in the demonstration's data."""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape
from typing import Any

import pytest

from examples.nannyml.board import board, dated
from tests.conftest import http
from tests.demo.conftest import Installed

pytestmark = pytest.mark.timeout(1200)
BOARD = board()
TODAY = datetime.now(UTC).date()
QUESTIONS = {
    card["title"]: dated(card["query"], TODAY) for card in BOARD["cards"] if "query" in card
}


@pytest.mark.parametrize("title", QUESTIONS)
def test_a_question_of_the_board_is_answered(
    installed: Installed, through_footfall: list[dict[str, Any]], title: str
) -> None:
    answer = installed.project.query(QUESTIONS[title])
    assert answer.status == 200, answer.body
    assert answer.json()["rows"], title


def test_the_way_from_fit_to_export_is_gone_to_its_end(
    installed: Installed, through_footfall: list[dict[str, Any]]
) -> None:
    (question,) = [query for query in QUESTIONS.values() if query["report"] == "funnel"]
    rows = installed.project.query(question).json()["rows"]
    assert [row["count"] for row in rows] == [1, 1, 1, 1]  # one machine, all four steps


def test_the_board_is_one_that_the_server_keeps(
    installed: Installed, through_footfall: list[dict[str, Any]]
) -> None:
    project = installed.project
    address = f"{project.server.url}/api/v1/projects/{project.name}/boards"
    made = http("POST", address, BOARD, project.authorization)
    assert made.status == 201, made.body
    kept = http("GET", f"{address}/{made.json()['id']}", headers=project.authorization)
    assert [card["title"] for card in kept.json()["cards"]] == [
        card["title"] for card in BOARD["cards"]
    ]
    page = http("GET", f"{project.server.url}/p/{project.name}/boards/{made.json()['id']}")
    assert page.status == 200  # pages are open to this machine, as there is no user yet
    shown = page.body.decode()
    assert not [title for title in QUESTIONS if escape(title) not in shown]
    assert 'role="alert"' not in shown
