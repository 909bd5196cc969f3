"""Events that could not be sent yet, on disk: one file a process, bounded in bytes and in age.

A line is `checksum seconds weight json`. Each process holds an exclusive lock on its own file for
as long as it lives and appends whole batches by one `O_APPEND` write. A file whose lock can be had
was left by a process that ended; who gets the lock delivers it and unlinks it while it still holds
the lock. So no line is lost between two processes, and none is taken by two.
"""

from __future__ import annotations

import os
import time
from zlib import crc32

from footfall.event import Event

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Dict, Iterator, List, Optional

LARGEST = 5_000_000
OLDEST = 14 * 86400
_SUFFIX = ".events"

if os.name == "nt":
    import msvcrt

    def _lock(descriptor: int) -> bool:
        """Lock a byte far behind the end: on Windows a locked region can't be read by others."""
        try:
            os.lseek(descriptor, 2**30, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        except OSError:
            return False
        return True

else:
    import fcntl

    def _lock(descriptor: int) -> bool:
        """Whether this open file is now ours alone."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True


def line(event: Event) -> bytes:
    """An event as the spool keeps it."""
    rest = b"%d %r %s" % (event.at, _Number(event.weight), event.body)
    return b"%08x %s\n" % (crc32(rest), rest)


class _Number:
    """Python's shortest text of a number, inside a bytes template."""

    __slots__ = ("_value",)

    def __init__(self, value: float) -> None:
        self._value = value

    def __repr__(self) -> str:
        return repr(self._value)


def parse(raw: bytes) -> Optional[Event]:
    """The event in a line; None if it is damaged."""
    checksum, _, rest = raw.partition(b" ")
    at, _, rest_of_it = rest.partition(b" ")
    weight, _, body = rest_of_it.partition(b" ")
    try:
        if len(checksum) != 8 or int(checksum, 16) != crc32(rest):
            return None
        return Event(int(at), float(weight), body)
    except ValueError:
        return None


class Spool:
    """One library's spool, as one process sees it. `lose(reason, weight)` is told each loss."""

    def __init__(
        self,
        folder: Optional[str],
        lose: Callable[[str, float], None],
        clock: Callable[[], float] = time.time,
        largest: int = LARGEST,
        oldest: float = OLDEST,
    ) -> None:
        self.folder = folder
        self._lose = lose
        self._clock = clock
        self._largest = largest
        self._oldest = oldest
        self._descriptor: Optional[int] = None
        self._path: Optional[str] = None

    def append(self, events: List[Event]) -> bool:
        """Keep events, in one write. False: there is no place for it, and nothing was kept."""
        if not events:
            return True
        lines = [line(event) for event in events]
        size = sum(map(len, lines))
        while lines and size > self._largest:
            size -= len(lines[0])
            self._lose("spool_full", events[0].weight)
            del lines[0], events[0]
        try:
            descriptor = self._own_file()
            self._make_room(size)
            before = os.fstat(descriptor).st_size
            written = os.write(descriptor, b"".join(lines))
            if written != size:
                os.ftruncate(descriptor, before)
                return False
        except OSError:
            return False
        return True

    def _own_file(self) -> int:
        """This process's file, open and locked; a new one if somebody deleted it."""
        if self.folder is None:
            raise OSError("no state directory")
        if self._descriptor is not None:
            if os.fstat(self._descriptor).st_nlink and os.path.exists(self._path or ""):
                return self._descriptor
            self.close()
        os.makedirs(self.folder, mode=0o700, exist_ok=True)
        name = f"{int(self._clock() * 1000):013d}-{os.getpid()}-{os.urandom(4).hex()}{_SUFFIX}"
        path = os.path.join(self.folder, name)
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        # It gets its name once it is locked: else another process could take and unlink it first.
        # (On Windows an open file can't be renamed, nor unlinked by others.)
        unnamed = path if os.name == "nt" else path + ".new"
        descriptor = os.open(unnamed, flags, 0o600)
        _lock(descriptor)
        if unnamed != path:
            os.rename(unnamed, path)
        self._descriptor, self._path = descriptor, path
        return descriptor

    def _paths(self) -> List[str]:
        """Every file of the library's spool, the oldest first."""
        try:
            names = sorted(os.listdir(self.folder)) if self.folder else []
        except OSError:
            return []
        return [os.path.join(self.folder or "", n) for n in names if n.endswith(_SUFFIX)]

    def _make_room(self, size: int) -> None:
        """Drop the oldest events until `size` more bytes fit: other processes' first, then ours."""
        sizes = {}
        for path in self._paths():
            try:
                sizes[path] = os.path.getsize(path)
            except OSError:
                continue
        excess = sum(sizes.values()) + size - self._largest
        for path in sizes:
            if excess <= 0:
                return
            if path != self._path:
                with _Taken(path) as raw:
                    if raw is not None:
                        excess -= len(raw)
                        self._count(raw, "spool_full")
                        _unlink(path)
        if excess > 0:
            self._shorten(excess)

    def _shorten(self, excess: int) -> None:
        """Drop the oldest lines of our own file."""
        lines = self._own_content().splitlines(True)
        dropped = 0
        while lines and dropped < excess:
            dropped += len(lines[0])
            self._count(lines.pop(0), "spool_full")
        self._rewrite(b"".join(lines))

    def _own_content(self) -> bytes:
        if self._descriptor is None:
            return b""
        return _read(self._descriptor)

    def _rewrite(self, content: bytes) -> None:
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
            if content:
                os.write(self._descriptor, content)

    def _count(self, raw: bytes, reason: str) -> None:
        for one in raw.splitlines():
            event = parse(one)
            self._lose(reason, 1 if event is None else event.weight)

    def _events(self, raw: bytes) -> List[Event]:
        """The events in a file that are neither damaged nor too old; the others are counted."""
        events, limit = [], self._clock() - self._oldest
        for one in raw.splitlines():
            event = parse(one)
            if event is None:
                self._lose("corrupt", 1)
            elif event.at < limit:
                self._lose("expired", event.weight)
            else:
                events.append(event)
        return events

    def own(self) -> List[Event]:
        """What this process has spooled and not delivered; damaged and old lines are dropped."""
        try:
            raw = self._own_content()
            events = self._events(raw)
            if raw and len(events) != len(raw.splitlines()):
                self._rewrite(b"".join(line(event) for event in events))
        except OSError:
            return []
        return events

    def settle(self, events: List[Event]) -> None:
        """Take events that were delivered, or are lost, out of our own file."""
        gone = {event.body for event in events}
        try:
            lines = self._own_content().splitlines(True)
            kept = [one for one in lines if one.rstrip(b"\n").split(b" ", 3)[-1] not in gone]
            if not kept:
                self.close(delete=True)
            elif len(kept) != len(lines):
                self._rewrite(b"".join(kept))
        except OSError:
            return

    def left(self) -> Iterator[Leftover]:
        """The files of processes that ended, each locked until the next one is asked for."""
        for path in self._paths():
            if path == self._path:
                continue
            with _Taken(path) as raw:
                if raw is not None:
                    yield Leftover(path, self._events(raw))

    def waiting(self) -> float:
        """The weight of all that is in this library's spool, ours and other processes'."""
        total = 0.0
        for event in self.peek():
            total += event.weight
        return total

    def peek(self) -> Iterator[Event]:
        """What is in the spool, by reading alone; a damaged line counts as one event."""
        for path in self._paths():
            try:
                with open(path, "rb") as file:
                    raw = file.read()
            except OSError:
                continue
            for one in raw.splitlines():
                yield parse(one) or Event(0, 1, b"")

    def erase(self) -> Dict[str, float]:
        """Delete every file of the spool, other living processes' too; how much that was."""
        gone = {"files": 0.0, "weight": 0.0}
        for path in self._paths():
            try:
                with open(path, "rb") as file:
                    raw = file.read()
                if path == self._path:
                    self.close()
                os.unlink(path)
            except OSError:
                continue
            gone["files"] += 1
            for one in raw.splitlines():
                event = parse(one)
                gone["weight"] += 1 if event is None else event.weight
        return gone

    def close(self, delete: bool = False) -> None:
        """Let go of our own file. In a forked child: of the parent's, whose lock stays."""
        descriptor, path = self._descriptor, self._path
        self._descriptor = self._path = None
        if delete and path is not None and os.name != "nt":
            _unlink(path)
        if descriptor is not None:
            try:
                os.close(descriptor)
            except OSError:
                return
        if delete and path is not None and os.name == "nt":
            _unlink(path)


class Leftover:
    """A file that another process left, locked."""

    def __init__(self, path: str, events: List[Event]) -> None:
        self._path = path
        self.events = events

    def keep(self, remaining: List[Event]) -> None:
        """Leave only these events in it; without any, delete it."""
        if remaining:
            _replace(self._path, b"".join(line(event) for event in remaining))
        else:
            _unlink(self._path)


class _Taken:
    """A file of another process, locked; None as its content if that process still lives."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._descriptor: Optional[int] = None

    def __enter__(self) -> Optional[bytes]:
        try:
            flags = os.O_RDWR | getattr(os, "O_BINARY", 0)
            self._descriptor = os.open(self._path, flags)
            if _lock(self._descriptor) and os.fstat(self._descriptor).st_nlink:
                return _read(self._descriptor)
        except OSError:
            return None
        return None

    def __exit__(self, *_: object) -> None:
        if self._descriptor is not None:
            try:
                os.close(self._descriptor)
            except OSError:
                return


def _read(descriptor: int) -> bytes:
    size = os.fstat(descriptor).st_size
    os.lseek(descriptor, 0, os.SEEK_SET)
    parts = []
    while size > 0:
        part = os.read(descriptor, size)
        if not part:
            break
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _replace(path: str, content: bytes) -> None:
    """Rewrite a file in place: the lock is on the open file, so it must stay the same one."""
    try:
        with open(path, "r+b") as file:
            file.write(content)
            file.truncate(len(content))
    except OSError:
        return


def _unlink(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        return
