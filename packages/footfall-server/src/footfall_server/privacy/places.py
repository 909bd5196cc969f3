"""The places that hold events, and how each forgets an install."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from footfall_server.journal import Drains, Outbox
from footfall_server.model.errors import Unavailable
from footfall_server.privacy.marks import Marker
from footfall_server.store import Marks, Store

_DRAIN_SECONDS = 60.0
_BLOCKED_SECONDS = 2.5  # then every other process has read whom the door refuses


class _Install(msgspec.Struct):
    install: str


_install = msgspec.json.Decoder(_Install)


class Place(Protocol):
    """`name` is what the receipt calls it."""

    name: str

    def erase(self, wanted: Sequence[Marks]) -> list[int | None]:
        """Return when no copy is left here: how many each of `wanted` had, None if untold.

        Blocks. Raises FootfallError when it can't be done now.
        """


class JournalPlace:
    """Carries on what waits, so that the store's erasure sees it, and scrubs every journal."""

    name = "journal"

    def __init__(self, drains: Drains) -> None:
        self._drains = drains

    def erase(self, wanted: Sequence[Marks]) -> list[int | None]:
        if not self._drains.alone:
            time.sleep(_BLOCKED_SECONDS)
        if not self._drains.wait_all(_DRAIN_SECONDS):
            raise Unavailable(
                "NOT_YET_DRAINED",
                "The store has not taken yet what was acknowledged before: the erasure goes on as"
                " soon as it has.",
            )
        self._drains.scrub_all()
        return [None for _ in wanted]


class MemoryPlace:
    """What is kept in memory to be shown again: it forgets the whole project."""

    def __init__(self, name: str, forget: Callable[[int], None]) -> None:
        self.name, self._forget = name, forget

    def erase(self, wanted: Sequence[Marks]) -> list[int | None]:
        for each in wanted:
            self._forget(each.project)
        return [None for _ in wanted]


class OutboxPlace:
    """What destinations have not got yet. What they have got is theirs to erase."""

    name = "outbox"

    def __init__(self, outbox: Outbox, marker: Marker) -> None:
        self._outbox, self._marker = outbox, marker

    def erase(self, wanted: Sequence[Marks]) -> list[int | None]:
        rows: Counter[tuple[int, str]] = Counter()
        for each in _together(wanted):
            self._outbox.erase(each.project, self._gone(each, rows))
        return _apart(wanted, rows)

    def _gone(self, wanted: Marks, rows: Counter[tuple[int, str]]) -> Callable[[bytes], bool]:
        marks = frozenset(wanted.marks)

        def gone(line: bytes) -> bool:
            mark = self._marker.mark(wanted.project, _install.decode(line).install)
            rows[wanted.project, mark] += mark in marks
            return mark in marks

        return gone


class StorePlace:
    """A table of the store, `events` or `rejected`."""

    def __init__(self, store: Store, table: str) -> None:
        self.name = table
        self._store, self._eraser = store, store.eraser()

    def erase(self, wanted: Sequence[Marks]) -> list[int | None]:
        hide = self._eraser.events if self.name == "events" else self._eraser.rejected
        rows: Counter[tuple[int, str]] = Counter()
        for each in _together(wanted):
            rows.update({(each.project, mark): n for mark, n in hide(each).items()})
        self._store.changed(*(each.project for each in wanted))
        self._eraser.purge(self.name)
        return _apart(wanted, rows)


def _together(wanted: Sequence[Marks]) -> list[Marks]:
    """One for each project: what costs a pass over a place is done once for all that wait."""
    projects: dict[int, tuple[bytes, set[str]]] = {}
    for each in wanted:
        projects.setdefault(each.project, (each.secret, set()))[1].update(each.marks)
    return [Marks(project, key, sorted(marks)) for project, (key, marks) in projects.items()]


def _apart(wanted: Sequence[Marks], rows: Counter[tuple[int, str]]) -> list[int | None]:
    """How many rows each had."""
    return [sum(rows[each.project, mark] for mark in each.marks) for each in wanted]
