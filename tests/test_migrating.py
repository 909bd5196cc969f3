"""The guide for moving from Segment and Mixpanel, its commands run as they are written."""

from __future__ import annotations

import gzip
import json
import os
import re
import shlex
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.conftest import Server, http

GUIDE = (Path(__file__).parents[1] / "docs/migrating.md").read_text(encoding="utf-8")
SEGMENT_KEY = "aKeyOfSegmentsOwnMaking"
FIRST = datetime(2025, 12, 1, 12, tzinfo=UTC)
EVENTS = [
    {
        "event": ("CBPE estimator fit", "CBPE estimator run", "CLI run")[number % 3],
        "install": f"00000000-0000-0000-0000-0242ac1100{number % 5:02}",
        "id": f"message-{number}",
        "time": FIRST + timedelta(hours=number),
        "properties": {"nannyml_version": "0.12.1", "run_time": number / 10},
    }
    for number in range(60)
]


def commands(start: str) -> list[str]:
    """The commands of the guide that begin so, continued lines joined."""
    text = GUIDE.replace("\\\n", " ")
    return [line[2:] for line in text.splitlines() if line.startswith(f"$ {start}")]


def run(server: Server, command: str, cwd: Path) -> dict[str, Any]:
    """What a command of the guide says with `--json`."""
    folder = Path(sys.executable).parent
    env = {**os.environ, "FOOTFALL_DATA": str(server.data)}
    env["PATH"] = f"{folder}{os.pathsep}{env['PATH']}"
    done = subprocess.run(
        ["sh", "-c", f"{command} --json"], env=env, cwd=cwd, capture_output=True, text=True,
        timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def segment_archive(folder: Path) -> None:
    """As Segment's S3 destination writes it: a folder a day, gzipped lines, each a whole call."""
    for event in EVENTS:
        time = event["time"].isoformat().replace("+00:00", "Z")
        line = {
            "type": "track", "event": event["event"], "userId": event["install"],
            "messageId": event["id"], "properties": event["properties"], "timestamp": time,
            "originalTimestamp": time, "sentAt": time, "receivedAt": time, "version": 2,
            "writeKey": SEGMENT_KEY, "context": {"library": {"name": "analytics-python"}},
        }  # fmt: skip
        path = folder / f"archive/{event['time']:%Y%m%d}/part.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        with gzip.open(path, "at", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def mixpanel_export(folder: Path) -> None:
    """As Mixpanel's raw export writes it, which isn't deduplicated: one line comes twice."""
    lines = []
    for event in [*EVENTS, EVENTS[0]]:
        seconds = int(event["time"].timestamp())
        properties = {
            "time": seconds, "distinct_id": event["install"], "$insert_id": event["id"],
            "mp_processing_time_ms": seconds * 1000, **event["properties"],
        }  # fmt: skip
        lines.append(json.dumps({"event": event["event"], "properties": properties}))
    (folder / "mixpanel.ndjson").write_text("\n".join(lines) + "\n")


def test_the_commands_of_the_guide_bring_events_and_history_over(
    own_server: Server, tmp_path: Path
) -> None:
    create, key = commands("footfall-server project")
    token = run(own_server, create, tmp_path)["api_token"]
    run(own_server, key.replace("YOUR_SEGMENT_WRITE_KEY", SEGMENT_KEY), tmp_path)

    now = datetime.now(UTC)
    sent = http("POST", f"{own_server.url}/v1/batch", {
        "writeKey": SEGMENT_KEY, "batch": [
            {"type": "track", "event": "CLI run", "userId": "new", "messageId": "new",
             "timestamp": now.isoformat()}],
    })  # fmt: skip
    assert sent.status == 200, sent.body

    def counts(first: str, last: str) -> dict[str, int]:
        answer = http(
            "POST", f"{own_server.url}/api/v1/projects/mylib/query?consistent=1",
            {"report": "events_table", "from": first, "to": last},
            {"Authorization": f"Bearer {token}"},
        )  # fmt: skip
        assert answer.status == 200, answer.body
        return {row["event"]: row["total"] for row in answer.json()["rows"]}

    assert counts(f"{now:%Y-%m-%d}", f"{now:%Y-%m-%d}") == {"CLI run": 1}

    segment_archive(tmp_path)
    mixpanel_export(tmp_path)
    past = {"CBPE estimator fit": 20, "CBPE estimator run": 20, "CLI run": 20}
    imports = commands("footfall-server import")
    assert [shlex.split(one)[-1] for one in imports] == ["segment", "mixpanel"]
    first = run(own_server, imports[0], tmp_path)
    assert (first["lines"], first["accepted"], first["rejected"]) == (60, 60, 0)
    assert counts("2025-12-01", "2025-12-31") == past
    run(own_server, imports[0], tmp_path)  # from time to time, as the guide says
    assert counts("2025-12-01", "2025-12-31") == past

    # The other source into another project: never both into one.
    run(own_server, create.replace("mylib ", "other "), tmp_path)
    run(own_server, imports[1].replace("mylib ", "other "), tmp_path)
    exported = run(own_server, "footfall-server export other --output other.ndjson", tmp_path)
    assert exported["events"] == 60
    lines = [json.loads(line) for line in (tmp_path / "other.ndjson").read_text().splitlines()]
    assert {(line["message_id"], line["install"]) for line in lines} == {
        (event["id"], event["install"]) for event in EVENTS
    }
    times = {line["message_id"]: line["time"] for line in lines}
    for event in EVENTS:
        assert datetime.fromisoformat(times[event["id"]]) == event["time"]


def test_the_guide_names_the_hosts_that_clients_are_pointed_at() -> None:
    assert re.search(r'segment\.analytics\.host = "https://', GUIDE)
    assert "data-eu.mixpanel.com" in GUIDE
