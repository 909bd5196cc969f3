"""The official client, unmodified: only its host changes."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter

import pytest

from .conftest import Server

_SCRIPT = """
import sys
import segment.analytics as analytics

class Counting(analytics.client.Client):
    pass

analytics.host = sys.argv[1]
analytics.write_key = sys.argv[2]
analytics.gzip = sys.argv[3] == "gzip"
analytics.max_queue_size = 100_000
errors = []
analytics.on_error = lambda error, batch: errors.append(error)

posts = []
import requests
send = requests.Session.send
def counted(self, request, **options):
    response = send(self, request, **options)
    posts.append(response.status_code)
    return response
requests.Session.send = counted

for i in range(1_000):
    analytics.track(f"install-{i % 50}", f"event {i % 7}", {"i": i, "kind": "x", "none": None})
analytics.identify("install-1", {"plan": "free"})
analytics.flush()
analytics.shutdown()
assert not errors, errors
assert set(posts) == {200}, posts
print(len(posts))
"""


@pytest.mark.parametrize("encoding", ["plain", "gzip"])
def test_segment_python_loses_nothing_and_retries_nothing(server: Server, encoding: str) -> None:
    project = server.create_project(f"segment-python-{encoding}")
    run = subprocess.run(
        [sys.executable, "-c", _SCRIPT, server.url, project.write_key, encoding],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert 0 < int(run.stdout) <= 60  # batches, none sent again
    kinds = Counter(row["kind"] for row in project.events())
    assert kinds == {"track": 1_000, "identify": 1}
    rows = [row for row in project.events() if row["kind"] == "track"]
    assert Counter(row["event"] for row in rows) == Counter(f"event {i % 7}" for i in range(1_000))
    assert sorted(row["properties"]["i"] for row in rows) == list(range(1_000))
    assert {row["install"] for row in rows} == {f"install-{i}" for i in range(50)}
    assert all("none" in row["properties"] for row in rows)
