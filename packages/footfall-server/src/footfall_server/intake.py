"""What the door works with: keys, journal, pipeline.

It imports nothing of the store or of insights, so that a server takes events in before these are
there, and a collector without them at all.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from footfall_server.accounts import Accounts, Documents, Erasures
from footfall_server.ingest.pipeline import Pipeline
from footfall_server.journal import Journal
from footfall_server.model.errors import TooMany, Unavailable
from footfall_server.policies import ProjectPolicies
from footfall_server.privacy import Blocklist, Marker, Salts
from footfall_server.settings import JOURNAL_BYTES

log = logging.getLogger(__name__)

_NEVER = float("-inf")
_NOTE_SECONDS = 60.0  # how exact a key's last use is
_UNKNOWN_SECONDS, _MAX_UNKNOWN = 1.0, 1_000


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
        self._noted: dict[str, float] = {}
        self._notes = ThreadPoolExecutor(1, "key-notes")
        self._read_at = self._second_began = _NEVER
        self._looked_up = 0

    def __call__(self, key: str) -> int | None:
        now = self._clock()
        if now - self._read_at > self._refresh:
            self._read_at = now
            try:
                self._keys = self._accounts.active_keys()
            except SQLAlchemyError as error:  # the keys that were known go on working
                log.warning("the write keys can't be read: %s", error)
        project = self._keys.get(key)
        if project is not None:
            if now - self._noted.get(key, _NEVER) > _NOTE_SECONDS:
                self._note(key, now)
            return project
        if now - self._unknown.get(key, _NEVER) < _UNKNOWN_SECONDS:
            return None
        self._bound(now)
        try:
            project = self._accounts.key_project(key)
        except SQLAlchemyError as error:
            raise Unavailable(
                "METADATA_UNAVAILABLE",
                "The metadata, where write keys are, can't be read now: try again later.",
            ) from error
        if project is not None:
            self._keys[key] = project
        else:
            self._remember_unknown(key, now)
        return project

    def close(self) -> None:
        """Finish writing down what was used."""
        self._notes.shutdown()

    def _note(self, key: str, now: float) -> None:
        """That it was used, on another thread: the metadata may be busy."""
        self._noted[key] = now
        self._notes.submit(self._accounts.note_used, [key])

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
class Intake:
    """Open from the first moment to the last."""

    accounts: Accounts
    journal: Journal
    pipeline: Pipeline
    write_keys: WriteKeys
    policies: ProjectPolicies
    blocklist: Blocklist
    salts: Salts

    def close(self) -> None:
        self.journal.close()
        self.write_keys.close()
        self.accounts.close()


def open_intake(
    database_url: str,
    journal: Path,
    secret: bytes,
    salts: Path,
    *,
    drained_elsewhere: bool = False,
    journal_bytes: int = JOURNAL_BYTES,
) -> Intake:
    """`secret` is the server's own, `salts` a directory of its.

    Raises FootfallError if the metadata or the journal can't be opened.
    """
    accounts = Accounts(database_url)
    opened = Journal(journal, max_bytes=journal_bytes, drained_elsewhere=drained_elsewhere)
    write_keys, policies = WriteKeys(accounts), ProjectPolicies(Documents(accounts))
    blocklist = Blocklist(Erasures(accounts), Marker(secret))
    rekeys = Salts(salts)
    pipeline = Pipeline(write_keys, opened, policies=policies, blocked=blocklist, rekeys=rekeys)
    return Intake(accounts, opened, pipeline, write_keys, policies, blocklist, rekeys)
