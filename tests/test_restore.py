"""Metadata on PostgreSQL through a backup and back; restores that are interrupted."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Project, Server
from tests.databases import PostgreSQL, postgresql
from tests.test_erase import done, erase
from tests.test_operations import done_well, event, reports, run


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgreSQL]:
    with postgresql() as started:
        yield started


@pytest.fixture
def empty(postgres: PostgreSQL) -> dict[str, str]:
    """Settings with a database that nothing is in."""
    return {"FOOTFALL_DATABASE_URL": postgres.create(uuid.uuid4().hex).url}


@dataclass
class Original:
    """A server as it was when it was backed up; `answers` are every report's."""

    project: Project
    answers: Any
    backups: Path


@pytest.fixture(scope="module")
def original(postgres: PostgreSQL, tmp_path_factory: pytest.TempPathFactory) -> Original:
    folder = tmp_path_factory.mktemp("original")
    environment = {"FOOTFALL_DATABASE_URL": postgres.create("original").url}
    server = Server(folder / "data", environment=environment)
    project = server.create_project("lib")
    server.start()
    gone = f"install-{uuid.uuid4()}"
    try:
        assert project.send([event(number, number % 37) for number in range(600)]).status == 200
        assert project.send([{**event(1, 1), "userId": gone, "messageId": gone}]).status == 200
        assert len(project.events()) == 601
        done(project, erase(project, install=gone, block=True).json()["id"])
        answers = reports(project)
        done_well(server.data, "backup", str(folder / "backups"), **environment)
        assert server.stop() == 0
    finally:
        if server.process is not None:
            server.kill()
    return Original(project, answers, folder / "backups")


def answers_of(data: Path, environment: dict[str, str], like: Project) -> Any:
    server = Server(data, environment=environment).start()
    try:
        return reports(Project(server, like.name, like.write_key, like.api_token))
    finally:
        assert server.stop() == 0


def test_a_server_on_postgresql_comes_back_whole(
    original: Original, empty: dict[str, str], tmp_path: Path
) -> None:
    data, folder = tmp_path / "new", str(original.backups)
    environment = original.project.server.environment
    taken = run(data, "restore", folder, **environment)
    assert (taken.returncode, "METADATA_NOT_EMPTY" in taken.stderr) == (1, True)
    assert done_well(data, "restore", folder, **empty)["erasures"] == 1
    assert answers_of(data, empty, original.project) == original.answers


def test_an_interrupted_restore_says_so_and_begins_again(
    original: Original, empty: dict[str, str], tmp_path: Path
) -> None:
    data, folder = tmp_path / "new", str(original.backups)
    for last_step in ("load", "restore_store"):
        cut = [sys.executable, "-c", CUT, last_step, "restore", folder, "--data", str(data)]
        assert subprocess.run(cut, env={**os.environ, **empty}, check=False).returncode == 9
    refused = run(data, "serve", **empty)
    assert (refused.returncode, "RESTORE_UNFINISHED" in refused.stderr) == (2, True)
    ill = run(data, "doctor", **empty)
    assert (ill.returncode, "restore into it isn't finished" in ill.stdout) == (1, True)
    again = run(data, "restore", folder, **empty)
    assert again.returncode == 0, again.stderr
    assert "interrupted" in again.stderr
    assert answers_of(data, empty, original.project) == original.answers


# The command as it is, but for its end: just after a step, as a power cut would end it.
CUT = """
import os, sys
from footfall_server.cli import main
from footfall_server.operations import restore
name = sys.argv.pop(1)
step = getattr(restore, name)
def cut(*arguments, **named):
    step(*arguments, **named)
    os._exit(9)
setattr(restore, name, cut)
main()
"""
