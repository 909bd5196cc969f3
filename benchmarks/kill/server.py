"""A real server that is started and killed many times.

Each life is a process of its own, forked from one that has imported much and opened nothing
(multiprocessing's fork server), since imports would take most of a short life. The engine isn't
among that: it doesn't live through a fork. What runs in it is `serve` as the command runs it.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
import urllib.request
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path

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


def _serve(data: Path) -> None:
    from footfall_server.cli.serve import serve
    from footfall_server.settings import read

    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    log = os.open(data / "server.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    sys.stdout = os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", closefd=False)
    serve(read({}, data=data, port=0))


def _end_with_the_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os.kill(os.getpid(), signal.SIGKILL)


class Server:
    """One data directory and the lives of its server."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self._process: BaseProcess | None = None

    def start(self) -> None:
        """A new life; returns at once."""
        (self.data / "address").unlink(missing_ok=True)
        self._process = _CONTEXT.Process(target=_serve, args=(self.data,), daemon=True)
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
        try:
            return (self.data / "address").read_text().strip() or None
        except FileNotFoundError:
            return None

    def ready(self) -> bool:
        """Whether journal, store and pages are open."""
        url = self.url()
        if url is None:
            return False
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}/ready", timeout=10) as it:
            return bool(it.status == 200)
        return False
