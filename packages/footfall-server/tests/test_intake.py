"""What several processes count, as one; and what each of them lets a project send."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from footfall_server.accounts import Accounts, Documents
from footfall_server.ingest.live import entries_by_project
from footfall_server.intake import Intake, Report, Times, open_intake, report, total
from footfall_server.journal import Entry
from footfall_server.model.histogram import Histogram


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/metadata.db"


@pytest.fixture
def intake(url: str, tmp_path: Path) -> Iterator[Intake]:
    opened = open_intake(url, tmp_path / "j", b"a secret", tmp_path / "salts", share=4)
    yield opened
    opened.close()


def test_reports_add_up_and_survive_the_pipe(intake: Intake) -> None:
    counters = intake.pipeline.counters
    counters.requests, counters.accepted = 3, 7
    counters.rejected["MISSING_EVENT"] = 2
    counters.seconds.add(0.004)
    asyncio.run(intake.journal.append([Entry(intake.journal.reserve(1), "events", 1, b"x\n")]))
    sent = msgspec.json.decode(msgspec.json.encode(report(intake)), type=Report)
    dead = Report(accepted=1, rejected={"TOO_DEEP": 5, "MISSING_EVENT": 1}, commits=10)
    whole = total([sent, sent, dead])
    assert (whole.requests, whole.accepted) == (6, 15)
    assert whole.rejected == {"MISSING_EVENT": 5, "TOO_DEEP": 5}
    assert whole.commits == 2 * intake.journal.commits + 10
    assert whole.seconds.histogram().cumulated()[-1] == ("+Inf", 2.0)
    assert whole.failure is None


def test_one_process_that_cannot_write_is_known() -> None:
    assert total([Report(), Report(failure="the disk is full")]).failure == "the disk is full"


def test_nothing_counted_is_an_empty_histogram() -> None:
    assert Times([], 0.0).histogram().cumulated() == Histogram().cumulated()


def test_each_of_several_processes_allows_its_share(url: str, intake: Intake) -> None:
    accounts = Accounts(url)
    created = accounts.create_project("shared").project
    limits = {"limits": {"events_per_second": 100.0, "burst": 40}}
    Documents(accounts).put_only(created, "settings", limits)
    accounts.close()
    policy = intake.pipeline._policies(created.id)
    assert (policy.limits.events_per_second, policy.limits.burst) == (25.0, 10)
    assert intake.pipeline._policies(created.id) is policy


def test_a_block_is_told_apart_for_the_live_view() -> None:
    lines = b'{"project":3,"a":1}\n{"project":12,"a":2}\n{"project":3,"a":3}\n'
    found = entries_by_project("events", lines)
    assert {project: (each.lines, each.body) for project, each in found.items()} == {
        3: (2, b'{"project":3,"a":1}\n{"project":3,"a":3}\n'),
        12: (1, b'{"project":12,"a":2}\n'),
    }
    many = b"".join(b'{"project":1,"n":%d}\n' % number for number in range(100_000))
    (newest,) = entries_by_project("events", many).values()
    assert many.endswith(newest.body)
    assert len(newest.body) < 300_000
