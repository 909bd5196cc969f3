"""A year of events as a library's users send them, made inside the engine.

50,000 installs per 10 million events, a few of them very busy; 20 events, 3 % with an exception;
releases every four weeks that installs take up at their own pace; NannyML's properties; run times
of 2.5 ms to 7.4 s in microseconds, hardly two alike, as a clock gives them. The same
number gives the same event again, so two stores of one size are equal. Above 10 million events,
each of the first 10 million is there several times, of as many installs and a moment apart: that
takes a fifth of the time of making JSON anew.
"""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

from footfall_server.store import Statement, Store, open_store

FIRST = datetime(2025, 7, 1, tzinfo=UTC)
DAYS = 365
BLOCK = 500_000
ORIGINALS = 10_000_000

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
    (toFloat64(cityHash64(number, 4)) + cityHash64(number, 5)) / pow(2, 62) AS spread,
    exp(spread - 6) AS seconds,
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


# What a copy has of its own; all else is its original's.
_COPIED = {
    "install": "lower(hex(sipHash128(one.install, {copy})))",
    "message_id": "toString(reinterpretAsUUID(sipHash128(one.message_id, {copy})))",
    "client_time": "addMicroseconds(one.client_time, {copy} * {apart})",
    "time": "addMicroseconds(one.client_time, {copy} * {apart})",
    "received_at": "addMicroseconds(one.client_time, {copy} * {apart})",
    "version": "one.version - {copy}",
    "install_key": "sipHash64(lower(hex(sipHash128(one.install, {copy}))))",
}


def make(data: Path, events: int) -> None:
    """A store in a directory, partitions merged as the server merges quiet ones; unless it is there
    from an earlier run. Above `ORIGINALS`, a multiple of it."""
    if (data / "filled").exists():
        return
    shutil.rmtree(data / "store", ignore_errors=True)
    data.mkdir(parents=True, exist_ok=True)
    store = open_store(f"chdb://{data}/store", data / "temporary")
    originals = min(events, ORIGINALS)
    copies, rest = divmod(events, originals)
    if rest:
        raise ValueError(f"{events:,} is no multiple of {ORIGINALS:,}")
    fill(store, 1, originals)
    if copies > 1:
        copy(store, copies)
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


def copy(store: Store, copies: int) -> None:
    """Has every event `copies` times. Column by column, by way of a table that computes none."""
    database = "database = currentDatabase() AND table = 'events'"
    columns = store.query(
        Statement(
            "SELECT name, default_kind FROM system.columns "
            f"WHERE {database} AND default_kind NOT IN ('ALIAS', 'EPHEMERAL')"
        )
    ).to_pylist()
    months = store.query(
        Statement(
            f"SELECT DISTINCT partition_id AS id FROM system.parts WHERE active AND {database} "
            "ORDER BY id"
        )
    )
    run = store._engine.execute
    for name in ("originals", "made"):
        run(f"CREATE TABLE {name} AS events")
    for column in columns:
        if column["default_kind"]:
            run(f"ALTER TABLE made MODIFY COLUMN {column['name']} REMOVE {column['default_kind']}")
    names = [column["name"] for column in columns]
    chosen = ", ".join(_COPIED.get(name, f"one.{name}") for name in names)
    apart = timedelta(days=DAYS) // timedelta(microseconds=1) // ORIGINALS // copies
    for month in months.column("id").to_pylist():
        run(f"ALTER TABLE originals ATTACH PARTITION ID '{month}' FROM events")
        for place in range(1, copies):
            run(
                f"INSERT INTO made ({', '.join(names)}) "
                f"SELECT {chosen.format(copy=place, apart=apart)} FROM originals AS one "
                "SETTINGS max_partitions_per_insert_block = 0, min_insert_block_size_rows = 1000000"
            )
        run("TRUNCATE TABLE originals")
    for month in months.column("id").to_pylist():
        run(f"ALTER TABLE events ATTACH PARTITION ID '{month}' FROM made")
    for month in months.column("id").to_pylist():
        run(f"OPTIMIZE TABLE events PARTITION ID '{month}' FINAL")
    for name in ("originals", "made"):
        run(f"DROP TABLE {name}")
