"""Unmodified NannyML against a real server: every event that it logs is in the insights."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.demo.conftest import Demonstrated, demo

VERDICT = re.compile(
    r"NannyML logged (\d+) events of (\d+) kinds, and every one is in the insights\."
)


@pytest.mark.timeout(1200)
def test_every_event_is_counted_in_the_first_run_and_in_the_next(
    demonstrated: Demonstrated,
) -> None:
    runs = [demonstrated.done, demo(demonstrated.home, FOOTFALL_PORT="0")]
    for done in runs:
        assert done.returncode == 0, done.stdout + done.stderr
        verdict = VERDICT.search(done.stdout)
        assert verdict, done.stdout
        # One for each place in NannyML that logs; two of its 49 places log the same name.
        assert int(verdict[2]) == 48
        # The deliberate mistake arrives as an error: logged, found, errors.
        assert re.search(r"CBPE estimator plot +3 +3 +1 +✓", done.stdout), done.stdout
        assert "✗" not in done.stdout
    boards = [
        re.search(r"NannyML's board: \S+/p/nannyml/boards/(\S+)", done.stdout) for done in runs
    ]
    assert boards[0]
    assert boards[1]
    assert boards[0][1] == boards[1][1]  # the second run finds the first one's


def test_an_opt_out_is_respected_and_said(tmp_path: Path) -> None:
    done = demo(tmp_path, FOOTFALL_PORT="0", NML_DISABLE_USAGE_LOGGING="1")
    assert done.returncode == 1
    assert "NML_DISABLE_USAGE_LOGGING is set" in done.stdout
