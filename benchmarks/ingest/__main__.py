"""python -m benchmarks.ingest [--seconds S] [--rounds N] [--batch N …]

Three servers, each pinned to one core, the clients to another: the bare application that only
decodes (`reference.py`); the door and the durable journal alone (`door.py`); and all of
`footfall-server serve`, drain and store at work on the same core. And `serve --workers 2`, free to
use every core, of which the clients need one too. Rounds alternate; medians and ratios are printed.
CPU is what the server's processes used, which a noisy machine changes less than the rate.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import itertools
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.ingest import load

FOOTFALL = [sys.executable, "-m", "footfall_server"]
CORES = sorted(os.sched_getaffinity(0))


def event() -> dict[str, Any]:
    """NannyML's event, as its documentation shows it: about 480 bytes."""
    return {
        "type": "track",
        "event": "DLE estimator plot",
        "userId": str(uuid.UUID(int=random.getrandbits(128))),
        "messageId": str(uuid.uuid4()),
        "timestamp": datetime.now(UTC).isoformat(),
        "properties": {
            "run_time": random.random(),
            "process_run_time": random.random() * 1e-4,
            "exception_occurred": False,
            "kind": "performance",
            "metrics": ["mae", "rmse"],
            "library_version": "0.13.1",
            "python_version": "3.11.7",
            "os_type": "Linux",
            "runtime_environment": "docker",
            "nannyml_version": "0.13.1",
        },
    }


def body(count: int, key: str) -> bytes:
    document = {
        "writeKey": key,
        "sentAt": datetime.now(UTC).isoformat(),
        "batch": [event() for _ in range(count)],
    }
    return json.dumps(document, separators=(",", ":")).encode()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def family(pid: int) -> list[int]:
    """A process and those below it; each thread has the children that it started."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(FileNotFoundError):
            for child in task.read_text().split():
                found += family(int(child))
    return found


def cpu_of(pid: int) -> float:
    """Seconds of CPU that a process and those below it have used."""
    seconds = 0.0
    for each in family(pid):
        with contextlib.suppress(FileNotFoundError):
            fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
            seconds += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return seconds


@dataclass
class Server:
    """A process that listens on a port."""

    process: subprocess.Popen[bytes]
    port: int
    path: str = ""

    @classmethod
    def start(
        cls, command: list[str], port: int, *, pinned: bool = True, path: str = "/ready"
    ) -> Server:
        """Returns when it answers there, or when it listens if `path` is empty."""
        cores = {CORES[0]} if pinned else set(CORES)
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, preexec_fn=lambda: os.sched_setaffinity(0, cores)
        )
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                if path:
                    urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30).close()
                return cls(process, port, path)
            except OSError:
                if process.poll() is not None:
                    raise
            if time.monotonic() > deadline:
                raise TimeoutError(" ".join(command))
            time.sleep(0.1)

    def cpu(self) -> float:
        """Seconds of CPU that its processes have used."""
        return cpu_of(self.process.pid)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(60)


def measure(server: Server, request: bytes, connections: int, seconds: float) -> dict[str, float]:
    """At full load, then p99 at half of it, once what the full load left has been carried on."""
    before = server.cpu()
    result = load.run(server.port, request, connections, seconds)
    if result.refused or not result.answered:
        raise SystemExit(f"{result.refused} requests were refused: nothing is measured")
    cpu = server.cpu() - before
    settle(server)
    half = load.run(server.port, request, connections, seconds, result.rate / 2)
    return {
        "rate": result.rate,
        "cpu": cpu / result.answered * 1e6,
        "p50": result.quantile(0.5),
        "p99": result.quantile(0.99),
        "half_p99": half.quantile(0.99),
    }


def settle(server: Server) -> None:
    """Waits until nothing waits for the store; a server without one has nothing to wait for."""
    if not server.path:
        return
    while True:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}{server.path}") as answer:
            if json.loads(answer.read())["journal_depth"] == 0:
                return
        time.sleep(0.1)


_ROWS = (
    ("door", "door and journal"),
    ("server", "with drain and store"),
    ("workers", "2 workers, both cores"),
)


def rounds(data: Path, key: str, count: int, packed: bool, options: argparse.Namespace) -> None:
    text = body(count, key)
    headers = {"Content-Encoding": "gzip"} if packed else {}
    sent = gzip.compress(text, 6) if packed else text
    request = load.request("127.0.0.1", "/v1/batch", sent, headers)
    figures: dict[str, list[dict[str, float]]] = {
        name: [] for name in ("reference", "door", "server", "workers")
    }
    for _ in range(options.rounds):
        for name, samples in figures.items():
            port = free_port()
            serve = [*FOOTFALL, "serve", "--data", str(data), "--port", str(port)]
            command = {
                "reference": [sys.executable, "-m", "benchmarks.ingest.reference", str(port)],
                "door": [sys.executable, "-m", "benchmarks.ingest.door", str(data), str(port)],
                "server": serve,
                "workers": [*serve, "--workers", "2"],
            }
            path = "" if name in ("reference", "door") else "/ready"
            server = Server.start(command[name], port, pinned=name != "workers", path=path)
            try:
                load.run(port, request, 8, 0.5)  # warm-up
                samples.append(measure(server, request, options.connections, options.seconds))
            finally:
                server.stop()
    median = {
        name: {field: statistics.median(s[field] for s in samples) for field in samples[0]}
        for name, samples in figures.items()
    }
    bare = median["reference"]
    title = f"{count}{' gzip' if packed else ''}"
    for name, what in _ROWS:
        ours = median[name]
        print(
            f"| {title} | {bare['rate'] * count:,.0f} | {what} | {ours['rate'] * count:,.0f} "
            f"| {ours['rate'] / bare['rate']:.2f} | {bare['cpu'] / ours['cpu']:.2f} "
            f"| {ours['cpu'] / count:.1f} | {ours['p50']:.1f} / {ours['p99']:.1f} "
            f"| {ours['half_p99']:.1f} |",
            flush=True,
        )


def visibility(data: Path, project: dict[str, str], samples: int) -> None:
    """Seconds from the 200 to the first query that shows the event, without `consistent`."""
    port = free_port()
    server = Server.start([*FOOTFALL, "serve", "--data", str(data), "--port", str(port)], port)
    base = f"http://127.0.0.1:{port}"
    today = datetime.now(UTC).date().isoformat()
    waits = []
    try:
        for _ in range(samples):
            name = f"visible {uuid.uuid4()}"
            sent = {**event(), "event": name, "writeKey": project["write_key"]}
            _post(f"{base}/v1/track", sent, {})
            answered = time.perf_counter()
            query = {
                "report": "trends", "from": today, "to": today, "interval": "day",
                "series": [{"name": "A", "event": name, "measure": "total"}],
            }  # fmt: skip
            authorization = {"Authorization": f"Bearer {project['api_token']}"}
            while True:
                path = f"{base}/api/v1/projects/{project['project']}/query"
                rows = _post(path, query, authorization)["rows"]
                if sum(row["value"] or 0 for row in rows) == 1:
                    break
                time.sleep(0.01)
            waits.append(time.perf_counter() - answered)
            time.sleep(random.random() * 0.3)
    finally:
        server.stop()
    waits.sort()
    print(
        f"\nFrom a 200 to visible in a query, {samples} times: median"
        f" {statistics.median(waits):.2f} s, slowest {waits[-1]:.2f} s (goal ≤ 2 s)."
    )


def _post(url: str, document: Any, headers: dict[str, str]) -> Any:
    request = urllib.request.Request(
        url, json.dumps(document).encode(), {"Content-Type": "application/json", **headers}
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.loads(response.read())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--batch", type=int, nargs="+", default=[1, 20, 100])
    options = parser.parse_args()
    if len(CORES) > 1:
        os.sched_setaffinity(0, {CORES[1]})
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        created = subprocess.run(
            [*FOOTFALL, "project", "create", "bench", "--data", str(data), "--json"],
            check=True, capture_output=True,
        )  # fmt: skip
        project = json.loads(created.stdout)
        print(
            "| events a batch | reference: events/s | Footfall | events/s | ratio (goal ≥ 0.5)"
            " | ratio of CPU | CPU µs an event | p50 / p99 ms"
            " | p99 ms at half that load (goal ≤ 50) |"
            "\n|---|---|---|---|---|---|---|---|---|"
        )
        for count, packed in itertools.product(options.batch, (False, True)):
            rounds(data, project["write_key"], count, packed, options)
        visibility(data, project, 20)


if __name__ == "__main__":
    main()
