"""Turns, cancelling and kept answers: correct first."""

from __future__ import annotations

import asyncio
import copy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from footfall_server.insights import Insights
from footfall_server.insights.cache import Cache
from footfall_server.insights.result import Result
from footfall_server.insights.turns import Turns
from footfall_server.model.errors import FootfallError, TooMany, Unprocessable
from footfall_server.store import Limits, Statement, Store, Version

from tests.endless import FOREVER, running

from . import oracle
from .conftest import Library

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOW = datetime(2026, 3, 2, 11, 58, tzinfo=UTC)
TOTAL = {
    "report": "trends", "from": "2026-03-01", "to": "2026-03-02", "fold": True,
    "series": [{"measure": "total"}],
}  # fmt: skip


def event(place: int) -> Any:
    return oracle.Event("fit", "i", f"m{place}", AT, place + 1)


def folded(result: Result) -> Any:
    return [row["value"] for row in result.rows if row["bucket"] is None]


def ask(library: Library, now: datetime = NOW, **query: Any) -> Result:
    return library.ask(now, **{**TOTAL, **query})


def test_an_answer_is_kept_until_the_projects_data_change(library: Library, store: Store) -> None:
    other = Library(store)
    library.add([event(1)])
    first, again = ask(library), ask(library)
    assert (first.meta.get("cached"), again.meta["cached"]) == (None, True)
    assert again.rows == first.rows
    other.add([event(1)])
    assert ask(library).meta["cached"]
    library.add([event(2)])
    after = ask(library)
    assert "cached" not in after.meta
    assert folded(after) == [2]


def test_a_kept_answer_cant_be_changed_by_who_got_it(library: Library) -> None:
    library.add([event(1)])
    asked = {
        "breakdown": ["event"],
        "filters": [{"property": "event", "op": "in", "values": ["fit"]}],
    }
    first = ask(library, **asked)
    pristine = copy.deepcopy(first)
    for answer in (first, ask(library, **asked)):
        answer.rows[0]["value"] = "changed"
        answer.rows[0]["segment"].append("changed")
        answer.query["filters"][0]["values"].append("changed")
        answer.meta["incomplete"] = answer.meta["changed"] = True
    kept = ask(library, **asked)
    assert kept.meta.pop("cached")
    assert kept.meta.pop("elapsed_ms") >= 0
    del pristine.meta["elapsed_ms"]
    assert (kept.rows, kept.query, kept.meta) == (pristine.rows, pristine.query, pristine.meta)


def test_a_kept_answer_is_of_its_question_alone(library: Library) -> None:
    library.add([event(1)])
    ask(library)
    others: list[dict[str, Any]] = [
        {"to": "2026-03-03"}, {"timezone": "Europe/Brussels"}, {"installs": "ci"},
        {"interval": "week"}, {"filters": [{"property": "event", "op": "is_set"}]},
    ]  # fmt: skip
    for other in others:
        assert "cached" not in ask(library, **other).meta


def test_time_that_passes_an_edge_makes_a_new_answer(library: Library) -> None:
    library.add([event(1)])
    day = {"from": "2026-03-01", "to": "2026-03-01"}
    before = ask(library, datetime(2026, 3, 1, 23, 59, 59, tzinfo=UTC), **day)
    after = ask(library, datetime(2026, 3, 2, tzinfo=UTC), **day)
    assert [row["incomplete"] for row in before.rows] != [row["incomplete"] for row in after.rows]
    instants = {"from": "2026-03-01T00:00:00Z", "to": "2026-03-02T11:58:30Z"}
    assert "cached" not in ask(library, NOW, **instants).meta
    assert ask(library, NOW, **instants).meta["cached"]
    assert "cached" not in ask(library, NOW + timedelta(seconds=1), **instants).meta


def test_time_changes_nothing_of_a_range_that_is_over(library: Library) -> None:
    library.add([event(1)])
    ask(library, NOW, **{"from": "2026-02-01", "to": "2026-03-01"})
    later = NOW + timedelta(days=9)
    assert ask(library, later, **{"from": "2026-02-01", "to": "2026-03-01"}).meta["cached"]
    ahead = {"report": "retention", "from": "2026-02-01", "to": "2026-03-01", "unit": "day"}
    first = library.ask(NOW, **ahead)
    after = library.ask(NOW + timedelta(days=1), **ahead)
    assert "cached" not in after.meta
    assert first.rows != after.rows


def test_sql_is_never_kept(library: Library) -> None:
    library.add([event(1)])
    for _ in range(2):
        assert "cached" not in library.ask(report="sql", sql="select now64(9) n").meta


def test_an_error_is_not_kept_and_frees_its_turn(store: Store) -> None:
    library = Library(store)
    library.add([event(1)])
    for _ in range(5):
        with pytest.raises(FootfallError, match="no_such"):
            ask(library, breakdown=["no_such"])
    assert folded(ask(library)) == [1]


def test_the_cache_is_bounded() -> None:
    cache = Cache(rows=10)

    def get(number: int, count: int = 0) -> Result | None:
        return cache.get(number, lambda version, spans: version.count < count)

    for number in range(6):
        cache.put(number, Version(0), None, Result("trends", {}, [{"a": 1}] * 4, {}))
    assert [number for number in range(6) if get(number)] == [4, 5]
    cache.put(7, Version(0), None, Result("trends", {}, [{"a": 1}] * 11, {}))
    assert get(7) is None
    assert get(5, 1) is None  # of older data
    assert get(5) is None  # and gone


def test_so_many_at_a_time_in_the_order_in_which_they_came() -> None:
    turns, order, most = Turns(running=2), [], 0

    async def work(number: int) -> None:
        nonlocal most
        async with turns.turn(1):
            order.append(number)
            most = max(most, len(order) - len(ended))
            await asyncio.sleep(0.001)
            ended.append(number)

    ended: list[int] = []

    async def main() -> None:
        await asyncio.gather(*(work(number) for number in range(20)))

    asyncio.run(main())
    assert order == list(range(20))
    assert most == 2


def test_a_full_line_says_so_and_other_projects_go_on() -> None:
    turns = Turns(running=1, waiting=1)

    async def main() -> None:
        go = asyncio.Event()

        async def hold(project: int) -> None:
            async with turns.turn(project):
                await go.wait()

        held = [asyncio.create_task(hold(1)) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(TooMany) as raised:
            await hold(1)
        assert (raised.value.code, raised.value.retry_after) == ("TOO_MANY_QUERIES", 5)
        other = asyncio.create_task(hold(2))
        await asyncio.sleep(0)
        go.set()
        await asyncio.gather(*held, other)
        await hold(1)

    asyncio.run(main())


def test_who_waits_too_long_or_goes_away_keeps_nobody_from_their_turn() -> None:
    turns = Turns(running=1, seconds=0.01)

    async def main() -> None:
        async with turns.turn(1):
            with pytest.raises(TooMany):
                async with turns.turn(1):
                    pass
            gone = asyncio.create_task(turns.turn(1).__aenter__())
            await asyncio.sleep(0)
            gone.cancel()
            with pytest.raises(asyncio.CancelledError):
                await gone
        for _ in range(3):
            async with turns.turn(1):
                pass

    asyncio.run(main())


def test_a_turn_that_comes_to_who_has_just_gone_is_handed_on() -> None:
    turns = Turns(running=1)

    async def main() -> None:
        first = turns.turn(1)
        await first.__aenter__()
        second = asyncio.create_task(turns.turn(1).__aenter__())
        third = asyncio.create_task(turns.turn(1).__aenter__())
        await asyncio.sleep(0)
        await first.__aexit__(None, None, None)  # hands the turn to the second …
        second.cancel()  # … which goes before it can take it
        with pytest.raises(asyncio.CancelledError):
            await second
        await asyncio.wait_for(third, 5)

    asyncio.run(main())


def test_a_cancelled_query_stops_in_the_engine_and_frees_its_turn(store: Store) -> None:
    insights = Insights(store, turns=Turns(running=1))

    async def main() -> None:
        async def endless() -> None:
            async with insights._turns.turn(1):
                await store.run(FOREVER, Limits(seconds=120))

        task = asyncio.create_task(endless())
        while not await running(store):
            await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await running(store) == 0
        async with insights._turns.turn(1):
            pass

    asyncio.run(main())


def test_a_query_that_is_cancelled_before_it_begins_never_does(store: Store) -> None:
    async def main() -> None:
        task = asyncio.create_task(store.run(FOREVER, Limits(seconds=120)))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())


def test_what_takes_too_long_says_what_to_do(store: Store) -> None:
    with pytest.raises(FootfallError) as raised:
        store.query(FOREVER, Limits(seconds=0.2))
    assert raised.value.code == "QUERY_TOO_SLOW"
    assert "shorten the range" in raised.value.message
    assert raised.value.status == 422


def test_a_write_counts_for_its_own_projects(store: Store) -> None:
    one, two, three = Library(store), Library(store), Library(store)
    before = store.version()
    from .conftest import lines

    mixed = lines(one.project.id, [event(1)]) + b"\n" + lines(two.project.id, [event(1)]) + b"\n"
    store.insert("events", mixed, f"mixed-{one.project.id}")
    changed = [store.changed_since(before, each.project.id, None) for each in (one, two, three)]
    assert changed == [True, True, False]


def test_a_query_that_says_more_than_the_engine_reads_is_refused(library: Library) -> None:
    library.add([event(1)])
    texts = [f"value {place}" for place in range(1_900)]
    long = [{"property": "run_time", "op": "contains", "values": texts}]
    with pytest.raises(Unprocessable, match="take fewer") as raised:
        ask(library, series=[{"filters": long}, {"filters": [{"not": long[0]}]}])
    assert raised.value.code == "QUERY_TOO_LARGE"


def test_groups_that_memory_has_no_room_for_are_set_aside(store: Store) -> None:
    """More groups than memory may hold: counted right, with the disk; an error beyond both."""
    many = Statement(
        "SELECT count() AS groups, sum(times) AS times FROM ("
        "SELECT sipHash64(number % 6000000) AS key, count() AS times, max(toString(number)) "
        "FROM numbers(9000000) GROUP BY key)"
    )
    memory = 300 * 1024**2
    answer = store.query(many, Limits(memory_bytes=memory)).to_pylist()
    assert answer == [{"groups": 6_000_000, "times": 9_000_000}]
    with pytest.raises(FootfallError, match="more memory and disk than it may: shorten") as raised:
        store.query(many, Limits(memory_bytes=memory, disk_bytes=1024**2))
    assert raised.value.code == "QUERY_TOO_LARGE"
