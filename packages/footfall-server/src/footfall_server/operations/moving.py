"""Everything of one store into another one, while servers run with both.

What the target has is the only state: a day whose rows and checksum are equal on both sides is
done, so a move that was killed goes on where it was, and one that is run again takes what came
since. Rows replace equal ones, so a day may be copied twice. What was erased meanwhile, by the
receipts in the metadata, is erased in the target after each round of copies.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from footfall_server.accounts import Erasures
from footfall_server.model.errors import Unavailable
from footfall_server.privacy.marks import Marker
from footfall_server.privacy.places import StorePlace
from footfall_server.store import Day, Marks, Piece, Store, days, piece

_ROUNDS = 3


class Source(Protocol):
    """A store that is read, in this process or through the server that has it."""

    def days(self, until: datetime) -> list[Day]: ...
    def piece(self, day: Day, until: datetime, after: Sequence[str] | None) -> Piece: ...


class Target(Protocol):
    """A store that is written, in this process or in one of its own."""

    def days(self, until: datetime) -> list[Day]: ...
    def insert(self, day: Day, lines: bytes, token: str) -> None: ...
    def erase(self, wanted: Sequence[Marks]) -> None: ...


class StoreHere:
    """A store of this process as either."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def days(self, until: datetime) -> list[Day]:
        return days(self._store, until)

    def piece(self, day: Day, until: datetime, after: Sequence[str] | None) -> Piece:
        return piece(self._store, day, until, after)

    def insert(self, day: Day, lines: bytes, token: str) -> None:
        self._store.insert(day.table, lines, token)

    def erase(self, wanted: Sequence[Marks]) -> None:
        for table in ("events", "rejected"):
            StorePlace(self._store, table).erase(wanted)


@dataclass(frozen=True, slots=True)
class Moved:
    """`days` and `rows` that both sides have equal; `copied`: rows that went over this time."""

    days: int
    rows: int
    copied: int


@dataclass(frozen=True, slots=True)
class Shown:
    """What tells how far it is: `begin(rows)` of a round, then `advance(day, rows)`."""

    begin: Callable[[int], None]
    advance: Callable[[Day, int], None]


def move(
    source: Source,
    target: Target,
    erased: Callable[[], Sequence[Marks]],
    until: datetime,
    shown: Shown,
) -> Moved:
    """Copy what was received up to an instant, then see that every day is equal.

    `erased` gives the installs that were to be erased so far. Raises Unavailable MOVE_UNEQUAL with
    the first day that isn't equal after three rounds, and what source and target raise.
    """
    copied = 0
    wanted = source.days(until)
    for _ in range(_ROUNDS):
        missing = _unequal(wanted, target.days(until))
        shown.begin(sum(day.rows for day in missing))
        for day in missing:
            copied += _copy(source, target, day, until, shown)
        if marks := erased():
            target.erase(marks)
        wanted = source.days(until)  # without what was erased there meanwhile
        unequal = _unequal(wanted, target.days(until))
        if not unequal:
            return Moved(len(wanted), sum(day.rows for day in wanted), copied)
    first = unequal[0]
    raise Unavailable(
        "MOVE_UNEQUAL",
        f"{len(unequal)} days are not equal yet, the first is {first.day} of {first.table} of "
        f"project {first.project}: run it again; if it stays so, something else writes old events "
        "into the target.",
    )


def _unequal(wanted: Sequence[Day], there: Sequence[Day]) -> list[Day]:
    known = {day.key: day for day in there}
    return [day for day in wanted if known.get(day.key) != day]


def _copy(source: Source, target: Target, day: Day, until: datetime, shown: Shown) -> int:
    after: Sequence[str] | None = None
    rows = 0
    while True:
        found = source.piece(day, until, after)
        if found.rows:
            # A token of its own: a day that is copied again must not be taken for the block that
            # the target remembers, and has erased from since.
            target.insert(day, found.lines, f"move:{secrets.token_hex(12)}")
            rows += found.rows
            shown.advance(day, found.rows)
        if found.after is None:
            return rows
        after = found.after


def erased_installs(erasures: Erasures, secret: bytes) -> list[Marks]:
    """The installs of every receipt."""
    marker = Marker(secret)
    return [
        Marks(one["project"], marker.key(one["project"]), one["marks"])
        for one in erasures.exported()
        if one["marks"]
    ]
