"""The places that hold events, and how each forgets an install."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from footfall_server.journal import Drain, Journal
from footfall_server.model.errors import Unavailable
from footfall_server.store import Marks, Store

_DRAIN_SECONDS = 60.0

PLACES = ("journal", "events", "rejected")
"""By the names that receipts call them, in the order in which they are erased."""


class Place(Protocol):
    """`name` is what the receipt calls it."""

    name: str

    def erase(self, wanted: Sequence[Marks]) -> list[int | None]:
        """Return when no copy is left here: how many each of `wanted` had, None if untold.

        Blocks. Raises FootfallError when it can't be done now.
        """


class JournalPlace:
    """Carries on what waits, so that the store's erasure sees it, and scrubs the file."""

    name = "journal"

    def __init__(self, journal: Journal, drain: Drain) -> None:
        self._journal, self._drain = journal, drain

    def erase(self, wanted: Sequence[Marks]) -> list[int | None]:
        if not self._drain.wait(self._journal.barrier(), _DRAIN_SECONDS):
            raise Unavailable(
                "NOT_YET_DRAINED",
                "The store has not taken yet what was acknowledged before: the erasure goes on as"
                " soon as it has.",
            )
        self._journal.scrub()
        return [None for _ in wanted]


class StorePlace:
    """A table of the store, `events` or `rejected`."""

    def __init__(self, store: Store, table: str) -> None:
        self.name = table
        self._eraser = store.eraser()

    def erase(self, wanted: Sequence[Marks]) -> list[int | None]:
        hide = self._eraser.events if self.name == "events" else self._eraser.rejected
        rows: list[int | None] = [hide(each) for each in wanted]
        self._eraser.purge(self.name)
        return rows
