"""`python -m benchmarks.sdk [PART…]`: the SDK and its peers in one run, each in its own processes.

Parts: floors, call, import, exit, child, throughput. The peers' real packages are in `.bench/`,
made from `peers.lock`; of NannyML its usage module alone is loaded, as it is.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.sdk.collector import BlackHole, Collector, refused

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
PYTHON = ROOT / ".bench" / "bin" / "python"
SUBJECT = HERE / "subject.py"
PEERS = ["nannyml", "segment", "posthog", "mixpanel", "huggingface"]
LIMIT = 20  # seconds that an exit may take before it is killed
PARTS = ["floors", "call", "import", "exit", "child", "throughput"]


def environment(home: str) -> dict[str, str]:
    keep = ("PATH", "HOME", "LANG", "TMPDIR")
    source = str(ROOT / "packages/footfall/src")
    return {**{k: os.environ[k] for k in keep if k in os.environ},
            "PYTHONPATH": source, "FOOTFALL_HOME": home}  # fmt: skip


def run(sdk: str, url: str, mode: str, count: int = 1, home: str = "") -> tuple[dict, float]:
    """The subject's result, and the moment at which its process had ended."""
    with tempfile.TemporaryDirectory() as fresh:
        child = subprocess.Popen(
            [str(PYTHON), str(SUBJECT), sdk, url, mode, str(count)], stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, env=environment(home or fresh), cwd=fresh,
        )  # fmt: skip
        try:
            out, _ = child.communicate(timeout=LIMIT + 40 * (mode in ("call", "floors")))
        except subprocess.TimeoutExpired:
            child.kill()
            out, _ = child.communicate()
        ended = time.monotonic()
    lines = out.decode().strip().splitlines()
    return (json.loads(lines[-1]) or {} if lines else {}), ended


def table(head: list[str], rows: list[list[object]]) -> None:
    print("\n| " + " | ".join(head) + " |\n|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |", flush=True)


def floors() -> None:
    measured, _ = run("footfall", Collector().url, "floors")
    floor, bare = measured["wraps + 4 clocks + append"], measured["bare"]
    table(["a no-op, in a tight loop", "ns a call", "over bare", "/ floor", "NannyML /"], [
        [name, f"{ns:,.0f}", f"{ns - bare:,.0f}", f"{ns / floor:.2f}",
         f"{measured['nannyml'] / ns:.0f}"]
        for name, ns in measured.items()
    ])  # fmt: skip


def call() -> None:
    rows: list[list[object]] = []
    for sdk in ["empty", "footfall", *PEERS]:
        cells: list[object] = [sdk]
        for url in (Collector().url, refused()):
            # Mixpanel, refused: fewer than its buffer holds; the next call would block for seconds.
            count = 25 if sdk == "mixpanel" and len(cells) > 1 else 20_000
            taken, _ = run(sdk, url, "call", count)
            cells += [f"{taken[k] / 1000:.2f}" if taken else f"> {LIMIT} s" for k in
                      (("median", "p99") if len(cells) == 1 else ("median",))]  # fmt: skip
        rows.append(cells)
    table(["with values, µs a call", "median", "p99", "median, refused"], rows)


def imports() -> None:
    statements = {
        "floor: contextvars, functools, atexit": "import contextvars, functools, atexit",
        "floor: threading": "import threading",
        "footfall": "import footfall",
        "footfall, one function declared": "import footfall; footfall.Usage('l', '1',"
        " 'http://x', 'k').log('x')(lambda: 1)",
        "nannyml": "import types, typing, sys; import importlib.util as u;"
        " p = types.ModuleType('nannyml');"
        " p.__path__ = u.find_spec('nannyml').submodule_search_locations; p.__version__ = '0';"
        " t = types.ModuleType('nannyml._typing'); t.ParamSpec = typing.ParamSpec;"
        "  sys.modules.update({'nannyml': p, 'nannyml._typing': t})"
        "; import nannyml.usage_logging",
        "segment": "import segment.analytics", "posthog": "import posthog",
        "mixpanel": "import mixpanel",
        "huggingface": "from huggingface_hub.utils import _telemetry",
    }  # fmt: skip
    taken: dict[str, list[float]] = {name: [] for name in ["pass", *statements]}
    with tempfile.TemporaryDirectory() as home:
        for _ in range(15):
            for name in taken:
                start = time.perf_counter()
                subprocess.run([str(PYTHON), "-c", statements.get(name, "pass")], check=True,
                               env=environment(home), cwd=home)  # fmt: skip
                taken[name].append((time.perf_counter() - start) * 1000)
    least = median(taken["pass"])
    table(["import", "ms over `pass`"], [
        [name, f"{median(taken[name]) - least:.1f}"] for name in statements
    ])  # fmt: skip


def exits() -> None:
    rows: list[list[object]] = []
    for sdk in ["empty", "footfall", *PEERS]:
        cells: list[object] = [sdk]
        cells += [healthy(sdk, count) for count in (1, 1000)]
        for url in (refused(), BlackHole().url):
            seconds = []
            for _ in range(3 if sdk in ("empty", "footfall") else 1):
                result, ended = run(sdk, url, "exit", 1000 if sdk != "mixpanel" else 40)
                seconds.append(ended - result["last call"] if result else float("inf"))
            least = median(seconds)
            cells.append(f"{least:.3f}" if least < LIMIT - 1 else f"> {LIMIT}")
        cells.append(later(sdk))
        rows.append(cells)
    table(
        [
            "exit, seconds from the last call",
            "1 event (delivered)",
            "1,000 (delivered, doubled)",
            "1,000 refused",
            "1,000, black hole",
            "of 1,000 refused, after the next run",
        ],
        rows,
    )
    print("\nMixpanel: 40 events refused and in the black hole; with 50 it blocks inside the call.")


def healthy(sdk: str, count: int) -> str:
    seconds, arrived, doubled = [], [], 0
    for _ in range(3):
        collector = Collector()
        result, ended = run(sdk, collector.url, "exit", count)
        seconds.append(ended - result["last call"] if result else float("inf"))
        time.sleep(0.1)
        arrived.append(len(collector.marks))
        doubled += sum(collector.marks.values()) - len(collector.marks)
    more = f", {doubled}" if count > 1 else ""
    return f"{median(seconds):.3f} ({min(arrived):,}{more})"


def later(sdk: str) -> str:
    """1,000 events while refused; then another process, and what has arrived."""
    if sdk == "empty":
        return "–"
    with tempfile.TemporaryDirectory() as home:
        collector = Collector()
        run(sdk, refused(), "exit", 1000 if sdk != "mixpanel" else 40, home)
        run(sdk, collector.url, "flush", 0 if sdk != "footfall" else 1, home)
        time.sleep(0.2)
        twice = sum(collector.marks.values()) - len(collector.marks)
        return f"{len(collector.marks):,} ({max(twice - 1, 0)} doubled)"


def children() -> None:
    rows: list[list[object]] = []
    kinds = ["exit", "flush", "fork", "spawn", "forkserver"]
    for sdk in ["footfall", *PEERS]:
        cells: list[object] = [sdk]
        for kind in kinds:
            if sdk == "footfall" or kind in ("exit", "flush", "fork"):
                collector = Collector()
                with tempfile.TemporaryDirectory() as home:
                    run(sdk, collector.url, f"child {kind}", 5, home)
                    time.sleep(0.3)
                    there = len(collector.marks)
                    if sdk == "footfall" and there < 5:
                        run(sdk, collector.url, "flush", 1, home)
                        cells.append(f"{there}, {min(len(collector.marks), 5)} after the next run")
                        continue
                cells.append(there)
            else:
                cells.append("not run")
        rows.append(cells)
    table(
        [
            "delivered by 5 children",
            "os.fork, exit",
            "os.fork, flush, _exit",
            "multiprocessing fork",
            "spawn",
            "forkserver",
        ],
        rows,
    )


def throughputs() -> None:
    rows: list[list[object]] = []
    for sdk in ["footfall", *PEERS]:
        collector = Collector()
        result, _ = run(sdk, collector.url, "throughput")
        arrived = len(collector.marks)
        if result and arrived:
            rate, cpu = arrived / result["seconds"], result["cpu"] / arrived * 1e6
            rows.append([sdk, f"{rate:,.0f}", f"{cpu:.1f}", f"{result['events'] + 1 - arrived:,}"])
        else:
            rows.append([sdk, "–", "–", "–"])
    table(["1,000 events, flush, again", "events/s", "CPU µs an event", "lost"], rows)


def main(parts: list[str]) -> int:
    subprocess.run([sys.executable, str(ROOT / "tools/bootstrap.py"), "venv", ".bench",
                    "benchmarks/sdk/peers.lock"], check=True)  # fmt: skip
    works = dict(zip(PARTS, [floors, call, imports, exits, children, throughputs], strict=True))
    if not set(parts) <= set(works):
        print(f"The parts are {', '.join(works)}.")
        return 2
    for part in parts or PARTS:
        works[part]()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
