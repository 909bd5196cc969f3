"""The same real work through `footfall_nannyml`, and what NannyML's users are told about it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from footfall_nannyml.page import kept_manifest

from examples.nannyml.ledger import compare, read_events_table
from tests.conftest import http
from tests.demo.conftest import ROOT, Demonstrated, Installed

pytestmark = pytest.mark.timeout(1200)
OWN_EXCEPTION = "nannyml.exceptions.InvalidArgumentsException"
PAGE = (ROOT / "docs/nannyml.md").read_text(encoding="utf-8")
# What NannyML's users know as the fields of an event; `install` is the collector's `userId`.
FIELDS = [
    "event", "exception_occurred", "exception_type", "kind", "nannyml_version", "os_type",
    "process_run_time", "python_version", "run_time", "runtime_environment", "install",
]  # fmt: skip
Events = list[dict[str, Any]]


def today(report: str, **more: Any) -> dict[str, Any]:
    now = datetime.now(UTC)
    days = {"from": f"{now - timedelta(days=1):%Y-%m-%d}", "to": f"{now:%Y-%m-%d}"}
    return {"report": report, **days, **more}


def test_both_ways_count_the_same_and_what_nannyml_logged(
    demonstrated: Demonstrated, installed: Installed, through_footfall: Events
) -> None:
    assert demonstrated.done.returncode == 0, demonstrated.done.stdout
    answer = installed.project.query(today("events_table"))
    assert answer.status == 200, answer.body
    found = read_events_table(answer.json()["rows"])
    comparison = compare(demonstrated.ledger, found)
    assert comparison.equal, comparison.verdict()
    assert len(comparison.lines) == 48


def test_errors_carry_nannymls_own_class_in_both(
    demonstrated: Demonstrated, unmodified: Events, through_footfall: Events
) -> None:
    assert demonstrated.exceptions == [OWN_EXCEPTION]
    for events in (unmodified, through_footfall):
        failed = [e["properties"] for e in events if e["properties"]["exception_occurred"]]
        assert [one["exception_type"] for one in failed] == [OWN_EXCEPTION]


def test_both_ways_say_the_same_about_each_call(
    unmodified: Events, through_footfall: Events
) -> None:
    """Whatever NannyML sends of a call is sent through Footfall too, with the same value."""
    common = ["nannyml_version", "python_version", "os_type", "nannyml_cloud"]
    declared = {
        name: [*one["properties"], *common] for name, one in kept_manifest()["events"].items()
    }

    def said(events: Events) -> Counter[str]:
        return Counter(
            json.dumps(
                [event["event"], {n: event["properties"][n] for n in declared[event["event"]]}]
            )
            for event in events
        )

    assert said(unmodified) == said(through_footfall)
    sent = {name for event in unmodified for name in event["properties"]}
    assert sent <= {name for event in through_footfall for name in event["properties"]}


def test_every_field_that_users_are_told_of_arrives_and_can_be_asked_for(
    installed: Installed, through_footfall: Events
) -> None:
    (failed,) = [e for e in through_footfall if e["properties"]["exception_occurred"]]
    for field in FIELDS:
        value = failed["properties"].get(field, failed.get(field))
        assert value is not None, field
        series = [{"name": "A", "event": failed["event"], "measure": "total"}]
        query = today("trends", interval="day", series=series, breakdown=[field], fold=True)
        answer = installed.project.query(query)
        assert answer.status == 200, answer.body
        segments = [row["segment"] for row in answer.json()["rows"] if row["value"]]
        assert segments, field
        assert segments != [["$none"]], field


def test_two_runs_on_one_machine_have_one_id_and_it_is_no_address(
    through_footfall: Events,
) -> None:
    sessions = {event["properties"]["session_id"] for event in through_footfall}
    assert len(sessions) == 2  # the library's and the command line's
    assert len({event["install"] for event in through_footfall}) == 1


def test_nothing_of_a_call_leaves_but_what_the_page_names(through_footfall: Events) -> None:
    manifest = kept_manifest()
    for event in through_footfall:
        declared = manifest["events"][event["event"]]["properties"]
        assert set(event["properties"]) <= {*manifest["common"], *declared}, event["event"]
        assert all(f"`{name}`" in PAGE for name in event["properties"])
    sent = json.dumps([event["properties"] for event in through_footfall])
    # Columns, files and figures that the workload works with.
    for secret in ("car_value", "salary_range", "repaid", "loans", "results", ".csv", "/tmp"):
        assert secret not in sent


def test_an_event_that_the_manifest_does_not_name_is_refused_at_the_door(
    installed: Installed, through_footfall: Events
) -> None:
    project = installed.project
    address = f"{project.server.url}/api/v1/projects/{project.name}/rejected"
    rows = http("GET", address, headers=project.authorization).json()["rows"]
    assert len(rows) == 1, rows  # of all that NannyML logged, nothing
    assert json.loads(rows[0]["body"])["event"] == "undeclared"


DOCKER = """#!/bin/sh
# Stands in for `docker run -e NAME=VALUE nannyml/nannyml`: the image's command in an environment
# that holds the variable and what the image itself sets, and nothing of the shell that calls.
[ "$1" = run ] && [ "$2" = -e ] && [ "$4" = nannyml/nannyml ] || exit 2
exec env -i "$3" container=docker PATH="$PATH" HOME=/nowhere PYTHONPATH="$PYTHONPATH" \\
    FOOTFALL_HOME="$FOOTFALL_HOME" FOOTFALL_NANNYML_ENDPOINT="$FOOTFALL_NANNYML_ENDPOINT" \\
    FOOTFALL_NANNYML_WRITE_KEY="$FOOTFALL_NANNYML_WRITE_KEY" nml -c nann.yml run
"""
SCRIPT = """
import nannyml as nml
from footfall_nannyml.project import usage

frame, _, _ = nml.load_synthetic_car_loan_dataset()
nml.SummaryStatsRowCountCalculator(chunk_size=5000).fit(frame)
status = usage.status()
print(status.enabled, status.reason, status.pending)
"""


def test_each_command_that_turns_it_off_does_as_it_is_written(
    installed: Installed, through_footfall: Events, tmp_path: Path
) -> None:
    """A script and the command line are run as documented. There is no Docker here: a stand-in
    gives the command what Docker would give it, an environment of its own with the variable in it.
    """
    commands = re.findall(r"^(?:docker|NML_\w+=1 (?:python|nml)) .*$", PAGE, re.MULTILINE)
    assert len(commands) == 3
    (tmp_path / "my_monitoring_script_with_nannyml.py").write_text(SCRIPT)
    shutil.copy(installed.output / "nannyml.yaml", tmp_path / "nann.yml")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/docker").write_text(DOCKER)
    (tmp_path / "bin/docker").chmod(0o755)
    env = installed.environment()
    env["PATH"] = f"{tmp_path / 'bin'}{os.pathsep}{env['PATH']}"
    running = [
        subprocess.Popen(
            ["sh", "-c", command], env=env, cwd=tmp_path,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        for command in commands
    ]  # fmt: skip
    said = [process.communicate(timeout=300)[0] for process in running]
    assert [process.returncode for process in running] == [0, 0, 0], said
    assert "False NML_DISABLE_USAGE_LOGGING is set 0" in said[0]
    assert len(installed.project.events()) == len(through_footfall)
