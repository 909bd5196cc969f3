"""What arrives, as it arrives: the last events of each project, and who listens."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from footfall_server.journal import Entry
from footfall_server.model.errors import TooMany

RECENT = 100
_RECENT_BYTES = 256 * 1024
_MAX_PROJECTS = 256
_QUEUE = 500
_MAX_LISTENERS = 50


class Line(NamedTuple):
    """`stream` is `events` or `rejected`; `text` the line that was made durable."""

    stream: str
    text: bytes


class _Recent:
    """The newest entries of a project, some 100 lines and at most 512 KB of them."""

    __slots__ = ("entries", "lines", "size")

    def __init__(self) -> None:
        self.entries: deque[Entry] = deque()
        self.lines = self.size = 0

    def add(self, entry: Entry) -> None:
        if entry.lines > RECENT or len(entry.body) > _RECENT_BYTES:
            entry = _end_of(entry)
        entries = self.entries
        entries.append(entry)
        self.lines += entry.lines
        self.size += len(entry.body)
        while (self.lines - entries[0].lines >= RECENT or self.size > 2 * _RECENT_BYTES) and len(
            entries
        ) > 1:
            oldest = entries.popleft()
            self.lines -= oldest.lines
            self.size -= len(oldest.body)


def _end_of(entry: Entry) -> Entry:
    """Its last lines."""
    kept = entry.body[-_RECENT_BYTES:]
    if len(kept) < len(entry.body):
        kept = kept.partition(b"\n")[2]
    lines = kept.splitlines(keepends=True)[-RECENT:]
    return Entry(entry.seq, entry.stream, len(lines), b"".join(lines))


class Listener:
    """What one listener has not seen yet: up to 500 lines; what is more is counted and left out."""

    def __init__(self, recent: Iterable[Entry]) -> None:
        self._lines: deque[Line] = deque()
        self._dropped = 0
        self._wake = asyncio.Event()
        self._ended = False
        for entry in recent:
            self.offer(entry)

    def offer(self, entry: Entry) -> None:
        room = _QUEUE - len(self._lines)
        if room < entry.lines:
            self._dropped += entry.lines - room
        if room > 0:
            lines = entry.body.split(b"\n", room)[:room]
            self._lines.extend([Line(entry.stream, line) for line in lines if line])
        self._wake.set()

    def end(self) -> None:
        self._ended = True
        self._wake.set()

    async def next(self, seconds: float) -> tuple[list[Line], int] | None:
        """What came, and how many were left out; nothing after `seconds`; None at the end."""
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return [], 0
        if self._ended:
            return None
        self._wake.clear()
        lines, dropped = list(self._lines), self._dropped
        self._lines.clear()
        self._dropped = 0
        return lines, dropped


class Live:
    """One per process. Nobody listens most of the time: then a request costs it one append."""

    def __init__(self) -> None:
        self._recent: dict[int, _Recent] = {}
        self._listeners: dict[int, list[Listener]] = {}
        self._closed = False

    def saw(self, project: int, entries: Sequence[Entry]) -> None:
        """These have just become durable."""
        recent = self._recent.get(project) or self._begin(project)
        for entry in entries:
            recent.add(entry)
        if self._listeners:
            for listener in self._listeners.get(project, ()):
                for entry in entries:
                    listener.offer(entry)

    def _begin(self, project: int) -> _Recent:
        if len(self._recent) >= _MAX_PROJECTS:
            del self._recent[next(iter(self._recent))]
        return self._recent.setdefault(project, _Recent())

    def listen(self, project: int, *, recent: bool = True) -> Listener:
        """From now on, and the last 100 or so events before. Give it back with `leave`.

        Raises TooMany TOO_MANY_LISTENERS.
        """
        listeners = self._listeners.setdefault(project, [])
        if len(listeners) >= _MAX_LISTENERS:
            raise TooMany(
                "TOO_MANY_LISTENERS",
                f"{_MAX_LISTENERS} listen to this project already: close some live views.",
                retry_after=30,
            )
        past = self._recent.get(project) if recent else None
        listener = Listener(past.entries if past else ())
        listeners.append(listener)
        if self._closed:
            listener.end()
        return listener

    def leave(self, project: int, listener: Listener) -> None:
        listeners = self._listeners.get(project, [])
        if listener in listeners:
            listeners.remove(listener)
        if not listeners:
            self._listeners.pop(project, None)

    def forget(self, project: int) -> None:
        """What a project's next listener would have seen of the past. Any thread may call it."""
        self._recent.pop(project, None)

    def close(self) -> None:
        """End every listener: the server stops."""
        self._closed = True
        for listeners in self._listeners.values():
            for listener in listeners:
                listener.end()


def entries_by_project(stream: str, lines: bytes) -> dict[int, Entry]:
    """The newest lines of a block, each project's together; a line begins with its project."""
    newest = lines[-_RECENT_BYTES:]
    if len(newest) < len(lines):
        newest = newest.partition(b"\n")[2]
    found: dict[int, list[bytes]] = {}
    for line in newest.splitlines(keepends=True):
        number = line[len(b'{"project":') : line.find(b",")]
        if number.isdigit():
            found.setdefault(int(number), []).append(line)
    return {
        project: Entry(0, stream, len(those), b"".join(those)) for project, those in found.items()
    }
