"""`python -m benchmarks.scale [--events N …] [--rounds R] [--seconds S] [--keep DIR] [--only PART]`

Three parts. *ingest*: the rate of one collector and of two, beside the server that has the store,
on cores that the load generators share. *questions*: every report on a year of events of each
size, made inside the engine; each in a process of its own, once cold and then hot; above 100
million events the trends and the adoption reports alone. *disk*: bytes an event, by column. A size
that the disk has no room for is left out, and said so.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

from footfall_server.store import Statement, open_store

from benchmarks.insights.__main__ import measure
from benchmarks.insights.events import make
from benchmarks.insights.questions import QUESTIONS
from benchmarks.scale import collectors

PARTS = ("ingest", "questions", "disk")
_BYTES = 100
"""An event takes on disk at most, with a month that is merged beside what it is merged from."""
_ALL_QUESTIONS = 100_000_000


def room(folder: Path, events: int) -> bool:
    """Whether so many events have room there; says why not."""
    need, free = events * _BYTES, shutil.disk_usage(folder).free
    if need > free:
        print(
            f"\n{events:,} events are left out: they need {need / 1e9:,.0f} GB, and "
            f"{free / 1e9:,.0f} GB are free.",
            flush=True,
        )
    return need <= free


def questions(data: Path, events: int, rounds: int) -> None:
    print(
        f"\n| {events:,} events, s | cold | hot | CPU | CPU a million | peak MB |\n|---|"
        + "---|" * 5,
        flush=True,
    )
    for question in QUESTIONS:
        if events > _ALL_QUESTIONS and not question.name.startswith(("trends", "adoption")):
            continue
        found = measure(
            data,
            [sys.executable, "-m", "benchmarks.insights.ours", str(data), question.name,
             str(rounds)],
        )  # fmt: skip
        print(
            f"| {question.name} | {found['cold']:.2f} | {found['median']:.2f} | {found['cpu']:.2f} "
            f"| {found['cpu'] / events * 1e6:.3f} | {found['peak']:,.0f} |",
            flush=True,
        )


def disk(data: Path, events: int) -> None:
    """What an event takes in the active parts, by column."""
    store = open_store(f"chdb://{data}/store", data / "temporary")
    parts = "WHERE active AND database = currentDatabase() AND table = 'events'"
    (whole,) = store.query(
        Statement(
            "SELECT sum(bytes_on_disk) / sum(rows) AS bytes, sum(rows) AS events"
            f" FROM system.parts {parts}"
        )
    ).to_pylist()
    columns = store.query(
        Statement(
            f"SELECT column, sum(column_data_compressed_bytes) / {int(whole['events'])} AS bytes"
            f" FROM system.parts_columns {parts} GROUP BY column ORDER BY bytes DESC"
        )
    ).to_pylist()
    store.close()
    print(f"\n| {events:,} events | bytes an event |\n|---|---|")
    print(f"| **all** (goal ≤ 40) | {whole['bytes']:.1f} |")
    for column in columns:
        if column["bytes"] >= 0.05:
            print(f"| {column['column']} | {column['bytes']:.1f} |")
    rest = whole["bytes"] - sum(column["bytes"] for column in columns)
    print(f"| marks, indices, small parts (one file for all columns) | {rest:.1f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4, help="of each measurement of ingest")
    parser.add_argument("--keep", type=Path, help="a directory that keeps the stores")
    parser.add_argument("--only", choices=PARTS, action="append", help="one part of the three")
    options = parser.parse_args()
    parts = options.only or PARTS
    with tempfile.TemporaryDirectory(prefix="footfall-scale-") as fresh:
        if "ingest" in parts:
            collectors.measure(Path(fresh) / "ingest", options.seconds, options.rounds)
        if parts == ["ingest"]:
            return
        kept = (options.keep or Path(fresh)).absolute()
        kept.mkdir(parents=True, exist_ok=True)
        for events in options.events:
            data = kept / str(events)
            if not (data / "filled").exists():
                if not room(kept, events):
                    continue
                began = time.perf_counter()
                make(data, events)
                print(f"\n{events:,} events made in {time.perf_counter() - began:,.0f} s.")
            if "questions" in parts:
                questions(data, events, options.rounds)
            if "disk" in parts:
                disk(data, events)


if __name__ == "__main__":
    main()
