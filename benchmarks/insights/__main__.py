"""`python -m benchmarks.insights [--events N …] [--rounds R] [--only WORD] [--keep DIR]`

For each size a year of events is made inside the engine, partitions merged as the server merges
quiet ones, and the same events are given to DuckDB (`peers.lock`, in `.bench-insights/`). Each
question is asked in a process of its own: once cold (the files' pages dropped from the system's
cache first), then hot. Ratios are of the hot medians, and of the CPU that a hot answer takes, which
a busy machine changes less: ours to DuckDB's; with several sizes the growth of both follows. Both
answers are then compared, number by number (`same.py`): the status is 1 if any differ.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

from footfall_server.store import open_store

from benchmarks.insights.events import make
from benchmarks.insights.questions import QUESTIONS, Question
from benchmarks.insights.same import compare

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
PEER = ROOT / ".bench-insights" / "bin" / "python"
_FLAT = (
    "time, toString(event) AS event, install_key, message_id, weight, "
    "properties.library_version.:String AS library_version, "
    "properties.python_version.:String AS python_version, "
    "properties.os_type.:String AS os_type, properties.exception_type.:String AS exception_type, "
    "properties.ephemeral.:Bool AS ephemeral, "
    "properties.exception_occurred.:Bool AS exception_occurred, "
    "coalesce(properties.run_time.:Float64, toFloat64(properties.run_time.:Int64)) AS run_time"
)


# Its number rises whenever what DuckDB is given changes: what was kept is then given to it anew.
_READY = "ready-3"


def prepare(data: Path, events: int) -> None:
    """Both stores, unless they are there from an earlier run."""
    if (data / _READY).exists():
        return
    (data / "duck.db").unlink(missing_ok=True)
    began = time.perf_counter()
    make(data, events)
    store = open_store(f"chdb://{data}/store", data / "temporary")
    parquet = data / "events.parquet"
    store._engine.execute(
        f"INSERT INTO FUNCTION file('{parquet}', Parquet) SELECT {_FLAT} FROM events FINAL"
    )
    store.close()
    subprocess.run(
        [str(PEER), str(HERE / "peer.py"), "load", str(parquet), str(data / "duck.db")], check=True
    )
    parquet.unlink()
    (data / _READY).touch()
    print(f"\n{events:,} events made in {time.perf_counter() - began:,.0f} s.", flush=True)


def forget(folder: Path) -> None:
    """Drops the files' pages from the system's cache."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def measure(data: Path, command: list[str]) -> dict[str, Any]:
    os.sync()
    forget(data)
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    found: dict[str, Any] = json.loads(done.stdout.decode().strip().splitlines()[-1])
    hot = sorted(found["hot"])
    found["median"], found["p95"] = median(hot), hot[math.ceil(0.95 * len(hot)) - 1]
    return found


def told(found: dict[str, Any]) -> list[str]:
    return [*(f"{found[key]:.2f}" for key in ("cold", "median", "p95", "cpu")),
            f"{found['peak']:,.0f}"]  # fmt: skip


def ratios(ours: dict[str, Any], theirs: dict[str, Any]) -> list[str]:
    return [f"{ours[key] / theirs[key]:.2f}" for key in ("median", "cpu")]


def row(*cells: str) -> None:
    print("| " + " | ".join(cells) + " |", flush=True)


def compared(data: Path, question: Question, rounds: int) -> tuple[dict[str, Any], bool]:
    """Prints a row, and one for an easier question; ours as measured, and whether both answers are
    the same as far as both were asked."""
    with tempfile.TemporaryDirectory() as folder:
        own, other = Path(folder) / "ours.json", Path(folder) / "theirs.json"

        def peer(sql: str) -> dict[str, Any]:
            return measure(data, [str(PEER), str(HERE / "peer.py"), "ask", str(data / "duck.db"),
                                  sql, str(rounds), str(other)])  # fmt: skip

        ours = measure(data, [sys.executable, "-m", "benchmarks.insights.ours", str(data),
                              question.name, str(rounds), str(own)])  # fmt: skip
        if question.sql is None:
            row(question.name, *told(ours), *["–"] * 7, "DuckDB isn't asked")
            return ours, True
        theirs = peer(question.sql)
        same, verdict = compare(
            question, json.loads(own.read_bytes()), json.loads(other.read_bytes())
        )
        row(question.name, *told(ours), *told(theirs), *ratios(ours, theirs), verdict)
        if question.easier is not None:
            less, sql = question.easier
            theirs = peer(sql)
            row(f"– DuckDB {less}", *["–"] * 5, *told(theirs), *ratios(ours, theirs),
                "it answers less")  # fmt: skip
    return ours, same


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", default="", help="questions whose name has this word")
    parser.add_argument("--keep", type=Path, help="a directory that keeps what was made")
    options = parser.parse_args()
    subprocess.run([sys.executable, str(ROOT / "tools/bootstrap.py"), "venv", ".bench-insights",
                    "benchmarks/insights/peers.lock"], check=True)  # fmt: skip
    asked = [one for one in QUESTIONS if options.only in one.name]
    growth: dict[str, list[tuple[float, float]]] = {}
    differ: list[str] = []
    with tempfile.TemporaryDirectory() as fresh:
        for events in options.events:
            data = (options.keep or Path(fresh)).absolute() / str(events)
            prepare(data, events)
            print(
                f"\n| {events:,} events, s | cold | hot | p95 | CPU | peak MB | DuckDB cold | hot "
                "| p95 | CPU | peak MB | ours / DuckDB | of CPU | numbers of both |\n"
                f"|{'---|' * 14}",
                flush=True,
            )
            for question in asked:
                ours, same = compared(data, question, options.rounds)
                growth.setdefault(question.name, []).append((ours["median"], ours["cpu"]))
                if not same:
                    differ.append(f"{question.name} ({events:,} events)")
    if len(options.events) > 1:
        sizes = " → ".join(f"{events:,}" for events in options.events)
        print(f"\n| growth over {sizes} | hot median | CPU |\n|---|---|---|")
        for name, found in growth.items():
            grown = [
                ", ".join(f"{b / a:.1f} ×" for a, b in pairwise(each))
                for each in zip(*found, strict=True)
            ]
            print(f"| {name} | {' | '.join(grown)} |")
    if differ:
        sys.exit(f"\nThe answers differ, so these were not compared fairly: {'; '.join(differ)}")


if __name__ == "__main__":
    main()
