"""What the door works with: keys, journal, pipeline.

It imports nothing of the store or of insights, so that a server takes events in before these are
there, and a collector without them at all.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import msgspec

from footfall_server.accounts import Accounts
from footfall_server.ingest.pipeline import Pipeline
from footfall_server.journal import Journal
from footfall_server.model.errors import TooMany, Unavailable

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
            self._keys = self._accounts.active_keys()
            self._read_at = now
        project = self._keys.get(key)
        if project is not None:
            if now - self._noted.get(key, _NEVER) > _NOTE_SECONDS:
                self._note(key, now)
            return project
        if now - self._unknown.get(key, _NEVER) < _UNKNOWN_SECONDS:
            return None
        self._bound(now)
        project = self._accounts.key_project(key)
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

    def close(self) -> None:
        self.journal.close()
        self.write_keys.close()
        self.accounts.close()


def open_intake(database_url: str, journal: Path, *, drained_elsewhere: bool = False) -> Intake:
    """Raises FootfallError if the metadata or the journal can't be opened."""
    accounts = Accounts(database_url)
    opened = Journal(journal, drained_elsewhere=drained_elsewhere)
    write_keys = WriteKeys(accounts)
    return Intake(accounts, opened, Pipeline(write_keys, opened), write_keys)


class Report(msgspec.Struct):
    """What a door and its journal have counted since the process began, and what is wrong now."""

    requests: int = 0
    accepted: int = 0
    rejected: dict[str, int] = {}
    failed: dict[str, int] = {}
    commits: int = 0
    failure: str | None = None
    """Why the journal can't be written."""


def report(intake: Intake) -> Report:
    """The counts of this process at this moment."""
    counters, failure = intake.pipeline.counters, None
    try:
        intake.journal.check()
    except Unavailable as error:
        failure = error.message
    return Report(
        counters.requests,
        counters.accepted,
        {str(reason): count for reason, count in counters.rejected.items()},
        dict(counters.failed),
        intake.journal.commits,
        failure,
    )


def total(reports: Iterable[Report]) -> Report:
    """The counts of several processes as if they were one."""
    whole = Report()
    for each in reports:
        whole.requests += each.requests
        whole.accepted += each.accepted
        whole.rejected = dict(Counter(whole.rejected) + Counter(each.rejected))
        whole.failed = dict(Counter(whole.failed) + Counter(each.failed))
        whole.commits += each.commits
        whole.failure = whole.failure or each.failure
    return whole
