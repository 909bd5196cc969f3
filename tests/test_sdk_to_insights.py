"""From a decorated function to an insight: the SDK in a process of its own, the real server."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from .conftest import Server
from .test_thin_slice import folded, total

_SCRIPT = """
import sys
import footfall

usage = footfall.Usage("slice", version="1.10", endpoint=sys.argv[1], write_key=sys.argv[2])

@usage.log("fit", arguments=["solver"])
def fit(data, solver="newton"):
    if data is None:
        raise ValueError("secret")

for i in range(100):
    fit(i, "lbfgs")
try:
    fit(None)
except ValueError:
    pass
assert usage.flush(30), usage.status()
status = usage.status()
assert (status.sent, status.pending, status.lost) == (101, 0, {}), status
"""


def test_every_call_counts_and_nothing_undeclared_is_sent(server: Server, tmp_path: Path) -> None:
    project = server.create_project("sdk-slice")
    environment = {**os.environ, "FOOTFALL_HOME": str(tmp_path)}
    for name in ("CI", "DO_NOT_TRACK", "FOOTFALL_DISABLE"):
        environment.pop(name, None)
    run = subprocess.run(
        [sys.executable, "-c", _SCRIPT, server.url, project.write_key],
        env=environment, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")
    assert folded(project.query(total("fit"))) == 101  # a sample, weighted: totals stay exact
    assert folded(project.query(total("fit", measure="unique"))) == 1
    rows = project.events()
    assert len(rows) < 101
    failed = [row for row in rows if row["properties"]["exception_occurred"]]
    assert [row["properties"]["exception_type"] for row in failed] == ["ValueError"]
    assert failed[0]["properties"]["solver"] == "newton"
    for row in rows:
        properties = row["properties"]
        assert properties["library_version"] == "1.10"
        assert "data" not in properties
        assert "secret" not in str(properties)
    version = {**total("fit"), "breakdown": ["library_version"]}
    segments = {tuple(row["segment"]) for row in project.query(version).json()["rows"]}
    assert segments == {("1.10",)}
