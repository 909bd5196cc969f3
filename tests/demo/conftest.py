"""The two real runs that the tests here share: NannyML as it is, and through `footfall_nannyml`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from footfall_nannyml.page import kept_manifest

from examples.nannyml.demo import WORKLOAD, only_this_machine
from examples.nannyml.ledger import Count, read_ledgers
from tests.conftest import Project, Server, http

ROOT = Path(__file__).resolve().parents[2]
SOURCES = [ROOT / "packages/footfall/src", ROOT / "packages/footfall-nannyml/src"]
SPEAKING = ("FOOTFALL_", "NML_", "DO_NOT_TRACK")


def demo(home: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """The demonstration as `make demo DEMO_EXIT=1` runs it, with its data in `home`."""
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


@dataclass(frozen=True)
class Demonstrated:
    """A finished demonstration, and what NannyML logged in it by its own account."""

    home: Path
    done: subprocess.CompletedProcess[str]
    ended: datetime
    ledger: dict[str, Count]
    exceptions: list[str]


@pytest.fixture(scope="session")
def demonstrated(tmp_path_factory: pytest.TempPathFactory) -> Demonstrated:
    home = tmp_path_factory.mktemp("demonstrated")
    done = demo(home, FOOTFALL_PORT="0")
    ended = datetime.now(UTC)
    lines = [
        json.loads(line)
        for path in sorted((home / "run").glob("*.jsonl"))
        for line in path.read_text().splitlines()
    ]
    exceptions = [line["exception"] for line in lines if line["error"]]
    return Demonstrated(home, done, ended, read_ledgers(home / "run"), exceptions)


@pytest.fixture(scope="session")
def unmodified(demonstrated: Demonstrated) -> Iterator[list[dict[str, Any]]]:
    """The events that NannyML, as it is, logged in the demonstration, from the server's data."""
    again = Server(demonstrated.home / "data").start()
    token = json.loads(again.command("project", "token", "nannyml", "--json").stdout)
    events = Project(again, "nannyml", "unused", token["api_token"]).events()
    # The demonstration may have been run again into the same data since.
    yield [e for e in events if datetime.fromisoformat(e["received_at"]) < demonstrated.ended]
    assert again.stop() == 0


@dataclass(frozen=True)
class Installed:
    """NannyML's environment with `footfall_nannyml` in it, told by nothing but variables."""

    python: Path
    project: Project
    home: Path
    output: Path

    def environment(self, **more: str) -> dict[str, str]:
        """Where nothing else speaks. The sources stand in for the installed wheels."""
        kept = {k: v for k, v in only_this_machine().items() if not k.startswith(SPEAKING)}
        return {
            **kept,
            "PYTHONPATH": os.pathsep.join(map(str, SOURCES)),
            "PYTHONWARNINGS": "ignore",
            "PATH": f"{self.python.parent}{os.pathsep}{kept['PATH']}",
            "FOOTFALL_HOME": str(self.home),
            "FOOTFALL_NANNYML_ENDPOINT": self.project.server.url,
            "FOOTFALL_NANNYML_WRITE_KEY": self.project.write_key,
            **more,
        }


@pytest.fixture(scope="session")
def installed(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder = ROOT / ".demo/nannyml"
    subprocess.run(
        [sys.executable, str(ROOT / "tools/bootstrap.py"), "venv", str(folder),
         str(ROOT / "examples/nannyml/requirements.lock"), "--require-hashes"],
        check=True, timeout=900,
    )  # fmt: skip
    project = server.create_project("nannyml-through-footfall")
    # The door refuses whatever the manifest doesn't name; so all that arrives is declared.
    allowed = http(
        "PUT", f"{server.url}/api/v1/projects/{project.name}/manifest",
        {"mode": "enforce", "manifest": kept_manifest()}, project.authorization,
    )  # fmt: skip
    assert allowed.status == 200, allowed.body
    home, output = (tmp_path_factory.mktemp(name) for name in ("home", "workload"))
    return Installed(folder / "bin/python", project, home, output)


@pytest.fixture(scope="session")
def through_footfall(installed: Installed) -> list[dict[str, Any]]:
    """The events of the same workload, library and command line, logged by `footfall_nannyml`."""
    output = installed.output
    running = [
        subprocess.Popen(
            [str(installed.python), "-s", str(WORKLOAD / f"{script}.py"), "unobserved",
             str(output / "unused.jsonl"), str(output)],
            env=installed.environment(), cwd=output, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True,
        )
        for script in ("library", "command")
    ]  # fmt: skip
    for process in running:
        _, messages = process.communicate(timeout=600)
        assert process.returncode == 0, messages
    # What a process couldn't send before its end leaves with the next one.
    subprocess.run(
        [str(installed.python), "-c", FLUSH], env=installed.environment(), check=True, timeout=60
    )
    return installed.project.events()


FLUSH = """
from footfall_nannyml import install
usage = install()
usage.track("undeclared")
assert usage.flush(30)
"""
