"""Collector processes beside the one that has the store: started, counted, restarted, stopped.

Each is started anew by `exec` (a fork would copy the open engine) and gets one of the listening
sockets; this process keeps them all open, so that what waits in a dead worker's queue waits for
its successor.
"""

from __future__ import annotations

import logging
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence

import msgspec

from footfall_server.cli.collector import Order
from footfall_server.intake import Report, total
from footfall_server.settings import Settings

log = logging.getLogger("footfall_server")
_COMMAND = (sys.executable, "-m", "footfall_server.cli.collector")
_SHORT_LIFE, _LONGEST_PAUSE = 5.0, 5.0


class Worker:
    """One collector at a time on one socket."""

    def __init__(self, settings: Settings, listener: socket.socket, share: int) -> None:
        self._listener = listener
        self._order = msgspec.json.encode(
            Order(
                data=str(settings.data),
                database_url=settings.database_url,
                listener=listener.fileno(),
                share=share,
                journal_bytes=settings.journal_bytes,
                idle_seconds=settings.idle_seconds,
                request_seconds=settings.request_seconds,
            )
        )
        self._ended = Report()  # of those that came before
        self._now = Report()
        self._stopping = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._keep_alive, name="worker", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Tell it to finish; `join` waits for it."""
        self._stopping.set()
        if self._process is not None:
            self._process.terminate()

    def join(self, timeout: float) -> None:
        self._thread.join(timeout)
        if self._thread.is_alive() and self._process is not None:
            self._process.kill()  # what it acknowledged is in its journal
            self._thread.join(5)

    @property
    def counted(self) -> Report:
        """Of this collector and those before it."""
        whole = total([self._ended, self._now])
        whole.failure = self._now.failure
        return whole

    def _keep_alive(self) -> None:
        pause = 0.0
        while not self._stopping.is_set():
            began = time.monotonic()
            status = self._live()
            self._ended, self._now = total([self._ended, self._now]), Report()
            if self._stopping.is_set():
                return
            lived = time.monotonic() - began
            pause = 0.0 if lived > _SHORT_LIFE else min(max(2 * pause, 0.1), _LONGEST_PAUSE)
            log.warning("a worker ended with status %s; another one starts", status)
            self._stopping.wait(pause)

    def _live(self) -> int:
        """From the start of a process to its end; its exit status."""
        process = subprocess.Popen(  # noqa: S603 - a command of our own
            _COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=[self._listener.fileno()],
        )
        self._process = process
        assert process.stdin is not None
        assert process.stdout is not None
        with process.stdin, process.stdout:
            try:
                process.stdin.write(self._order + b"\n")
                process.stdin.flush()
            except BrokenPipeError:
                return process.wait()
            if self._stopping.is_set():  # it was told before it was there
                process.terminate()
            for line in process.stdout:
                if line.endswith(b"\n"):
                    self._now = msgspec.json.decode(line, type=Report)
            return process.wait()


class Workers:
    """As many as there are sockets."""

    def __init__(self, settings: Settings, listeners: Sequence[socket.socket]) -> None:
        self._workers = [Worker(settings, listener, len(listeners)) for listener in listeners]

    def start(self) -> None:
        for worker in self._workers:
            worker.start()

    def stop(self, timeout: float) -> None:
        """They finish their requests and end; nothing is counted after that."""
        for worker in self._workers:
            worker.stop()
        deadline = time.monotonic() + timeout
        for worker in self._workers:
            worker.join(max(0.0, deadline - time.monotonic()))

    def counted(self) -> list[Report]:
        return [worker.counted for worker in self._workers]
