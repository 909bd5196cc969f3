"""A process that only takes events in: a worker of `--workers`, or a server of `--role ingest`.

It has a journal of its own and opens neither the store nor the insights; the process that has the
store empties the journal.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import sys
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from footfall_server.cli.running import App, Running
from footfall_server.ingest.door import Door
from footfall_server.ingest.patience import Patience
from footfall_server.intake import Intake, Report, open_intake, report
from footfall_server.journal import slots
from footfall_server.model.errors import FootfallError
from footfall_server.model.histogram import Histogram
from footfall_server.settings import Settings, secret_key

log = logging.getLogger("footfall_server")
_REPORT_SECONDS = 0.25


class Order(msgspec.Struct):
    """What a worker is started with: one line of JSON on its standard input, which then stays open
    as long as the one who started it lives."""

    data: str
    database_url: str
    listener: int
    """The number of the listening socket's descriptor."""
    share: int
    """How many workers there are."""
    journal_bytes: int
    idle_seconds: float
    request_seconds: float


@dataclass(frozen=True, slots=True)
class _Depth:
    intake: Intake
    blocks: int = 0

    @property
    def depth(self) -> int:
        return self.intake.journal.depth

    @property
    def lags(self) -> list[Histogram]:
        return [Histogram()]

    def oldest_seconds(self) -> float:
        return self.intake.journal.oldest_seconds(0)


@dataclass(frozen=True, slots=True)
class Alone:
    """What a collector's own `/ready` and `/metrics` look at."""

    intake: Intake
    drain: _Depth
    counted: Callable[[], Report]

    def check(self) -> None:
        self.intake.journal.check()


def collect(
    settings: Settings,
    listener: socket.socket,
    other: Callable[[Intake], App],
    beside: Callable[[Intake], Awaitable[None]],
    announce: Callable[[], None],
    until: Callable[[Callable[[], None]], None] = lambda stop: None,
    share: int = 1,
) -> None:
    """Take events in until a signal, or until `until` calls what it is given."""
    slot = slots.take(settings.journals)
    intake = open_intake(
        settings.database_url,
        slot.path,
        secret_key(settings),
        settings.salts,
        drained_elsewhere=True,
        journal_bytes=settings.journal_bytes,
        share=share,
    )
    try:
        patience = Patience(settings.idle_seconds, settings.request_seconds)
        running = Running(
            Door(intake.pipeline, other(intake), patience),
            [listener],
            head_seconds=settings.idle_seconds,
        )
        until(running.stop)
        running.run(lambda: beside(intake), announce)
    finally:
        listener.close()
        intake.close()
        slot.close()


def collect_alone(
    settings: Settings, listener: socket.socket, announce: Callable[[], None]
) -> None:
    """`serve --role ingest`: health and figures are its own, and nothing else is here."""
    from starlette.applications import Starlette
    from starlette.exceptions import HTTPException

    from footfall_server.api.problems import footfall_error, http_error, unexpected
    from footfall_server.api.status import Status

    def other(intake: Intake) -> App:
        observed = Alone(intake, _Depth(intake), lambda: report(intake))
        return Starlette(
            routes=Status(observed).routes(),
            exception_handlers={
                FootfallError: footfall_error,
                HTTPException: http_error,
                Exception: unexpected,
            },
        )

    async def nothing(intake: Intake) -> None:
        return

    collect(settings, listener, other, nothing, announce)


def main() -> None:
    """A worker: everything that isn't an event goes to the process that started it."""
    from footfall_server.cli.relay import Relay

    logging.basicConfig(level=logging.WARNING)
    order = msgspec.json.decode(sys.stdin.buffer.readline(), type=Order)
    settings = Settings(
        data=Path(order.data), host="", port=0, store_url="", database_url=order.database_url,
        base_url=None, journal_bytes=order.journal_bytes, idle_seconds=order.idle_seconds,
        request_seconds=order.request_seconds,
    )  # fmt: skip
    collect(
        settings,
        socket.socket(fileno=order.listener),
        lambda intake: Relay(settings.data),
        _tell,
        lambda: None,
        _when_alone,
        order.share,
    )


async def _tell(intake: Intake) -> None:
    """The counts, on standard output, whenever they have changed; the last ones at the end."""
    last = None
    try:
        while True:
            if (counts := report(intake)) != last:
                last = counts
                _say(counts)
            await asyncio.sleep(_REPORT_SECONDS)
    finally:
        _say(report(intake))


def _say(counts: Report) -> None:
    with contextlib.suppress(OSError):  # nobody listens any more: the end follows
        os.write(1, msgspec.json.encode(counts) + b"\n")


def _when_alone(stop: Callable[[], None]) -> None:
    """Stop when the one who started this process has gone, however it went."""

    def watch() -> None:
        while os.read(0, 4_096):
            pass
        stop()

    threading.Thread(target=watch, name="parent", daemon=True).start()


if __name__ == "__main__":
    main()
