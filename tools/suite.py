"""Every test: two halves side by side, since a good part of each is waiting.

What fails is run once more by itself, and both runs are shown; it fails when that fails.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent
HALVES = ("packages", "tests")
FAILED = 1  # pytest's status when it ran everything and some of it failed


def started(half: str, output: IO[bytes] | None, *arguments: str) -> subprocess.Popen[bytes]:
    cache = f"cache_dir=.pytest_cache/{half}"
    command = [sys.executable, "-m", "pytest", "-o", cache, *arguments, half]
    return subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output)


def main() -> int:
    began = time.monotonic()
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        logs = {half: Path(folder) / half for half in HALVES}
        for half in HALVES:
            logs[half].touch()
        runs = [(half, started(half, logs[half].open("wb"))) for half in HALVES]
        failed = []
        for half, run in runs:
            follow(run, logs[half])
            if run.returncode == FAILED:
                failed.append(half)
            elif run.returncode:
                return run.returncode
            counts.update(outcomes(logs[half].read_text(errors="replace")))
    status = 0
    for half in failed:
        print(f"Once more, by itself, what failed of {half}:", flush=True)
        status |= started(half, None, "--last-failed", "--last-failed-no-failures", "none").wait()
    told = ", ".join(f"{count} {outcome}" for outcome, count in counts.items())
    print(f"=== both halves: {told} in {time.monotonic() - began:.0f}s ===")
    return status


def follow(run: subprocess.Popen[bytes], log: Path) -> None:
    """Show what a run writes, until it has ended."""
    with log.open("rb") as file:
        while True:
            ended = run.poll() is not None
            if chunk := file.read():
                sys.stdout.buffer.write(chunk)
                sys.stdout.flush()
            elif ended:
                return
            time.sleep(0.2)


def outcomes(text: str) -> dict[str, int]:
    """The counts of pytest's last line: {"passed": 3, …}."""
    last = text.rstrip().rpartition("\n")[2].partition(" in ")[0]
    return {name: int(count) for count, name in re.findall(r"(\d+) ([a-z]+)", last)}


if __name__ == "__main__":
    sys.exit(main())
