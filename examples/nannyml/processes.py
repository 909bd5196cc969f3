"""The processes that the demonstration starts, none of which outlives it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Any, Self

GRACE_SECONDS = 15.0
TETHER = Path(__file__).with_name("tether.py")


_Handler = Callable[[int, FrameType | None], Any] | int | None


class Failed(Exception):
    """The demonstration can't go on; the text says why and what to do."""


class Stopped(BaseException):
    """A signal asked the demonstration to stop."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.status = 128 + number


class Processes:
    """Starts commands in sessions of their own and ends all of them, the last one first.

    In a session of its own a process isn't hit by the terminal's Ctrl-C, so the order of the end
    is ours: what sends events stops before the collector does.

    As a context: inside, Ctrl-C and its like raise `Stopped`; at its end they are ignored until
    nothing runs any more.
    """

    def __init__(self) -> None:
        self._running: list[subprocess.Popen[str]] = []
        self._before: dict[int, _Handler] = {}

    def __enter__(self) -> Self:
        for each in (signal.SIGINT, signal.SIGTERM):
            self._before[each] = signal.signal(each, self._stopped)
        if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # as under nohup
            self._before[signal.SIGHUP] = signal.signal(signal.SIGHUP, self._stopped)
        return self

    def __exit__(self, *_error: object) -> None:
        self._ignore_signals()
        self.stop()
        for each, handler in self._before.items():
            signal.signal(each, handler)

    def _stopped(self, number: int, _frame: FrameType | None) -> None:
        self._ignore_signals()
        raise Stopped(number)

    def _ignore_signals(self) -> None:
        for each in self._before:
            signal.signal(each, signal.SIG_IGN)

    def start(
        self,
        command: Sequence[str | Path],
        env: Mapping[str, str],
        *,
        log: Path,
        read: bool = False,
    ) -> subprocess.Popen[str]:
        """Start `command`; its messages go to `log`. With `read`, its output is a pipe."""
        with log.open("ab") as messages:
            process = subprocess.Popen(
                [sys.executable, str(TETHER), str(os.getpid()), *map(str, command)],
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if read else messages,
                stderr=messages,
                start_new_session=True,
                text=True,
                encoding="utf-8",
            )
        self._running.append(process)
        return process

    def run(self, command: Sequence[str | Path], env: Mapping[str, str], *, log: Path) -> str:
        """The output of `command`; `Failed` with its last messages if it fails."""
        begin = log.stat().st_size if log.exists() else 0
        process = self.start(command, env, log=log, read=True)
        output, _ = process.communicate()
        self._running.remove(process)
        if process.returncode:
            messages = log.read_bytes()[begin:].decode(errors="replace")
            raise Failed(f"{output}{messages}".strip() or f"{command[0]} failed without a message")
        return output

    def stop(self) -> None:
        """End what still runs: SIGTERM to each process group, SIGKILL after the grace."""
        for process in reversed(self._running):
            self._signal(process, signal.SIGTERM)
            deadline = time.monotonic() + GRACE_SECONDS
            while process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.02)
            self._signal(process, signal.SIGKILL)
            process.wait()
            if process.stdout:
                process.stdout.close()
        self._running.clear()

    @staticmethod
    def _signal(process: subprocess.Popen[str], number: signal.Signals) -> None:
        # The group outlives its leader while a grandchild runs.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)


def last_lines(log: Path, count: int = 5) -> str:
    """The end of a log, for an error message; empty if there is none."""
    if not log.exists():
        return ""
    return "\n".join(
        log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-count:]
    )
