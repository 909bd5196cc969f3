"""`python -m benchmarks.insights.ours DATA NAME ROUNDS [ANSWER]`: one question, in a process of its
own; its answer is written to a file, as JSON."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from footfall_server.insights import Insights, Result
from footfall_server.model.event import Event
from footfall_server.model.project import Project
from footfall_server.settings import QUERY_BYTES
from footfall_server.store import Limits, open_store
from footfall_server.web import overview
from footfall_server.web.view import View

from benchmarks.insights.questions import QUESTIONS, Question

PROJECT = Project(1, "bench")
NOW = datetime(2026, 7, 1, tzinfo=UTC)


def peak() -> float:
    """The most memory that the process has had, in MB."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def cpu() -> float:
    """Seconds that all threads of the process have computed."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def answer(insights: Insights, question: Question) -> Result | None:
    """None: the page's many."""
    if question.query is None:
        await overview.load(insights, PROJECT, View(range="90d"), NOW)
        return None
    return await insights.run(PROJECT, question.query, NOW)


def main(data: Path, name: str, rounds: int, written: Path | None = None) -> None:
    [question] = [one for one in QUESTIONS if one.name == name]
    store = open_store(f"chdb://{data}/store", data / "temporary")
    insights = Insights(store, Limits(memory_bytes=QUERY_BYTES))
    times, result, before = [], None, cpu()
    for place in range(rounds + 1):
        if place == 1:
            before = cpu()
        if not question.kept:
            insights.forget(PROJECT.id)  # else it is the kept answer that is measured
        if question.kept == "today":
            store.insert("events", b"".join(_today(place)), f"today-{os.getpid()}-{place}")
        began = time.perf_counter()
        result = asyncio.run(answer(insights, question))
        times.append(time.perf_counter() - began)
    used = (cpu() - before) / rounds
    print(json.dumps({"cold": times[0], "hot": times[1:], "peak": peak(), "cpu": used}))
    if written is not None and result is not None:
        written.write_bytes(result.to_json())
    if question.kept == "today":
        store._engine.execute(f"ALTER TABLE events DROP PARTITION ID '{NOW:%Y%m}'")
    store.close()


def _today(place: int, events: int = 100) -> Iterator[bytes]:
    """Some events as the door writes them, each block acknowledged after the one before."""
    first = time.time_ns() // 1000 + 3_600_000_000 + place * events
    for number in range(first, first + events):
        event = Event(
            project=PROJECT.id, kind="track", event="event 1", install=f"{number:032x}",
            message_id=str(number), client_time=NOW, skew=number - first, received=number,
            time_source="client", order=number, properties={"run_time": 0.5},
        )  # fmt: skip
        yield msgspec.json.encode(event) + b"\n"


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), *map(Path, sys.argv[4:]))
