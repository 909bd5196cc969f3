"""`python -m benchmarks.erase [--events 1000000] [--ids 1000]`: one install, then a batch of ids.

The server's own rooms run in this process over a data directory that is filled by the engine, with
NannyML's properties, over a year, 10 events an install, and merged as a quiet store is. Proven
absence: the receipt says done, no row is left, and no file of the data directory has the id's
bytes, which it had before. A query of all events is asked again and again, before and meanwhile.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import os
import tempfile
import threading
import time
from pathlib import Path
from statistics import median

import msgspec
from footfall_server.accounts import Receipt
from footfall_server.insights import parse
from footfall_server.intake import open_intake
from footfall_server.model.project import Project
from footfall_server.services import Services, now, open_services
from footfall_server.settings import read, secret_key
from footfall_server.store import Statement

EVENTS_AN_INSTALL = 10
BLOCK = 1_000_000
LIMIT_ONE, LIMIT_BATCH = 60.0, 300.0
QUERY = {
    "report": "trends", "from": "2025-01-01T00:00:00Z", "interval": "week",
    "series": [{"measure": "unique"}], "breakdown": ["os_type"],
}  # fmt: skip
FILL = """
INSERT INTO events (project, kind, event, install, message_id, client_time, skew, received,
    time_source, `order`, properties, raw)
SELECT {project}, 'track', ['fit', 'plot', 'run'][number % 3 + 1],
    lower(hex(sipHash128(number % {installs}))), lower(hex(sipHash128(number, 'message'))),
    toDateTime64('2025-01-01 00:00:00', 6, 'UTC') + toIntervalSecond(number * 31000000 / {events}),
    0, 1735689600000000 + number, 'client', 1735689600000000 + number,
    concat('{{"kind":"performance","library_version":"0.13.', toString(number % 7),
        '","python_version":"3.1', toString(number % 4), '","os_type":"',
        ['Linux', 'Windows', 'Darwin'][number % 3 + 1], '","runtime_environment":"docker",',
        '"run_time":', toString((number * 7919 % 100000) / 1000), ',"exception_occurred":false}}'),
    ''
FROM numbers({start}, {count})
"""


class Asking(threading.Thread):
    """Asks the query until it is told to stop; `seconds` is how long each took."""

    def __init__(self, services: Services, project: Project) -> None:
        super().__init__(daemon=True)
        self._services, self._project = services, project
        self._stopping = False
        self.seconds: list[float] = []

    def run(self) -> None:
        asyncio.run(self._ask())

    async def _ask(self) -> None:
        for number in itertools.count():
            if self._stopping:
                return
            # Another end each time, else the answer would be one that was kept.
            end = f"2025-12-31T23:59:59.{number:06d}Z"
            query = parse(msgspec.json.encode({**QUERY, "to": end}))
            start = time.perf_counter()
            await self._services.insights.run(self._project, query, now())
            self.seconds.append(time.perf_counter() - start)

    def stop(self) -> list[float]:
        self._stopping = True
        self.join()
        return self.seconds


def fill(services: Services, project: Project, events: int) -> None:
    engine = services.store._engine
    for start in range(0, events, BLOCK):
        engine.execute(
            FILL.format(project=project.id, installs=events // EVENTS_AN_INSTALL, events=events,
                        start=start, count=min(BLOCK, events - start))
        )  # fmt: skip
    while services.store.maintain(quiet_seconds=-1):
        pass


def installs(services: Services, project: Project, count: int) -> list[str]:
    table = services.store.query(
        Statement(
            "SELECT DISTINCT install FROM events WHERE project = {project:UInt32}"
            " ORDER BY sipHash64(install) LIMIT {count:UInt32}",
            {"project": project.id, "count": count},
        )
    )
    return list(table.column("install").to_pylist())


def files_with(data: Path, text: str) -> int:
    found = 0
    for folder, _, names in os.walk(data):  # the engine removes files all the time
        for name in names:
            with contextlib.suppress(OSError):
                found += text.encode() in Path(folder, name).read_bytes()
    return found


def left(services: Services, project: Project, ids: list[str]) -> int:
    table = services.store.query(
        Statement(
            "SELECT count() AS n FROM events WHERE project = {project:UInt32}"
            " AND install IN {ids:Array(String)}",
            {"project": project.id, "ids": ids},
        )
    )
    return int(table.column("n")[0].as_py())


def erased(services: Services, project: Project, ids: list[str]) -> tuple[float, Receipt]:
    start = time.perf_counter()
    receipt = services.eraser.request(project.id, ids, origin="api")
    while receipt.finished_at is None:
        time.sleep(0.05)
        receipt = services.eraser.erasures.get(receipt.id)
    return time.perf_counter() - start, receipt


def measure(data: Path, events: int, count: int) -> bool:
    settings = read({}, data=data)
    intake = open_intake(
        settings.database_url, settings.journal, secret_key(settings, {}), settings.salts
    )
    services = open_services(settings, "http://localhost", intake)
    try:
        project = services.accounts.create_project("bench").project
        start = time.perf_counter()
        fill(services, project, events)
        size = 0
        for folder, _, names in os.walk(data):
            for name in names:
                with contextlib.suppress(OSError):
                    size += Path(folder, name).stat().st_size
        print(f"{events:,} events of {events // EVENTS_AN_INSTALL:,} installs, {size >> 20} MB,"
              f" filled and merged in {time.perf_counter() - start:.0f} s")  # fmt: skip
        quiet = Asking(services, project)
        quiet.start()
        time.sleep(5)
        before = quiet.stop()
        print(f"\nA query of all events, quiet: median {median(before):.2f} s,"
              f" slowest {max(before):.2f} s\n")  # fmt: skip
        print("| erased | rows | seconds to proven absence | goal | files with the id, before |"
              " after | queries meanwhile | median s | slowest s |\n|" + "---|" * 9)  # fmt: skip
        good = True
        chosen = installs(services, project, count + 1)
        for ids, limit in ((chosen[:1], LIMIT_ONE), (chosen[1:], LIMIT_BATCH)):
            had = files_with(data, ids[0])
            asking = Asking(services, project)
            asking.start()
            seconds, receipt = erased(services, project, ids)
            during = asking.stop()
            has, rows = files_with(data, ids[0]), left(services, project, ids)
            print(f"| {len(ids):,} | {receipt.places['events']['rows']:,} | {seconds:.1f} |"
                  f" ≤ {limit:.0f} | {had} | {has} | {len(during)} | {median(during):.2f} |"
                  f" {max(during):.2f} |", flush=True)  # fmt: skip
            good = good and seconds <= limit and has == 0 and rows == 0
        return good
    finally:
        services.close()
        intake.close()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.erase")
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--ids", type=int, default=1_000)
    parser.add_argument("--directory", type=Path, help="for the data; default: a temporary one")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.directory) as directory:
        return 0 if measure(Path(directory), given.events, given.ids) else 1


if __name__ == "__main__":
    raise SystemExit(main())
