"""`python -m benchmarks.nannyml [PART…]`: NannyML's own usage logging beside Footfall's.

Parts: call, import, exit, loss. Everything runs in NannyML's own environment (`.demo/nannyml`),
each measurement in a process of its own, the ways interleaved.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.sdk.collector import BlackHole, Collector, refused

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".demo/nannyml/bin/python"
SUBJECT = Path(__file__).with_name("subject.py")
SOURCES = [ROOT / "packages/footfall/src", ROOT / "packages/footfall-nannyml/src"]
PARTS = ["call", "import", "exit", "loss"]


def run(
    way: str, url: str, mode: str, count: int = 1, home: str = "", then: str = ""
) -> tuple[dict, float]:
    """The subject's result, and the moment at which its process had ended."""
    keep = ("PATH", "HOME", "LANG", "TMPDIR")
    with tempfile.TemporaryDirectory() as fresh:
        env = {name: os.environ[name] for name in keep if name in os.environ}
        env |= {"PYTHONPATH": os.pathsep.join(map(str, SOURCES)), "FOOTFALL_HOME": home or fresh}
        done = subprocess.run(
            [str(PYTHON), "-W", "ignore", str(SUBJECT), way, url, mode, str(count),
             *([then] if then else [])],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env, cwd=fresh, timeout=300,
            check=False,
        )  # fmt: skip
        ended = time.monotonic()
    lines = done.stdout.decode().strip().splitlines()
    return (json.loads(lines[-1]) if lines else {}), ended


def table(head: list[str], rows: list[list[object]]) -> None:
    print("\n| " + " | ".join(head) + " |\n|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |", flush=True)


def call() -> None:
    """A no-op declared as NannyML declares a plot, in the process that imported all of NannyML."""
    ways = ["own", "before", "after"]
    found: dict[str, list[dict[str, float]]] = {way: [] for way in ways}
    for _ in range(3):
        for way in ways:
            found[way].append(run(way, Collector().url, "call")[0])
    rows: list[list[object]] = []
    for kind in ("no value", "a value"):
        taken = {way: median(one[kind] - one["bare"] for one in found[way]) for way in ways}
        rows.append(
            [
                kind,
                f"{taken['own'] / 1000:.1f}",
                *(f"{taken[w] / 1000:.2f} ({taken['own'] / taken[w]:.0f} ×)" for w in ways[1:]),
            ]
        )
    table(
        ["µs in the call, over the bare function", "NannyML's own",
         "installed before the import", "installed after it"], rows,
    )  # fmt: skip


def imports(rounds: int = 7) -> None:
    """CPU ms to import all of NannyML, and to import the module that logs alone.

    CPU, and the least of the rounds, as other work of the machine only adds to an import.
    """
    taken: dict[str, list[float]] = {"own": [], "before": []}
    for _ in range(rounds):
        for way, found in taken.items():
            found.append(run(way, refused(), "import")[0]["cpu"] * 1000)
    alone = {"pass": cpu_of("import sys, json, os, time")}
    for way in taken:
        alone[way] = cpu_of(
            f"import sys; sys.path.insert(0, {str(SUBJECT.parent)!r}); import subject;"
            f" subject.module({way!r}, 'http://127.0.0.1:9')"
        )
    own, before = min(taken["own"]), min(taken["before"])
    modules = [alone["own"] - alone["pass"], alone["before"] - alone["pass"]]
    table(["CPU ms to import", "NannyML's own", "installed before", "saved"], [
        ["all of NannyML", f"{own:,.0f}", f"{before:,.0f}", f"{own - before:.0f}"],
        ["the module that logs, alone", *(f"{ms:.0f}" for ms in modules),
         f"{modules[0] - modules[1]:.0f}"],
    ])  # fmt: skip


def cpu_of(code: str, rounds: int = 11) -> float:
    """The least CPU ms that a process took to run this."""
    env = {"PYTHONPATH": os.pathsep.join(map(str, SOURCES)), "PATH": os.environ["PATH"]}
    taken = []
    for _ in range(rounds):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([str(PYTHON), "-c", code], check=True, env=env)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        taken.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(taken) * 1000


def exits() -> None:
    """From the end of the program's work to the end of the process."""
    rows: list[list[object]] = []
    for way in ("nothing", "own", "drop-in"):
        cells: list[object] = [way]
        for url, then in ((BlackHole().url, ""), (BlackHole().url, "work"), (refused(), "")):
            seconds = []
            for _ in range(3):
                result, ended = run(way, url, "exit", 1000, then=then)
                seconds.append(ended - result["last call"])
            cells.append(f"{median(seconds):.3f}")
        rows.append(cells)
    table(
        [
            "s to the end of the process after 1,000 calls",
            "black hole",
            "black hole, 0.5 s of work later",
            "refused",
        ],
        rows,
    )


class Counting(Collector):
    """Counts calls: an event of Footfall's stands for as many as its weight says."""

    def __init__(self) -> None:
        super().__init__()
        self.weights: dict[str, float] = {}

    def take(self, text: str) -> None:
        for event in json.loads(text)["batch"]:
            self.weights[event["messageId"]] = event["properties"].get("weight", 1)

    def settled(self) -> int:
        """The calls that have arrived, when nothing more arrives."""
        before = -1
        while before != len(self.weights):
            before = len(self.weights)
            time.sleep(1)
        return round(sum(self.weights.values()))


def losses() -> None:
    """What has arrived in the end, by the next process of the library too."""
    rows: list[list[object]] = []
    for way in ("own", "drop-in"):
        cells: list[object] = [way]
        for first in ("", refused(), BlackHole().url):
            collector = Counting()
            with tempfile.TemporaryDirectory() as home:
                run(way, first or collector.url, "exit", 1000, home)
                collector.settled()
                run(way, collector.url, "exit", 1, home, "flush")
                cells.append(1001 - collector.settled())
        collector = Counting()
        with tempfile.TemporaryDirectory() as home:
            run(way, collector.url, "children", 5, home)
        cells.append(6 - collector.settled())
        rows.append(cells)
    table(
        [
            "calls lost, the next run included",
            "of 1,000 at a healthy exit",
            "of 1,000 refused",
            "of 1,000 into a black hole",
            "of 5 in forked children",
        ],
        rows,
    )


def main(parts: list[str]) -> int:
    subprocess.run(
        [sys.executable, str(ROOT / "tools/bootstrap.py"), "venv", str(ROOT / ".demo/nannyml"),
         str(ROOT / "examples/nannyml/requirements.lock"), "--require-hashes"], check=True,
    )  # fmt: skip
    works = dict(zip(PARTS, [call, imports, exits, losses], strict=True))
    if not set(parts) <= set(works):
        print(f"The parts are {', '.join(works)}.")
        return 2
    for part in parts or PARTS:
        works[part]()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
