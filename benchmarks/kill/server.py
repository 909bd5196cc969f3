"""Real servers that are started and killed many times.

Each life is a process of its own, forked from one that has imported much and opened nothing
(multiprocessing's fork server), since imports would take most of a short life. The engine isn't
among that: it doesn't live through a fork. What runs in it is `serve` as the command runs it.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import re
import signal
import sys
import threading
import urllib.request
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from footfall_server.cli.serve import Role

_LISTENS = re.compile(rb"listening on (\S+)\n")
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    [
        "benchmarks.kill.server",
        "footfall_server.cli.serve",
        "footfall_server.cli.logs",
        "altair",
        "anyio._backends._asyncio",
        "authlib.integrations.httpx_client",
        "authlib.oidc.core",
        "clickhouse_connect",
        "jinja2",
        "joserfc.jwk",
        "joserfc.jwt",
        "prometheus_client",
        "pyarrow",
        "sqlalchemy.dialects.sqlite",
        "starlette.applications",
    ]
)


def _serve(
    data: Path, log: Path, role: Role, environment: dict[str, str], look_seconds: float | None
) -> None:
    from footfall_server.cli import opening
    from footfall_server.cli.serve import serve
    from footfall_server.settings import read

    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    told = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(told, 1)
    os.dup2(told, 2)
    sys.stdout = os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", closefd=False)
    os.environ.update(environment)
    if look_seconds is not None:
        opening._MAINTENANCE_SECONDS = look_seconds  # type: ignore[assignment]
    serve(read(environment, data=data, port=0), role)


def _end_with_the_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os.kill(os.getpid(), signal.SIGKILL)


class Server:
    """A server of a data directory, by name, and its lives.

    `look_seconds`: how often it looks at what is to be done now and then (alerts, retention).
    """

    def __init__(
        self,
        data: Path,
        name: str = "server",
        role: Role = "all",
        environment: dict[str, str] | None = None,
        look_seconds: float | None = None,
    ) -> None:
        self.log = data / f"{name}.log"
        self._began = 0  # where in the log this life begins
        self._asked = (data, self.log, role, environment or {}, look_seconds)
        self._process: BaseProcess | None = None

    def start(self) -> None:
        """A new life; returns at once."""
        self._began = self.log.stat().st_size if self.log.exists() else 0
        self._process = _CONTEXT.Process(target=_serve, args=self._asked, daemon=True)
        self._process.start()

    def kill(self) -> None:
        """As a power cut would end it, wherever it is."""
        assert self._process is not None
        self._process.kill()
        self._process.join(30)

    def stop(self) -> int | None:
        """As an operator would end it; the exit status."""
        assert self._process is not None
        self._process.terminate()
        self._process.join(60)
        return self._process.exitcode

    def url(self) -> str | None:
        """Where it listens; None while it doesn't yet."""
        with contextlib.suppress(FileNotFoundError), self.log.open("rb") as log:
            log.seek(self._began)
            if found := _LISTENS.search(log.read()):
                return found[1].decode()
        return None

    def ready(self) -> bool:
        """Whether journal, store and pages are open."""
        url = self.url()
        if url is None:
            return False
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}/ready", timeout=10) as it:
            return bool(it.status == 200)
        return False
