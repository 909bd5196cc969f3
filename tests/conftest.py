"""A real server in a real process, on a free port, with a data directory of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from footfall_server.accounts import Accounts

COMMAND = [sys.executable, "-m", "footfall_server"]


@dataclass
class Answer:
    """An HTTP answer. `json()` is its body."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


def http(method: str, url: str, body: Any = None, headers: dict[str, str] | None = None) -> Answer:
    """One request; errors are answers too."""
    data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers or {}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return Answer(response.status, _lower(response.headers), response.read())
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, _lower(error.headers), error.read())


def _lower(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


@dataclass
class Project:
    """A project of the server under test."""

    server: Server
    name: str
    write_key: str
    api_token: str

    def send(self, events: list[dict[str, Any]], **fields: Any) -> Answer:
        """A batch in Segment's dialect."""
        document = {"writeKey": self.write_key, "batch": events, **fields}
        return http("POST", f"{self.server.url}/v1/batch", document)

    def query(self, query: dict[str, Any], *, consistent: bool = True) -> Answer:
        path = f"/api/v1/projects/{self.name}/query?consistent={int(consistent)}"
        return http("POST", self.server.url + path, query, self.authorization)

    def events(self, **parameters: str) -> list[dict[str, Any]]:
        """Every event, newest first."""
        rows: list[dict[str, Any]] = []
        cursor = None
        while True:
            query = {**parameters, "consistent": "1", "limit": "1000"}
            if cursor:
                query["cursor"] = cursor
            text = "&".join(
                f"{name}={urllib.request.quote(value)}" for name, value in query.items()
            )
            path = f"{self.server.url}/api/v1/projects/{self.name}/events?{text}"
            page = http("GET", path, headers=self.authorization)
            assert page.status == 200, page.body
            rows += page.json()["rows"]
            cursor = page.json()["cursor"]
            if cursor is None:
                return rows

    @property
    def authorization(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.api_token}"}


@dataclass
class Server:
    """`footfall-server serve`; `start` again after `kill` or `stop` keeps the data."""

    data: Path
    url: str = ""
    process: subprocess.Popen[str] | None = None
    environment: dict[str, str] = field(default_factory=dict)

    def start(self, *arguments: str) -> Server:
        with self._log.open("a") as log:
            self.process = subprocess.Popen(
                [*COMMAND, "serve", "--data", str(self.data), "--port", "0", *arguments],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={**os.environ, **self.environment},
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert "listening on" in line, self.log()
        self.url = line.split()[-1]
        return self

    @property
    def _log(self) -> Path:
        return self.data.parent / f"{self.data.name}.log"

    def log(self) -> str:
        return self._log.read_text()

    def kill(self) -> None:
        """As a power cut would end it."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """As an operator would; the exit status."""
        return self._end(signal.SIGTERM)

    def _end(self, number: int) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        status = self.process.wait(60)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.process = None
        return status

    def create_project(self, name: str) -> Project:
        """By the command line's own code, without starting a process for each project."""
        self.data.mkdir(exist_ok=True)
        url = self.environment.get("FOOTFALL_DATABASE_URL", f"sqlite:///{self.data}/metadata.db")
        accounts = Accounts(url)
        try:
            created = accounts.create_project(name)
        finally:
            accounts.close()
        return Project(self, name, created.write_key, created.api_token)

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*COMMAND, *arguments],
            env={**os.environ, "FOOTFALL_DATA": str(self.data)},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )


def eventually(condition: Callable[[], bool], seconds: float = 30) -> None:
    """Wait until it holds; fail when it doesn't."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.05)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests that don't end it; each uses a project of its own."""
    running = Server(tmp_path_factory.mktemp("server") / "data").start()
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="session")
def filled(server: Server) -> Project:
    """The project `filled`, which has something to show on every page; see `filled.py`."""
    from .filled import fill, present  # it needs what is above

    return fill(server, "filled", present())


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    """A server that the test may kill."""
    running = Server(tmp_path / "data").start()
    yield running
    if running.process is not None:
        running.kill()
