"""python -m benchmarks.soak [--minutes M] [--rate EVENTS_A_SECOND] [--workers N]

A whole server takes a steady stream of fresh events, in batches of 100, all different. Printed each
interval: the server's memory (proportional set size of all its processes), the age of the oldest
line that waits for the store (drain lag), and p99 of the answers; at the end the count in the
reports, which must be exact. A batch that isn't answered 200 is sent again.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvloop

from benchmarks.ingest.__main__ import FOOTFALL, Server, family, free_port
from benchmarks.ingest.load import Load

BATCH = 100
_CONNECTIONS = 8
_INTERVAL = 10.0
_TAIL = json.dumps(
    {
        "exception_occurred": False, "kind": "performance", "metrics": ["mae", "rmse"],
        "library_version": "0.13.1", "python_version": "3.11.7", "os_type": "Linux",
        "runtime_environment": "docker", "nannyml_version": "0.13.1",
    }
)[1:]  # fmt: skip


def batch(key: str, installs: list[str], numbers: Callable[[], float]) -> bytes:
    """100 fresh events as a request; written by hand, so that the clients cost little."""
    now = datetime.now(UTC).isoformat()
    root = uuid.uuid4().hex[:20]
    events = ",".join(
        [
            f'{{"type":"track","event":"DLE estimator plot","userId":"{random.choice(installs)}",'
            f'"messageId":"{root}{place:04d}","timestamp":"{now}",'
            f'"properties":{{"run_time":{numbers():.6f},{_TAIL}}}'
            for place in range(BATCH)
        ]
    )
    body = f'{{"writeKey":"{key}","sentAt":"{now}","batch":[{events}]}}'.encode()
    head = (
        "POST /v1/batch HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


@dataclass
class Soak:
    """What is seen while it runs."""

    accepted: int = 0
    again: int = 0
    load: Load = field(default_factory=Load)
    memory: list[float] = field(default_factory=list)
    lags: list[float] = field(default_factory=list)


async def client(
    soak: Soak, port: int, until: float, every: float, make: Callable[[], bytes]
) -> None:
    """Requests at a steady pace; one that isn't taken is sent again on a new connection."""
    turn = time.perf_counter() + random.random() * every
    reader = writer = None
    while turn < until:
        await asyncio.sleep(max(0.0, turn - time.perf_counter()))
        request = make()
        began = time.perf_counter()
        while True:
            try:
                if writer is None:
                    reader, writer = await asyncio.open_connection("127.0.0.1", port)
                assert reader is not None
                writer.write(request)
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
                await reader.readexactly(length)
                if head.startswith(b"HTTP/1.1 200"):
                    break
            except (OSError, asyncio.IncompleteReadError):
                writer = None
            soak.again += 1
            await asyncio.sleep(0.2)
        soak.accepted += BATCH
        soak.load.latencies.append(time.perf_counter() - began)
        turn += every


def memory(pid: int) -> float:
    """Megabytes of a process and those below it; what they share is counted once."""
    kilobytes = 0
    for each in family(pid):
        text = Path(f"/proc/{each}/smaps_rollup").read_text()
        kilobytes += next(int(line.split()[1]) for line in text.splitlines() if "Pss:" in line)
    return kilobytes / 1024


async def watch(soak: Soak, server: Server, visible: Callable[[str], float]) -> None:
    """Every interval: memory, latency, and how long a mark takes from its 200 to the reports."""
    began = time.monotonic()
    while True:
        await asyncio.sleep(_INTERVAL)
        lag = await asyncio.to_thread(visible, f"mark {uuid.uuid4()}")
        used = await asyncio.to_thread(memory, server.process.pid)
        soak.memory.append(used)
        soak.lags.append(lag)
        now = time.monotonic()
        recent = sorted(soak.load.latencies[-5_000:])
        p99 = recent[int(0.99 * len(recent))] * 1e3
        print(
            f"| {now - began:.0f} | {soak.accepted / (now - began):,.0f} | {used:.0f} | {lag:.2f} "
            f"| {p99:.1f} |",
            flush=True,
        )


def call(url: str, document: Any, token: str | None = None) -> Any:
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    request = urllib.request.Request(url, json.dumps(document).encode(), headers)
    while True:
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            if error.code != 503:
                raise
            time.sleep(float(error.headers["Retry-After"]))  # the store has not caught up yet


def counted(base: str, project: dict[str, str], event: str | None, consistent: bool) -> float:
    """How many events of a name (None: of any) the report shows today and yesterday."""
    today = datetime.now(UTC).date()
    query = {
        "report": "trends", "from": "2020-01-01", "to": today.isoformat(), "interval": "quarter",
        "fold": True, "series": [{"name": "A", "event": event, "measure": "total"}],
    }  # fmt: skip
    path = f"{base}/api/v1/projects/soak/query?consistent={int(consistent)}"
    rows = call(path, query, project["api_token"])["rows"]
    return sum(row["value"] or 0 for row in rows if row["bucket"] is None)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--rate", type=int, default=20_000)
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        return run(Path(folder), options)


def run(data: Path, options: argparse.Namespace) -> int:
    made = subprocess.run(
        [*FOOTFALL, "project", "create", "soak", "--data", str(data), "--json"],
        check=True, capture_output=True,
    )  # fmt: skip
    project = json.loads(made.stdout)
    port = free_port()
    serve = [*FOOTFALL, "serve", "--data", str(data), "--port", str(port)]
    server = Server.start([*serve, "--workers", str(options.workers)], port, pinned=False)
    base, soak = f"http://127.0.0.1:{port}", Soak()
    installs = [str(uuid.UUID(int=random.getrandbits(128))) for _ in range(20_000)]

    def visible(name: str) -> float:
        sent = {"event": name, "userId": "mark", "writeKey": project["write_key"]}
        call(f"{base}/v1/track", sent)
        began = time.monotonic()
        while counted(base, project, name, False) < 1:
            time.sleep(0.05)
        return time.monotonic() - began

    async def everything() -> None:
        until = time.perf_counter() + options.minutes * 60
        every = _CONNECTIONS * BATCH / options.rate
        watching = asyncio.create_task(watch(soak, server, visible))

        def make() -> bytes:
            return batch(project["write_key"], installs, random.random)

        await asyncio.gather(*(client(soak, port, until, every, make) for _ in range(_CONNECTIONS)))
        watching.cancel()

    print("| seconds | events/s | memory MB | 200 to visible s | p99 ms |\n|---|---|---|---|---|")
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(everything())
        found = counted(base, project, "DLE estimator plot", True)
    finally:
        server.stop()
    exact = found == soak.accepted
    print(
        f"\nAccepted {soak.accepted:,}, in the reports {found:,.0f}:"
        f" {'exact' if exact else 'WRONG'}; {soak.again} batches sent again;"
        f" slowest to be visible {max(soak.lags, default=0):.2f} s;"
        " "
        f"memory {soak.memory[0] if soak.memory else 0:.0f} → "
        f"{soak.memory[-1] if soak.memory else 0:.0f} MB."
    )
    return int(not exact)


if __name__ == "__main__":
    sys.exit(main())
