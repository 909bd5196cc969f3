"""`python -m benchmarks.migrate [--events N]`: `migrate-store` to the stand-in, killed halfway.

The source's server runs all the while. The target is a stand-in for ClickHouse, answered by the
embedded engine on the same machine: no network, no second server.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from footfall_server.store import open_store

from benchmarks.migrate.stores import fill, fingerprint
from tests.conftest import COMMAND, Server
from tests.stand_in import StandIn


def apart(work: object, *arguments: object) -> None:
    process = multiprocessing.get_context("spawn").Process(target=work, args=arguments)  # type: ignore[arg-type]
    process.start()
    process.join()
    assert process.exitcode == 0


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=500_000)
    wanted = parser.parse_args().events
    with tempfile.TemporaryDirectory(prefix="footfall-migrate-") as folder:
        root = Path(folder)
        server = Server(root / "data")
        server.create_project("moved")
        began = time.perf_counter()
        apart(fill, str(server.data), wanted)
        print(f"{wanted:,} events made in {time.perf_counter() - began:.0f} s", flush=True)
        stand_in = StandIn(root / "clickhouse", "one").start()
        server.start()
        try:
            return moved(server, stand_in, wanted, root)
        finally:
            if server.process is not None:
                server.kill()
            stand_in.kill()


def moved(server: Server, stand_in: StandIn, wanted: int, root: Path) -> int:
    command = [
        *COMMAND, "migrate-store", f"chdb://{server.data}/store", stand_in.url(), "--data",
        str(server.data), "--json",
    ]  # fmt: skip
    looking = open_store(stand_in.url(), root / "looking")
    began = time.perf_counter()
    killed = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while (there := looking.figures()["events"]) < wanted / 2 and killed.poll() is None:
        time.sleep(0.2)
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    looking.close()
    first = time.perf_counter() - began
    print(f"killed after {first:.0f} s with {there:,} rows in the target", flush=True)
    began = time.perf_counter()
    told = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    again = time.perf_counter() - began
    print(f"run again: {again:.0f} s, {told['copied']:,} rows copied", flush=True)
    server.stop()
    apart(fingerprint, f"chdb://{server.data}/store", str(root / "a"), str(root / "a.json"))
    apart(fingerprint, stand_in.url(), str(root / "b"), str(root / "b.json"))
    source, target = (json.loads((root / name).read_text()) for name in ("a.json", "b.json"))
    rows = sum(one[3] for one in target)
    equal = source == target and rows == wanted
    said = "equal" if equal else "NOT equal"
    print(
        f"{len(target)} days, {rows:,} rows: {said}, every day by its rows and checksum; "
        f"{wanted / (first + again):,.0f} events/s in all, both runs and all checks included"
    )
    return 0 if equal else 1


if __name__ == "__main__":
    raise SystemExit(main())
