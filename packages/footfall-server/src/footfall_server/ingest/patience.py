"""How long a body may take: one look a second at all that are being read, no timer for each."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from footfall_server.model.errors import TooSlow

_LOOK_SECONDS = 1.0


class Reading:
    """A body that is being read. `heard` is when some of it came last."""

    __slots__ = ("began", "heard", "overdue", "task")

    def __init__(self, task: asyncio.Task[Any] | None, now: float) -> None:
        self.task = task
        self.began = self.heard = now
        self.overdue = False


class Patience:
    """Ends the reading of bodies that pause for longer than `idle` seconds, or take `total`."""

    def __init__(
        self, idle: float = 20, total: float = 120, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._idle, self._total = idle, total
        self.clock = clock
        self._reading: set[Reading] = set()
        self._looking = False

    def begin(self) -> Reading:
        reading = Reading(asyncio.current_task(), self.clock())
        self._reading.add(reading)
        if not self._looking:
            self._looking = True
            asyncio.get_running_loop().call_later(min(_LOOK_SECONDS, self._idle / 2), self._look)
        return reading

    def end(self, reading: Reading) -> None:
        self._reading.discard(reading)

    def interrupted(self, reading: Reading) -> TooSlow | None:
        """The error, if the reading was ended from here; None if somebody else cancelled it."""
        if not reading.overdue or reading.task is None:
            return None
        reading.task.uncancel()
        return TooSlow(
            "BODY_TOO_SLOW",
            f"The body came too slowly: at most {self._idle:g} s may pass without any of it, and "
            f"{self._total:g} s in all. Send smaller batches.",
        )

    def _look(self) -> None:
        now = self.clock()
        for reading in self._reading:
            late = now - reading.heard > self._idle or now - reading.began > self._total
            if late and reading.task is not None and not reading.overdue:
                reading.overdue = True
                reading.task.cancel()
        self._looking = bool(self._reading)
        if self._looking:
            asyncio.get_running_loop().call_later(min(_LOOK_SECONDS, self._idle / 2), self._look)
