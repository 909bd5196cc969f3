"""Every report over two shards: what the definitions in plain Python say, and what one table says.

Modules of this folder run again in a process of their own, since an engine has one configuration;
there each answer is compared with that of the same rows read as one table, too.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).parent
SHARE = "0.1"
"""Of the random queries that the modules ask of one table."""

HALVES = (
    ("test_oracle.py", "test_oracle_funnel.py", "test_oracle_flows.py", "over_two_shards.py",
     "test_sql_report.py::test_what_can_be_asked"),
    ("test_oracle_cohorts.py", "test_oracle_release_health.py", "test_oracle_retention.py",
     "test_schema.py", "test_cohorts.py"),
)  # fmt: skip
"""About as long as each other: they run side by side."""

REPORTS = {
    "adoption", "drop_cost", "errors", "events_table", "exceptions", "flows", "funnel", "lifecycle",
    "paths", "retention", "retention by cohorts", "run_time", "stickiness", "support_matrix",
    "traction", "trends", "trends by cohorts",
}  # fmt: skip


def again(split: str, *modules: str, share: str = SHARE) -> subprocess.CompletedProcess[str]:
    """pytest of some modules over shards that are split like this."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *modules],
        cwd=HERE,
        env={**os.environ, "FOOTFALL_SHARDS": split, "FOOTFALL_ORACLE": share},
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_report_over_two_shards_is_what_the_definitions_and_one_table_say() -> None:
    compared: set[str] = set()
    with ThreadPoolExecutor(len(HALVES)) as pool:
        for done in pool.map(lambda modules: again("two", *modules), HALVES):
            assert done.returncode == 0, done.stdout[-5000:]
            compared |= set(re.findall(r"^([\w ]+): [\d,]+ random", done.stdout, re.MULTILINE))
    assert compared - {"all"} == REPORTS


def test_the_comparison_fails_where_an_installs_events_part() -> None:
    """Split by message instead of by install, per-install reports are wrong: this can be seen."""
    done = again("by message", "test_oracle_funnel.py", "test_oracle_flows.py", share="2")
    assert done.returncode == 1, done.stdout[-5000:]
    assert "AssertionError" in done.stdout
    assert "2 failed" in done.stdout
