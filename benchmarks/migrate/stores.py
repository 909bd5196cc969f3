"""What is done to each store in a process of its own, since a process has one embedded engine."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from footfall_server.store import days, open_store

BLOCK = 500_000
LATER = datetime(2100, 1, 1, tzinfo=UTC)

# Events over 90 days with 8 properties, made by the engine itself.
ROWS = """
SELECT 1, 'track', concat('event ', toString(number % 6)),
    hex(sipHash128('install', sipHash64(number) % {installs})),
    hex(sipHash128('message', number)),
    addMicroseconds(toDateTime64('2026-01-01', 6, 'UTC'), number * {step}) AS at, at,
    addSeconds(at, 1), 'client', number + 1,
    concat('{{"library_version":"0.', toString(9 + number % 5), '.', toString(number % 3),
        '","python_version":"3.', toString(8 + number % 6), '","os_type":"',
        ['Linux', 'Linux', 'Darwin', 'Windows'][1 + number % 4],
        '","ci":false,"exception_occurred":', if(number % 33 = 0, 'true', 'false'),
        ',"run_time":', toString((sipHash64(number, 1) % 1000000) / 1e6),
        ',"method":"', if(number % 2 = 0, 'fit', 'estimate'),
        '","columns":', toString(number % 30), '}}'), ''
FROM numbers({first}, {count})
"""


def fill(data: str, wanted: int) -> None:
    store = open_store(f"chdb://{data}/store", Path(data) / "tmp")
    for first in range(0, wanted, BLOCK):
        rows = ROWS.format(
            installs=max(1, wanted // 25), step=90 * 86_400_000_000 // wanted, first=first,
            count=min(BLOCK, wanted - first),
        )  # fmt: skip
        store._engine.execute(
            "INSERT INTO events (project, kind, event, install, message_id, client_time, time,"
            " received_at, time_source, `order`, properties, raw)"
            f" SETTINGS insert_deduplication_token = '{first}' {rows}"
        )
    store.close()


def fingerprint(url: str, temporary: str, answer: str) -> None:
    store = open_store(url, Path(temporary))
    found = [(*one.key, one.rows, one.checksum) for one in days(store, LATER)]
    Path(answer).write_text(json.dumps(found))
    store.close()
