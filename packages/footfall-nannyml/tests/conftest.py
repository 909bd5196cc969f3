"""NannyML as it is on PyPI, in an environment of its own, and a collector to log to."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
SOURCES = [ROOT / "packages/footfall/src", ROOT / "packages/footfall-nannyml/src"]
SPEAKING = ("FOOTFALL_", "NML_", "DO_NOT_TRACK", "CI", "GITHUB_ACTIONS", "GITLAB_CI")


class Collector:
    """Takes batches as Segment's client and Footfall's send them; `events` is what arrived."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        events = self.events

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                content = self.rfile.read(int(self.headers["content-length"]))
                if self.headers.get("content-encoding") == "gzip":
                    content = gzip.decompress(content)
                events.extend(json.loads(content)["batch"])
                answer = b'{"success": true}'
                self.send_response(200)
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def make_collector() -> Iterator[Callable[[], Collector]]:
    """Makes collectors, and closes them at the end of the test."""
    made: list[Collector] = []

    def make() -> Collector:
        made.append(Collector())
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture(scope="session")
def nannyml_environment() -> Path:
    """The demonstration's environment, which is made if it isn't there; a folder."""
    folder = ROOT / ".demo/nannyml"
    subprocess.run(
        [sys.executable, str(ROOT / "tools/bootstrap.py"), "venv", str(folder),
         str(ROOT / "examples/nannyml/requirements.lock"), "--require-hashes"],
        check=True, timeout=900,
    )  # fmt: skip
    return folder


def settings(home: Path, **more: str) -> dict[str, str]:
    """An environment in which nothing of this machine speaks, and Footfall can be imported."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(SPEAKING) and not name.lower().endswith("_proxy")
    }
    path = os.pathsep.join(map(str, SOURCES))
    return {**kept, "PYTHONPATH": path, "FOOTFALL_HOME": str(home), **more}


@pytest.fixture
def nannyml_settings() -> Callable[..., dict[str, str]]:
    """`settings`, for tests that start processes themselves."""
    return settings


@pytest.fixture
def run_nannyml(nannyml_environment: Path, tmp_path: Path) -> Callable[..., Any]:
    """Run a script where NannyML is installed; what its last line of output says, as JSON."""

    def run(script: str, *arguments: str, **more: str) -> Any:
        path = tmp_path / "script.py"
        path.write_text(script)
        done = subprocess.run(
            [str(nannyml_environment / "bin/python"), "-W", "ignore", str(path), *arguments],
            env=settings(tmp_path / "home", **more),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=240,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return run
