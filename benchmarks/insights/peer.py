"""`python peer.py load PARQUET DATABASE | ask DATABASE SQL ROUNDS ANSWER`: DuckDB.

It takes as many threads as there are cores. The last answer is written to a file, as JSON: a list
of rows.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb


def load(parquet: str, database: str) -> None:
    with duckdb.connect(database) as connection:
        # Parquet's are instants, which DuckDB cuts into days and weeks by a calendar: at 10 million
        # events in 1.5 s of CPU instead of 0.2. All questions are in UTC.
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(
            "CREATE TABLE events AS SELECT * REPLACE (time::TIMESTAMP AS time) "
            f"FROM '{parquet}' ORDER BY time"
        )


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def plain(value: Any) -> Any:
    """What JSON hasn't; times as ours are written."""
    return f"{value.isoformat()}Z" if isinstance(value, datetime) else float(value)


def ask(database: str, sql: str, rounds: int, written: str) -> None:
    times, rows, before = [], [], 0.0
    with duckdb.connect(database, read_only=True) as connection:
        for place in range(rounds + 1):
            if place == 1:
                before = cpu()
            began = time.perf_counter()
            rows = connection.execute(sql).fetchall()
            times.append(time.perf_counter() - began)
        used = (cpu() - before) / rounds
        names = [column[0] for column in connection.description]
    status = Path("/proc/self/status").read_text()
    peak = int(status.partition("VmHWM:")[2].split()[0]) / 1024
    print(json.dumps({"cold": times[0], "hot": times[1:], "peak": peak, "cpu": used}))
    answer = [dict(zip(names, row, strict=True)) for row in rows]
    Path(written).write_text(json.dumps(answer, default=plain))


if __name__ == "__main__":
    what, *rest = sys.argv[1:]
    if what == "load":
        load(*rest)
    else:
        ask(rest[0], rest[1], int(rest[2]), rest[3])
