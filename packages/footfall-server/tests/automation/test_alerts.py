"""Alerts: when they fire, when they are asked, whom they tell."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from footfall_server.accounts import Accounts, Documents
from footfall_server.automation.alerts import KIND, Alerts, When, fires
from footfall_server.automation.destinations.guard import Guard
from footfall_server.insights import Result
from footfall_server.model.errors import Unprocessable

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
WHEN = When("value", "gt", 10)


def rows(*values: tuple[str | None, float | None, bool]) -> Result:
    found = [
        {"bucket": bucket, "value": value, "incomplete": cut, "compare": False}
        for bucket, value, cut in values
    ]
    return Result("trends", {}, found, {})


def test_the_newest_complete_bucket_decides() -> None:
    fired = rows(("2026-03-08", 5, False), ("2026-03-09", 11, False), ("2026-03-10", 99, True))
    assert (fires(WHEN, fired) or {})["value"] == 11
    calm = rows(("2026-03-08", 50, False), ("2026-03-09", 10, False))
    assert fires(WHEN, calm) is None
    assert fires(WHEN, rows()) is None
    assert fires(WHEN, rows(("2026-03-09", None, False))) is None


def test_reports_without_buckets_fire_by_any_row_the_worst_is_told() -> None:
    result = Result(
        "errors", {}, [{"value": "1.0", "rate": 0.2}, {"value": "1.1", "rate": 0.5}], {}
    )
    assert fires(When("rate", "gte", 0.2), result) == {"value": "1.1", "rate": 0.5}
    regressed = Result("errors", {}, [{"value": "1.0", "regressed": True}], {})
    assert fires(When("regressed", "gte", 1), regressed) is not None
    assert fires(When("nothing", "gte", 1), regressed) is None


class Insights:
    def __init__(self) -> None:
        self.answer: Result | Unprocessable = rows(("2026-03-09", 1, False))
        self.asked: list[Any] = []

    async def run(self, project: Any, query: Any, now: datetime) -> Result:
        self.asked.append(query)
        if isinstance(self.answer, Unprocessable):
            raise self.answer
        return self.answer


class Hook(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        length = int(self.headers["content-length"])
        self.server.told.append(json.loads(self.rfile.read(length)))  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def hook() -> Iterator[Any]:
    server = HTTPServer(("127.0.0.1", 0), Hook)
    server.told = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_it_tells_when_it_begins_and_when_it_ends_and_only_then(tmp_path: Path, hook: Any) -> None:
    now = [NOW]
    accounts = Accounts(f"sqlite:///{tmp_path}/metadata.db", clock=lambda: now[0])
    project = accounts.create_project("lib").project
    body = {
        "query": {"report": "trends"},
        "days": 7,
        "when": {"field": "value", "op": "gt", "than": 10},
        "webhook": f"http://127.0.0.1:{hook.server_port}/",
    }
    kept = Documents(accounts).create(project, KIND, "Busy", body)
    insights = Insights()
    guard = Guard([ip_network("127.0.0.0/8")])
    alerts = Alerts(insights, accounts, lambda: now[0], guard)

    def look(hours: float = 1) -> dict[str, Any]:
        now[0] += timedelta(hours=hours)
        asyncio.run(alerts.look())
        return alerts.state(project, kept.id)

    assert not look()["firing"]
    assert insights.asked[-1]["from"] == "2026-03-04"
    assert insights.asked[-1]["to"] == "2026-03-10"
    assert hook.told == []
    look(0.5)
    assert len(insights.asked) == 1  # not due yet
    insights.answer = rows(("2026-03-09", 12, False))
    state = look()
    assert state["firing"]
    assert state["told"] == "delivered"
    assert state["since"] == now[0].isoformat()
    look()
    assert [one["firing"] for one in hook.told] == [True]
    assert hook.told[0]["row"]["value"] == 12
    insights.answer = Unprocessable("UNKNOWN_PROPERTY", "No event has it.")
    broken = look()
    assert (broken["firing"], broken["problem"]) == (True, "No event has it.")
    insights.answer = rows(("2026-03-09", 3, False))
    assert not look()["firing"]
    assert [one["firing"] for one in hook.told] == [True, False]
    accounts.close()


def test_of_two_servers_one_asks(tmp_path: Path, hook: Any) -> None:
    """Both see that it is due before either writes down that it looks."""
    url = f"sqlite:///{tmp_path}/metadata.db"
    both = [Accounts(url, clock=lambda: NOW) for _ in range(2)]
    project = both[0].create_project("lib").project
    body = {
        "query": {"report": "trends"},
        "when": {"field": "value", "op": "gt", "than": 10},
        "webhook": f"http://127.0.0.1:{hook.server_port}/",
    }
    kept = Documents(both[0]).create(project, KIND, "Busy", body)
    insights = Insights()
    insights.answer = rows(("2026-03-09", 12, False))
    meeting = threading.Barrier(2)

    class Server(Alerts):
        def state(self, *asked: Any) -> dict[str, Any]:
            found = super().state(*asked)
            meeting.wait(10)
            return found

    for now in (NOW, NOW + timedelta(hours=1)):  # without a state, and with one
        looking = [
            threading.Thread(
                target=lambda one: asyncio.run(one.look()),
                args=[Server(insights, each, lambda: now, Guard([ip_network("127.0.0.0/8")]))],  # noqa: B023
            )
            for each in both
        ]
        for thread in looking:
            thread.start()
        for thread in looking:
            thread.join()
    assert len(insights.asked) == 2
    assert [one["firing"] for one in hook.told] == [True]
    assert Alerts(insights, both[1], lambda: NOW).state(project, kept.id)["told"] == "delivered"
    for each in both:
        each.close()
