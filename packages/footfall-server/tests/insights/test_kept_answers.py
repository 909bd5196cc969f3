"""Answers that are kept: just as long as nothing changes that they were made of."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from footfall_server.insights import Insights, Result
from footfall_server.model.errors import Unprocessable
from footfall_server.model.event import Event
from footfall_server.model.project import Project
from footfall_server.store import Span, Store
from footfall_server.store.changes import Changes

NOW = datetime(2026, 5, 1, tzinfo=UTC)
FIRST = datetime(2026, 1, 20, tzinfo=UTC)
DAY = timedelta(days=1)
APRIL = {"from": "2026-04-01", "to": "2026-04-30"}
MARCH = {"from": "2026-03-10", "to": "2026-03-20"}
REGULARS = {"name": "Regulars", "all": [{"event": "fit", "at_least": 2, "days": 14}]}

# Of every report some that read other times than their range: before it, after it, ever.
QUESTIONS: list[dict[str, Any]] = [
    {"report": "trends", **range_, "series": [{"measure": measure}], "interval": interval, **more}
    for range_ in (APRIL, MARCH)
    for measure, interval, more in [
        ("total", "day", {}),
        ("unique", "week", {"compare": "previous_period"}),
        ("mau", "day", {}),
        ("total", "month", {"breakdown": ["library_version"], "timezone": "Europe/Brussels"}),
        ("total", "week", {"breakdown": ["cohort"], "cohorts": [REGULARS]}),
        ("unique", "day", {"filters": [{"property": "library_version", "op": "version_gte",
                                        "values": ["1.1"]}]}),
    ]
] + [
    {"report": "events_table", **MARCH},
    {"report": "errors", **MARCH},
    {"report": "exceptions", **MARCH},
    {"report": "run_time", **MARCH},
    {"report": "adoption", **MARCH, "interval": "week"},
    {"report": "support_matrix", **MARCH},
    {"report": "drop_cost", **MARCH, "values": ["3.8"]},
    {"report": "traction", **MARCH},
    {"report": "stickiness", **MARCH},
    {"report": "lifecycle", **MARCH, "interval": "week"},
    {"report": "flows", **MARCH, "anchor": "fit"},
    {"report": "paths", **MARCH, "anchor": "fit"},
    {"report": "funnel", **MARCH, "steps": [{"event": "fit"}, {"event": "predict"}]},
    {"report": "retention", **MARCH, "unit": "week", "brackets": 4},
    {"report": "retention", **MARCH, "unit": "day", "cohort": "first_ever"},
]  # fmt: skip


class Collector:
    """Puts events into the store as the drain does, each after all before unless told otherwise."""

    orders = itertools.count(time.time_ns() // 1000 + 3600 * 1_000_000)

    def __init__(self, store: Store) -> None:
        self.store = store
        self.project = Project(random.SystemRandom().randrange(1, 2**32), "nannyml")
        self.insights = Insights(store)

    def put(self, time: datetime, order: int | None = None, skew: float = 0, **own: Any) -> int:
        """An event at a time (which a clock behind by `skew` seconds shows as earlier)."""
        order = next(self.orders) if order is None else order
        fields: dict[str, Any] = {
            "event": "fit", "install": "one", "message_id": f"m{order}",
            "properties": {"library_version": "1.2.0", "python_version": "3.8.1", "run_time": 1.5},
        }  # fmt: skip
        event = Event(
            project=self.project.id, kind="track", client_time=time - timedelta(seconds=skew),
            skew=round(skew * 1e6), received=order, time_source="client", order=order,
            **{**fields, **own},
        )  # fmt: skip
        line = msgspec.json.Encoder().encode_lines([event])
        self.store.insert("events", line, f"{self.project.id}-{order}-{time.timestamp()}")
        return order

    def ask(self, question: dict[str, Any]) -> Result:
        return asyncio.run(self.insights.run(self.project, question, NOW))

    def fresh(self, question: dict[str, Any]) -> Result:
        return asyncio.run(Insights(self.store).run(self.project, question, NOW))


@pytest.fixture
def collector(store: Store) -> Collector:
    found = Collector(store)
    found.put(FIRST)
    return found


def cached(result: Result) -> bool:
    return "cached" in result.meta


TOTAL = {"report": "trends", **MARCH, "series": [{"measure": "total"}], "fold": True}


def total(result: Result) -> Any:
    return next(row["value"] for row in result.rows if row["bucket"] is None)


def test_an_event_of_another_day_leaves_an_answer(collector: Collector) -> None:
    collector.put(datetime(2026, 3, 12, tzinfo=UTC))
    assert total(collector.ask(TOTAL)) == 1
    collector.put(datetime(2026, 3, 21, tzinfo=UTC))
    collector.put(datetime(2026, 3, 10, tzinfo=UTC) - timedelta(microseconds=1))
    assert cached(collector.ask(TOTAL))
    collector.put(datetime(2026, 3, 21, tzinfo=UTC) - timedelta(microseconds=1))
    after = collector.ask(TOTAL)
    assert (cached(after), total(after)) == (False, 2)


def test_a_look_for_a_property_leaves_an_answer_to_its_days(collector: Collector) -> None:
    """The first answer after a start looks for the property in all of the project's events."""
    kinds = {**TOTAL, "breakdown": ["kind_of_data"]}
    march = datetime(2026, 3, 12, tzinfo=UTC)
    collector.put(march, properties={"kind_of_data": "table"})
    assert collector.ask(kinds).rows == collector.fresh(kinds).rows
    collector.put(datetime(2026, 4, 1, tzinfo=UTC))
    assert cached(collector.ask(kinds))
    collector.put(march, properties={"kind_of_data": "table"})
    after = collector.ask(kinds)
    assert not cached(after)
    assert after.rows == collector.fresh(kinds).rows


def test_an_answer_of_no_event_at_all_ends_with_any_event(store: Store) -> None:
    """Then a property that no event ever had is a mistake, on whatever day it becomes one."""
    collector = Collector(store)
    kinds = {**TOTAL, "breakdown": ["kind_of_data"]}
    collector.ask(kinds)
    assert cached(collector.ask(kinds))
    collector.put(datetime(2026, 4, 1, tzinfo=UTC))
    with pytest.raises(Unprocessable, match="kind_of_data"):
        collector.ask(kinds)


def test_an_erasure_ends_an_answer_by_a_property(collector: Collector) -> None:
    """Even of other days: it may have taken the last event that had the property."""
    kinds = {**TOTAL, "breakdown": ["kind_of_data"]}
    collector.put(datetime(2026, 3, 12, tzinfo=UTC), properties={"kind_of_data": "table"})
    collector.ask(kinds)
    assert cached(collector.ask(kinds))
    collector.store.changed(collector.project.id)
    assert not cached(collector.ask(kinds))


def test_a_property_whose_last_event_was_erased_is_unknown_again(collector: Collector) -> None:
    kinds = {**TOTAL, "breakdown": ["kind_of_data"]}
    march = datetime(2026, 3, 12, tzinfo=UTC)
    collector.put(march, properties={"kind_of_data": "table"})
    collector.ask(kinds)
    collector.store.expire_events(
        datetime(2020, 1, 1, tzinfo=UTC), but={collector.project.id: NOW + 3_650 * DAY}
    )
    collector.insights.forget(collector.project.id)
    collector.put(march)
    with pytest.raises(Unprocessable, match="kind_of_data"):
        collector.ask(kinds)
    collector.put(march, properties={"kind_of_data": "table"})
    assert total(collector.ask(TOTAL)) == 2
    collector.ask(kinds)


def test_a_clock_that_is_wrong_moves_an_event_to_its_day(collector: Collector) -> None:
    assert total(collector.ask(TOTAL)) == 0
    collector.put(datetime(2026, 3, 12, tzinfo=UTC), skew=40 * 86_400)
    assert total(collector.ask(TOTAL)) == 1
    collector.put(datetime(2026, 4, 12, tzinfo=UTC), skew=31 * 86_400)
    assert cached(collector.ask(TOTAL))


def test_a_copy_that_was_acknowledged_before_takes_the_others_place(collector: Collector) -> None:
    """By two collectors: the first one's journal reaches the store last, and says another time."""
    early, late = next(collector.orders), next(collector.orders)
    shown = datetime(2026, 3, 12, tzinfo=UTC)
    collector.put(shown, late, message_id="same")
    assert total(collector.ask(TOTAL)) == 1
    collector.put(shown + 30 * DAY, early, skew=30 * 86_400, message_id="same")
    assert total(collector.ask(TOTAL)) == total(collector.fresh(TOTAL)) == 0


def test_version_filters_look_at_every_version(collector: Collector) -> None:
    """Which versions there are is read of all times, so any event may change the answer."""
    newer = {"property": "library_version", "op": "version_gte", "values": ["1.1"]}
    question = {**TOTAL, "filters": [newer]}
    collector.ask(question)
    collector.put(datetime(2026, 4, 21, tzinfo=UTC))
    assert not cached(collector.ask(question))


def test_a_kept_answer_is_what_would_be_answered_now(store: Store) -> None:
    """Every report, after every one of many events at random: a new one, a copy, a late one."""
    chance = random.Random(7)
    collector = Collector(store)
    collector.put(FIRST)
    put: list[dict[str, Any]] = []
    kept = 0
    for _ in range(24):
        order = next(collector.orders)
        event: dict[str, Any] = {
            "time": FIRST + chance.random() * 100 * DAY,
            "skew": chance.choice([0, 0, 3, -7_200, 5 * 86_400]),
            "event": chance.choice(["fit", "predict"]),
            "install": chance.choice("abc"),
            "message_id": f"m{order}",
        }
        if put and chance.random() < 0.4:
            copy = chance.choice(put)
            order = copy["order"] + chance.choice([-1, -1, 1])
            skew = chance.choice([-40, 0, 30]) * 86_400
            shown = copy["time"] - timedelta(seconds=copy["skew"])
            event = {**copy, "time": shown + timedelta(seconds=skew), "skew": skew}
            event.pop("order")
        put.append({**event, "order": order})
        collector.put(order=order, **event)
        for question in QUESTIONS:
            answer = collector.ask(question)
            if cached(answer):
                kept += 1
                assert answer.rows == collector.fresh(question).rows, (question, event)
    assert kept > 3 * len(QUESTIONS)


def test_what_a_line_says_is_read_as_the_door_writes_it() -> None:
    changes = Changes(lambda: 0.0, 10, shared=False)
    encode = msgspec.json.Encoder().encode_lines

    def line(project: int, order: int, time: datetime, skew: int = 0, event: str = "fit") -> Event:
        return Event(project, "track", event, "i", "m", time, skew, 1, "client", order, {"a": 1})

    def inserted(*lines: Event) -> dict[int, list[int]]:
        """Which days of March each project's answers are dropped of."""
        version = changes.version()
        changes.inserted(encode(lines))

        def gone(project: int, day: int) -> bool:
            start = datetime(2026, 3, day, tzinfo=UTC)
            span: Span = (start, start + DAY)
            return changes.since(version, project, [span])

        return {one: [day for day in range(1, 32) if gone(one, day)] for one in (1, 2)}

    noon, midnight = datetime(2026, 3, 5, 12, tzinfo=UTC), datetime(2026, 3, 5, tzinfo=UTC)
    every = list(range(1, 32))
    assert inserted(line(1, 10, noon)) == {1: every, 2: []}  # it may be before what is there
    assert inserted(line(1, 20, noon), line(2, 21, noon + DAY)) == {1: [5], 2: [6]}
    assert inserted(line(1, 30, midnight, -1)) == {1: [4], 2: []}
    assert inserted(line(1, 40, midnight - timedelta(microseconds=1), 1)) == {1: [5], 2: []}
    assert inserted(line(1, 50, noon, 3_599_999_999)) == {1: [5], 2: []}
    spoof = 'x","client_time":"2026-03-09T12:00:00Z","skew":0,"received":1,'
    assert inserted(line(1, 60, noon, event=spoof)) == {1: [5], 2: []}
    assert inserted(line(1, 55, noon), line(1, 56, noon)) == {1: every, 2: []}  # before another
    assert inserted(line(1, 57, noon)) == {1: every, 2: []}  # and so are those after these
    assert inserted(line(1, 61, noon)) == {1: [5], 2: []}
    changes.everything()
    assert inserted(line(2, 70, noon)) == {1: [], 2: [5]}


def test_others_that_write_too_are_waited_for_ten_seconds() -> None:
    clock = [0.0]
    changes = Changes(lambda: clock[0], 0, shared=True)
    version = changes.version()
    clock[0] = 9.9
    assert not changes.since(version, 1, [])
    clock[0] = 10.1
    assert changes.since(version, 1, [])
