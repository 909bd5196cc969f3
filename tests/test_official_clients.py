"""The official clients of four vendors, unmodified: only their host changes."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from .conftest import Server, http

ROOT = Path(__file__).resolve().parent.parent
CLIENTS = Path(__file__).resolve().parent / "clients"
_RUDDER = {"identify": 1, "group": 1, "page": 1, "screen": 1, "alias": 1}
_MIXPANEL = {"engage": 1, "groups": 1, "$create_alias": 1}
_POSTHOG = {"$create_alias": 1, "$groupidentify": 1}


@pytest.fixture(scope="session")
def installed() -> None:
    """The clients, at the versions that are locked."""
    script = [sys.executable, str(ROOT / "tools/bootstrap.py"), "clients"]
    run = subprocess.run(script, capture_output=True, text=True, check=False, timeout=280)
    if run.returncode:
        pytest.fail(run.stdout + run.stderr, pytrace=False)


def figures(server: Server) -> dict[str, float]:
    """What the server has counted: requests and events, so that a retry shows."""
    text = http("GET", f"{server.url}/metrics").body.decode()
    counted: Counter[str] = Counter()
    for name, value in re.findall(r"^(footfall_\w+_total)(?:\{.*\})? (\S+)$", text, re.MULTILINE):
        counted[name] += float(value)
    return counted


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("command", "base", "others", "requests"),
    [
        (["run_rudderstack.py"], "", _RUDDER, 30),
        (["run_rudderstack.py"], "/rudderstack", _RUDDER, 30),
        (["run_posthog.py", "plain"], "", {"$set": 2, **_POSTHOG}, 30),
        (["run_posthog.py", "gzip"], "/posthog", {"$set": 2, **_POSTHOG}, 30),
        (["run_mixpanel.py"], "", {**_MIXPANEL, "merge": 1}, 112),
        (["run_mixpanel.py"], "/mixpanel", {**_MIXPANEL, "merge": 1}, 112),
        (["segment.js"], "", _RUDDER, 40),
        (["segment.js"], "/segment", _RUDDER, 40),
        (["rudderstack.js"], "", _RUDDER, 40),
        (["rudderstack.js"], "/rudderstack", _RUDDER, 40),
        (["posthog.js"], "", {"$identify": 1, **_POSTHOG}, 40),
        (["posthog.js"], "/posthog", {"$identify": 1, **_POSTHOG}, 40),
        (["mixpanel.js"], "", _MIXPANEL, 112),
        (["mixpanel.js"], "/mixpanel", _MIXPANEL, 112),
    ],
)
def test_a_client_loses_nothing_and_retries_nothing(
    server: Server, command: list[str], base: str, others: dict[str, int], requests: int
) -> None:
    script, *options = command
    if script.endswith(".js"):
        node = shutil.which("node") or str(ROOT / ".clients" / "bin" / "node")
        program = [node, str(CLIENTS / "node" / script)]
    else:
        program = [str(ROOT / ".clients/bin/python"), str(CLIENTS / "python" / script)]
    project = server.create_project(f"official-{script.replace('.', '-')}{base.replace('/', '-')}")
    before = figures(server)
    run = subprocess.run(
        [*program, server.url + base, project.write_key, *options],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    after = figures(server)
    difference = {name: after[name] - before.get(name, 0) for name in after}
    sent = 500 + sum(others.values())
    assert difference["footfall_events_accepted_total"] == sent
    assert difference["footfall_ingest_requests_total"] <= requests
    assert difference.get("footfall_ingest_requests_failed_total", 0) == 0
    assert difference.get("footfall_events_rejected_total", 0) == 0

    rows = project.events()
    assert Counter(row["kind"] for row in rows) == {"track": 500, **others}
    tracks = [row for row in rows if row["kind"] == "track"]
    assert Counter(row["event"] for row in tracks) == Counter(f"event {i % 7}" for i in range(500))
    assert sorted(row["properties"]["i"] for row in tracks) == list(range(500))
    assert {row["install"] for row in tracks} == {f"install-{i}" for i in range(20)}
    assert len({row["message_id"] for row in rows}) == sent
    assert not any("token" in row["properties"] for row in rows)
    assert not any("203.0.113" in str(row) for row in rows)
