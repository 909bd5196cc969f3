"""A year of events as a library's users send them, made inside the engine.

50,000 installs per 10 million events, a few of them very busy; 20 events, 3 % with an exception;
releases every four weeks that installs take up at their own pace; NannyML's properties. The same
number gives the same event again, so two stores of one size are equal.
"""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

from footfall_server.store import Store, open_store

FIRST = datetime(2025, 7, 1, tzinfo=UTC)
DAYS = 365
BLOCK = 500_000

_EVENT = """
WITH
    {first} + toInt64(number * {step}) AS stamp,
    cityHash64(number, 1) AS a, cityHash64(number, 2) AS b, cityHash64(number, 3) AS c,
    toUInt64(pow((a % 1000003) / 1000003, 2.5) * {installs}) AS user,
    cityHash64(user, 7) AS u,
    (number * 365 / {rows} / 28) - pow((u % 997) / 997, 3) * 8 AS release,
    toUInt32(greatest(release, 0)) AS minor,
    concat('1.', toString(minor), '.', toString(toUInt32(greatest(release - minor, 0) * 3))) AS ver,
    concat('event ', toString(toUInt32(pow((b % 9973) / 9973, 2) * 20))) AS name,
    exp(((b % 1009) + (c % 1013)) / 1000 * 4 - 6) AS seconds,
    c % 33 = 0 AS failed
SELECT
    {project} AS project, 'track' AS kind, name AS event,
    lower(hex(sipHash128(user))) AS install,
    toString(reinterpretAsUUID(sipHash128(number, 9))) AS message_id,
    fromUnixTimestamp64Micro(stamp) AS client_time,
    client_time AS time, client_time AS received_at, 'client' AS time_source,
    bitNot(toUInt64(stamp) * 100 + number % 100) AS version,
    CAST(concat(
        '{{"run_time":', toString(round(seconds, 6)),
        ',"process_run_time":', toString(round(seconds * 0.8, 6)),
        ',"exception_occurred":', if(failed, 'true', 'false'),
        if(failed, concat(',"exception_type":"', ['ValueError', 'KeyError', 'TypeError',
            'nannyml.exceptions.InvalidArgumentsException', 'RuntimeError', 'OSError'][1 + b % 6],
            '"'), ''),
        ',"library":"bench","library_version":"', ver,
        '","python_version":"3.', toString(8 + least(toUInt32(sqrt(u % 40)), 5)), '.',
            toString(u % 17),
        '","os_type":"', ['Linux', 'Linux', 'Linux', 'Windows', 'Darwin'][1 + u % 5],
        '","runtime_environment":"', ['native', 'script', 'notebook', 'docker'][1 + u % 4],
        '","ci":', if(u % 9 = 0, 'true', 'false'), ',"ephemeral":', if(u % 8 = 0, 'true', 'false'),
        ',"kind":"', ['performance', 'shift', 'drift'][1 + c % 3],
        '","metrics":["mae","rmse"],"rows":', toString(c % 100000),
        if(c % 200 = 1, ',"weight":2.5', ''), '}}') AS JSON) AS properties,
    '' AS raw
FROM numbers({start}, {count})
"""
_COLUMNS = (
    "project, kind, event, install, message_id, client_time, time, received_at, time_source, "
    "version, properties, raw"
)


def make(data: Path, events: int) -> None:
    """A store in a directory, partitions merged as the server merges quiet ones; unless it is there
    from an earlier run."""
    if (data / "filled").exists():
        return
    shutil.rmtree(data / "store", ignore_errors=True)
    data.mkdir(parents=True, exist_ok=True)
    store = open_store(f"chdb://{data}/store", data / "temporary")
    fill(store, 1, events)
    while store.maintain(quiet_seconds=0):
        pass
    store.close()
    (data / "filled").touch()


def fill(store: Store, project: int, rows: int) -> None:
    """Inserts `rows` events of a year in the order of time, as the drain would, in large blocks."""
    first = int(FIRST.timestamp() * 1_000_000)
    step = timedelta(days=DAYS) // timedelta(microseconds=1) // rows
    for start in range(0, rows, BLOCK):
        text = _EVENT.format(
            first=first, step=step, rows=rows, installs=max(1, rows // 200), project=project,
            start=start, count=min(BLOCK, rows - start),
        )  # fmt: skip
        store._engine.execute(
            f"INSERT INTO events ({_COLUMNS}) SELECT {_COLUMNS} FROM ({text}) SETTINGS "
            f"insert_deduplication_token = '{project}-{start}', max_partitions_per_insert_block = 0"
        )
