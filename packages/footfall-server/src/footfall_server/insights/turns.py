"""Whose turn it is: at most so many queries of a project at a time, the rest stand in line."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from footfall_server.model.errors import TooMany

RUNNING, WAITING, SECONDS = 2, 100, 60.0


@dataclass(slots=True)
class _Line:
    running: int = 0
    waiting: deque[asyncio.Future[None]] = field(default_factory=deque)


class Turns:
    """For one event loop. Nobody's queries make those of another project wait."""

    def __init__(
        self, running: int = RUNNING, waiting: int = WAITING, seconds: float = SECONDS
    ) -> None:
        self._running, self._waiting, self._seconds = running, waiting, seconds
        self._lines: dict[int, _Line] = {}

    @asynccontextmanager
    async def turn(self, project: int) -> AsyncIterator[None]:
        """Wait for a turn, first come, first served, and keep it for the block.

        Raises TooMany TOO_MANY_QUERIES when the line is full or doesn't move.
        """
        line = self._lines.setdefault(project, _Line())
        if line.running < self._running:
            line.running += 1
        else:
            await self._stand(line)
        try:
            yield
        finally:
            self._leave(project, line)

    async def _stand(self, line: _Line) -> None:
        """Return when a turn has been handed over (`running` counts it already)."""
        if len(line.waiting) >= self._waiting:
            raise _too_many()
        turn = asyncio.get_running_loop().create_future()
        line.waiting.append(turn)
        try:
            async with asyncio.timeout(self._seconds):
                await asyncio.shield(turn)
        except BaseException as error:
            if turn in line.waiting:
                line.waiting.remove(turn)
            elif turn.done() and not turn.cancelled():
                self._hand_on(line)  # it came just when nobody wanted it any more
            if isinstance(error, TimeoutError):
                raise _too_many() from None
            raise

    def _leave(self, project: int, line: _Line) -> None:
        self._hand_on(line)
        if not line.running and not line.waiting:
            self._lines.pop(project, None)

    def _hand_on(self, line: _Line) -> None:
        while line.waiting:
            turn = line.waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        line.running -= 1


def _too_many() -> TooMany:
    return TooMany(
        "TOO_MANY_QUERIES",
        "Many queries of this project wait for their turn: ask fewer at a time, or shorter ranges.",
        retry_after=5,
    )
