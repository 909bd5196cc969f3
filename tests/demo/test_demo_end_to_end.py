"""Unmodified NannyML against a real server: every event that it logs is in the insights."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
VERDICT = re.compile(
    r"NannyML logged (\d+) events of (\d+) kinds, and every one is in the insights\."
)


def demo(home: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    env = {key: value for key, value in os.environ.items() if not key.startswith("FOOTFALL_")}
    return subprocess.run(
        [sys.executable, "-m", "examples.nannyml.demo", "--exit", "--home", str(home)],
        cwd=ROOT,
        env={**env, **settings},
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )


@pytest.mark.timeout(1200)
def test_every_event_is_counted_in_the_first_run_and_in_the_next(tmp_path: Path) -> None:
    for _ in range(2):
        done = demo(tmp_path, FOOTFALL_PORT="0")
        assert done.returncode == 0, done.stdout + done.stderr
        verdict = VERDICT.search(done.stdout)
        assert verdict, done.stdout
        # One for each place in NannyML that logs; two of its 49 places log the same name.
        assert int(verdict[2]) == 48
        # The deliberate mistake arrives as an error: logged, found, errors.
        assert re.search(r"CBPE estimator plot +3 +3 +1 +✓", done.stdout), done.stdout
        assert "✗" not in done.stdout


def test_an_opt_out_is_respected_and_said(tmp_path: Path) -> None:
    done = demo(tmp_path, FOOTFALL_PORT="0", NML_DISABLE_USAGE_LOGGING="1")
    assert done.returncode == 1
    assert "NML_DISABLE_USAGE_LOGGING is set" in done.stdout
