"""Rates, the live view and patience, each alone and with a clock of the test's own."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from footfall_server.ingest.live import Live
from footfall_server.ingest.patience import Patience
from footfall_server.ingest.policy import Limits
from footfall_server.ingest.rate import Rates
from footfall_server.journal import Entry
from footfall_server.model.errors import TooMany, TooSlow
from footfall_server.model.histogram import Histogram


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_bucket_fills_again_by_its_rate() -> None:
    clock = Clock()
    rates, limits = Rates(clock), Limits(events_per_second=10, burst=20)
    rates.take(1, 20, limits)
    with pytest.raises(TooMany) as raised:
        rates.take(1, 15, limits)
    assert raised.value.retry_after == 2  # 15 events at 10 a second
    clock.now = 1.4
    with pytest.raises(TooMany):
        rates.take(1, 15, limits)
    clock.now = 1.5
    rates.take(1, 15, limits)
    clock.now = 1_000
    rates.take(1, 20, limits)  # it is never fuller than its burst
    with pytest.raises(TooMany):
        rates.take(1, 1, limits)
    rates.take(2, 20, limits)


def test_a_batch_larger_than_the_burst_goes_and_is_paid_for() -> None:
    clock = Clock()
    rates, limits = Rates(clock), Limits(events_per_second=10, burst=20)
    rates.take(1, 100, limits)
    clock.now = 8
    with pytest.raises(TooMany):
        rates.take(1, 1, limits)
    clock.now = 8.2
    rates.take(1, 1, limits)


def entry(number: int, lines: int, size: int = 10) -> Entry:
    line = json.dumps({"number": number, "x": "x" * size}).encode() + b"\n"
    return Entry(number, "events", lines, line * lines)


def shown(live: Live, project: int = 1) -> list[int]:
    async def read() -> Any:
        listener = live.listen(project)
        live.leave(project, listener)
        return await listener.next(1) if live._recent.get(project) else ([], 0)

    lines, _ = asyncio.run(read())
    return [json.loads(line.text)["number"] for line in lines]


def test_the_last_hundred_lines_are_remembered_whatever_their_batches() -> None:
    live = Live()
    assert shown(live) == []
    for number in range(300):
        live.saw(1, [entry(number, 1)])
    assert shown(live) == list(range(200, 300))
    live.saw(1, [entry(500, 2_500)])
    assert shown(live) == [500] * 100
    live.saw(2, [entry(7, 1)])
    assert shown(live, 2) == [7]


def test_what_is_remembered_is_bounded_in_bytes_and_projects() -> None:
    live = Live()
    for project in range(1_000):
        live.saw(project, [entry(project, 1)])
    for number in range(200):
        live.saw(999, [entry(number, 1, 32_000)])
    kept = sum(recent.size for recent in live._recent.values())
    assert kept < 1 << 20
    assert len(live._recent) <= 256
    assert shown(live, 999)[-1] == 199


def test_nobody_pays_for_listeners_that_have_gone() -> None:
    async def listen() -> None:
        live = Live()
        listeners = [live.listen(1, recent=False) for _ in range(50)]
        with pytest.raises(TooMany):
            live.listen(1)
        for listener in listeners:
            live.leave(1, listener)
        assert live._listeners == {}
        live.listen(1)

    asyncio.run(listen())


def test_a_queue_that_is_full_counts_what_it_leaves_out() -> None:
    async def listen() -> tuple[int, int]:
        live = Live()
        listener = live.listen(1)
        for number in range(10):
            live.saw(1, [entry(number, 100)])
        news = await listener.next(1)
        assert news is not None
        assert await listener.next(0.001) == ([], 0)
        live.close()
        assert await listener.next(1) is None
        return len(news[0]), news[1]

    assert asyncio.run(listen()) == (500, 500)


@pytest.mark.parametrize(("step", "steps"), [(21.0, 1), (19.0, 7)])
def test_patience_ends_what_pauses_and_what_never_ends(step: float, steps: int) -> None:
    """Idle for longer than 20 s; or never idle, and not done after 120 s."""

    async def read() -> bool:
        clock = Clock()
        patience = Patience(20, 120, clock)
        reading = patience.begin()
        try:
            for _ in range(steps):
                reading.heard = clock.now
                clock.now += step
                patience._look()
                await asyncio.sleep(0)
        except asyncio.CancelledError:
            assert isinstance(patience.interrupted(reading), TooSlow)
            await asyncio.sleep(0)  # the task itself goes on, to answer
            return True
        finally:
            patience.end(reading)
        return False

    assert asyncio.run(read())


def test_being_cancelled_by_somebody_else_is_no_slowness() -> None:
    async def read() -> None:
        patience = Patience()
        reading = patience.begin()
        assert patience.interrupted(reading) is None
        patience.end(reading)

    asyncio.run(read())


def test_a_histogram_counts_up_to_its_bounds() -> None:
    histogram = Histogram((1.0, 2.0))
    for value in (0.5, 1.0, 1.5, 9.0):
        histogram.add(value)
    assert histogram.cumulated() == [("1.0", 2.0), ("2.0", 3.0), ("+Inf", 4.0)]
    assert Histogram.total([histogram, histogram]).sum == 24.0
