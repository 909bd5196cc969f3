"""`python -m benchmarks.scale [--events N]`: bytes an event, seconds of CPU for a million rows."""

from __future__ import annotations

import argparse
import random
import resource
import tempfile
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

import msgspec
from footfall_server.store import Statement, open_store

BLOCK = 50_000
START = datetime(2026, 1, 1, tzinfo=UTC)
QUESTIONS = {
    "calls by week": "SELECT toStartOfWeek(time) w, sum(weight) FROM events FINAL GROUP BY w",
    "installs by week": "SELECT toStartOfWeek(time) w, uniqExact(install_key) FROM events FINAL"
    " GROUP BY w",
    "a property": "SELECT library_version_code, quantileExact(0.5)("
    "accurateCastOrNull(properties.run_time, 'Float64')) FROM events FINAL GROUP BY 1",
}


def lines(first: int, count: int, chance: random.Random, installs: list[str]) -> bytes:
    """Events such as NannyML's: 11 properties, a random id, a float at full precision."""
    made = []
    for number in range(first, first + count):
        at = START + timedelta(seconds=number * 7776000 / 5e6 + chance.random())
        stamp = at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        properties = {
            "library_version": f"0.{chance.randrange(9, 14)}.{chance.randrange(3)}",
            "python_version": f"3.{chance.randrange(8, 14)}.{chance.randrange(12)}",
            "os_type": chance.choice(["Linux", "Linux", "Darwin", "Windows"]),
            "runtime_environment": chance.choice(["notebook", "script", "docker"]),
            "ci": False, "ephemeral": False, "exception_occurred": chance.random() < 0.03,
            "run_time": round(chance.expovariate(1), 6), "kind": chance.choice(["a", "b"]),
            "method": chance.choice(["fit", "estimate"]), "columns": chance.randrange(30),
        }  # fmt: skip
        event = {
            "project": 1, "kind": "track", "event": f"event {chance.randrange(6)}",
            "install": chance.choice(installs),
            "message_id": str(uuid.UUID(int=chance.getrandbits(128))),
            "client_time": stamp, "skew": 0, "received": int(at.timestamp() * 1e6),
            "time_source": "client", "order": number, "properties": properties, "raw": "",
        }  # fmt: skip
        made.append(msgspec.json.encode(event))
    return b"\n".join(made) + b"\n"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=500_000)
    wanted = parser.parse_args().events
    chance = random.Random(1)
    installs = [str(uuid.UUID(int=chance.getrandbits(128))) for _ in range(max(1, wanted // 25))]
    with tempfile.TemporaryDirectory(prefix="footfall-scale-") as folder:
        store = open_store(f"chdb://{folder}/store", Path(folder) / "tmp")
        for first in range(0, wanted, BLOCK):
            count = min(BLOCK, wanted - first)
            store.insert("events", lines(first, count, chance, installs), f"b{first}")
        while store.maintain(quiet_seconds=-1):
            pass
        size = (
            "SELECT sum(bytes_on_disk) / sum(rows) AS n FROM system.parts"
            " WHERE active AND table = 'events'"
        )
        print(
            f"{wanted:,} events, {store.query(Statement(size)).to_pylist()[0]['n']:.1f} bytes each"
        )
        for name, text in QUESTIONS.items():
            best = (1e9, 1e9)
            for _ in range(3):
                began, cpu = perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
                store.query(Statement(text))
                now = resource.getrusage(resource.RUSAGE_SELF)
                used = now.ru_utime + now.ru_stime - cpu.ru_utime - cpu.ru_stime
                best = min(best, (used, perf_counter() - began))
            million = 1e6 / wanted
            print(f"{name}: {best[0] * million:.3f} s of CPU, {best[1] * million:.3f} s a million")
        store.close()


if __name__ == "__main__":
    main()
