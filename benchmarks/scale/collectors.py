"""How many events a second one collector takes, and two, beside the server that has the store."""

from __future__ import annotations

import json
import subprocess
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from statistics import median

from benchmarks.ingest import load
from benchmarks.ingest.__main__ import FOOTFALL, Server, body, free_port, settle

_BATCH, _CONNECTIONS = 100, 32


def measure(data: Path, seconds: float, rounds: int) -> None:
    """Prints a row for one collector and for two, of rounds that alternate."""
    made = subprocess.run(
        [*FOOTFALL, "project", "create", "bench", "--data", str(data), "--json"],
        check=True, capture_output=True,
    )  # fmt: skip
    request = load.request(
        "127.0.0.1", "/v1/batch", body(_BATCH, json.loads(made.stdout)["write_key"])
    )
    print(
        "| collectors | events/s | CPU µs an event: door and journal | drain and store | p99 ms |"
        "\n|---|---|---|---|---|"
    )
    found = {1: [_round(data, request, 1, seconds)], 2: [_round(data, request, 2, seconds)]}
    for _ in range(rounds - 1):
        for count, each in found.items():
            each.append(_round(data, request, count, seconds))
    for count, each in found.items():
        rate, door, store, p99 = (median(values) for values in zip(*each, strict=True))
        print(f"| {count} | {rate:,.0f} | {door:.1f} | {store:.1f} | {p99:.1f} |", flush=True)


def _round(
    data: Path, request: bytes, count: int, seconds: float
) -> tuple[float, float, float, float]:
    """Events/s, µs of the collectors and of the other server for an event, p99."""
    web = _start(data, "web")
    collectors = [_start(data, "ingest") for _ in range(count)]
    connections = _CONNECTIONS // count
    try:
        with ProcessPoolExecutor(count) as pool:  # a generator each: one couldn't keep up with two

            def loads(seconds: float) -> list[load.Load]:
                running = [
                    pool.submit(load.run, each.port, request, connections, seconds)
                    for each in collectors
                ]
                return [one.result() for one in running]

            loads(0.5)
            settle(web)
            before = sum(each.cpu() for each in collectors), web.cpu()
            results = loads(seconds)
            door = sum(each.cpu() for each in collectors) - before[0]
            settle(web)
            store = web.cpu() - before[1]
    finally:
        for each in (*collectors, web):
            each.stop()
    if any(one.refused or not one.answered for one in results):
        raise SystemExit("requests were refused: nothing is measured")
    events = _BATCH * sum(one.answered for one in results)
    rate = _BATCH * sum(one.rate for one in results)
    p99 = max(one.quantile(0.99) for one in results)
    return rate, door / events * 1e6, store / events * 1e6, p99


def _start(data: Path, role: str) -> Server:
    port = free_port()
    command = [*FOOTFALL, "serve", "--role", role, "--data", str(data), "--port", str(port)]
    return Server.start(command, port, pinned=False)
