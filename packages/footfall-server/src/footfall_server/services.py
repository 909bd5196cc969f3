"""Everything that a running server has, opened in order and closed in the opposite one."""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec

from footfall_server.accounts import Accounts, Erasures
from footfall_server.ingest.pipeline import Pipeline
from footfall_server.insights import Insights
from footfall_server.journal import Drain, Journal
from footfall_server.model.errors import TooMany
from footfall_server.model.event import EPOCH, RejectedEvent
from footfall_server.model.reason import Reason
from footfall_server.privacy import Blocklist, Eraser, JournalPlace, Marker, Place, StorePlace
from footfall_server.settings import Settings, secret
from footfall_server.store import Store, open_store

_CONSISTENT_SECONDS = 10.0
_UNKNOWN_SECONDS, _MAX_UNKNOWN = 1.0, 1_000
_DRAIN_AT_EXIT_SECONDS = 60.0


class WriteKeys:
    """Which project a write key opens, known without asking the metadata each time.

    All keys are read again after `refresh_seconds`, so that a revoked one stops; a key that isn't
    among them is looked up at once, so that a new one works at once (within a second, if it was
    tried before it was there). Look-ups are bounded: who tries many keys is told to wait.
    """

    def __init__(
        self,
        accounts: Accounts,
        *,
        refresh_seconds: float = 2.0,
        lookups_a_second: int = 50,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._accounts = accounts
        self._refresh, self._lookups, self._clock = refresh_seconds, lookups_a_second, clock
        self._keys: dict[str, int] = {}
        self._unknown: dict[str, float] = {}
        self._read_at = self._second_began = float("-inf")
        self._looked_up = 0

    def __call__(self, key: str) -> int | None:
        now = self._clock()
        if now - self._read_at > self._refresh:
            self._keys = self._accounts.active_keys()
            self._read_at = now
        project = self._keys.get(key)
        if project is not None:
            return project
        if now - self._unknown.get(key, float("-inf")) < _UNKNOWN_SECONDS:
            return None
        self._bound(now)
        project = self._accounts.key_project(key)
        if project is not None:
            self._keys[key] = project
        else:
            self._remember_unknown(key, now)
        return project

    def _remember_unknown(self, key: str, now: float) -> None:
        """So that a library with a stale key, however busy, costs one look-up a second."""
        if len(self._unknown) >= _MAX_UNKNOWN:
            self._unknown.clear()
        self._unknown[key] = now

    def _bound(self, now: float) -> None:
        if now - self._second_began > 1:
            self._second_began, self._looked_up = now, 0
        self._looked_up += 1
        if self._looked_up > self._lookups:
            raise TooMany(
                "TOO_MANY_UNKNOWN_KEYS", "Many unknown write keys are tried: wait a second."
            )


@dataclass(frozen=True, slots=True)
class Services:
    """What pages, API and door work with. `clock` gives the time in UTC."""

    accounts: Accounts
    store: Store
    insights: Insights
    journal: Journal
    drain: Drain
    pipeline: Pipeline
    keys: WriteKeys
    eraser: Eraser
    base_url: str
    clock: Callable[[], datetime]

    async def visible(self) -> None:
        """Return when all that was acknowledged before this call shows in queries.

        Raises Unavailable NOT_YET_VISIBLE after 10 s.
        """
        await self.drain.reach(self.journal.committed, _CONSISTENT_SECONDS)

    def close(self) -> bool:
        """Carry what was acknowledged into the store, then close; False if some is left for "
        "later."""
        self.eraser.stop()
        carried = self.drain.stop(_DRAIN_AT_EXIT_SECONDS)
        self.journal.close()
        self.store.close()
        self.accounts.close()
        return carried


def now() -> datetime:
    return datetime.now(UTC)


def open_services(settings: Settings, base_url: str) -> Services:
    """Open everything that lies in the data directory; raises FootfallError if something can't "
    "be."""
    accounts = Accounts(settings.database_url)
    store = open_store(settings.store_url, settings.temporary)
    journal = Journal(settings.journal)

    def insert(stream: str, lines: bytes, token: str) -> None:
        store.insert("rejected" if stream == "rejected" else "events", lines, token)

    drain = Drain(journal, insert, refused_line)
    keys = WriteKeys(accounts)
    erasures, marker = Erasures(accounts), Marker(secret(settings))
    blocklist = Blocklist(erasures, marker)
    places: list[Place] = [
        JournalPlace(journal, drain),
        StorePlace(store, "events"),
        StorePlace(store, "rejected"),
    ]
    services = Services(
        accounts=accounts,
        store=store,
        insights=Insights(store),
        journal=journal,
        drain=drain,
        pipeline=Pipeline(keys, journal, blocked=blocklist),
        keys=keys,
        eraser=Eraser(erasures, marker, places, blocklist),
        base_url=base_url,
        clock=now,
    )
    drain.start()
    services.eraser.start()
    return services


def refused_line(line: bytes, message: str) -> bytes:
    """An event's line that the store refuses, as a line of the rejected store.

    The same line gives the same one again, so that a replayed block adds nothing.
    """
    project, received_at = 0, now()
    with contextlib.suppress(msgspec.MsgspecError, KeyError, TypeError, ValueError, OverflowError):
        event = msgspec.json.decode(line)
        project = int(event["project"])
        received_at = EPOCH + timedelta(microseconds=int(event["received"]))
    return msgspec.json.encode(
        RejectedEvent(
            project=project,
            id=str(UUID(bytes=hashlib.blake2b(line, digest_size=16).digest())),
            received_at=received_at,
            dialect="store",
            reason=Reason.STORE_REFUSED,
            message=message,
            body=line.decode("utf-8", "replace"),
        )
    )
