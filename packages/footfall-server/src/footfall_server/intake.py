"""What the door works with: keys, journal, pipeline.

It imports nothing of the store or of insights, so that a server takes events in before these are
there, and a collector without them at all.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
from sqlalchemy.exc import SQLAlchemyError

from footfall_server.accounts import Accounts, Documents, Erasures
from footfall_server.ingest.pipeline import Pipeline
from footfall_server.ingest.policy import Policy
from footfall_server.journal import Journal
from footfall_server.model.errors import TooMany, Unavailable
from footfall_server.model.histogram import Histogram
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
    share: int = 1,
) -> Intake:
    """`secret` is the server's own, `salts` a directory of its; `share` is how many processes take
    events in side by side.

    Raises FootfallError if the metadata or the journal can't be opened.
    """
    accounts = Accounts(database_url)
    opened = Journal(journal, max_bytes=journal_bytes, drained_elsewhere=drained_elsewhere)
    write_keys, policies = WriteKeys(accounts), ProjectPolicies(Documents(accounts))
    blocklist = Blocklist(Erasures(accounts), Marker(secret))
    rekeys = Salts(salts)
    allowed = policies if share == 1 else _Share(policies, share)
    pipeline = Pipeline(write_keys, opened, policies=allowed, blocked=blocklist, rekeys=rekeys)
    return Intake(accounts, opened, pipeline, write_keys, policies, blocklist, rekeys)


class _Share:
    """Each project's rate divided by the number of processes that take its events in."""

    def __init__(self, policies: ProjectPolicies, processes: int) -> None:
        self._policies, self._processes = policies, processes
        self._known: dict[int, tuple[Policy, Policy]] = {}

    def __call__(self, project: int) -> Policy:
        policy = self._policies(project)
        known = self._known.get(project)
        if known is None or known[0] is not policy:
            limits = msgspec.structs.replace(
                policy.limits,
                events_per_second=policy.limits.events_per_second / self._processes,
                burst=max(1, policy.limits.burst // self._processes),
            )
            known = self._known[project] = (policy, replace(policy, limits=limits))
        return known[1]


class Times(msgspec.Struct):
    """A histogram as it travels."""

    counts: list[int]
    sum: float

    @classmethod
    def of(cls, histogram: Histogram) -> Times:
        return cls(list(histogram.counts), histogram.sum)

    def histogram(self) -> Histogram:
        made = Histogram()
        if self.counts:
            made.counts, made.sum = list(self.counts), self.sum
        return made

    def __add__(self, other: Times) -> Times:
        return Times.of(Histogram.total([self.histogram(), other.histogram()]))


class Report(msgspec.Struct):
    """What a door and its journal have counted since the process began, and what is wrong now.

    The names are those of `Counters`; `commit_seconds` are the journal's transactions.
    """

    requests: int = 0
    received: int = 0
    accepted: int = 0
    replayed: int = 0
    rejected: dict[str, int] = {}
    failed: dict[str, int] = {}
    undeclared: dict[str, int] = {}
    seconds: Times = msgspec.field(default_factory=lambda: Times([], 0.0))
    commits: int = 0
    commit_seconds: Times = msgspec.field(default_factory=lambda: Times([], 0.0))
    failure: str | None = None
    """Why the journal can't be written."""


_SUMS = ("requests", "received", "accepted", "replayed", "commits", "seconds", "commit_seconds")
_COUNTS = ("rejected", "failed", "undeclared")


def report(intake: Intake) -> Report:
    """The counts of this process at this moment."""
    counters, journal = intake.pipeline.counters, intake.journal
    made = Report(
        seconds=Times.of(counters.seconds),
        commits=journal.commits,
        commit_seconds=Times.of(journal.fsync_seconds),
    )
    for name in ("requests", "received", "accepted", "replayed"):
        setattr(made, name, getattr(counters, name))
    for name in _COUNTS:
        setattr(made, name, {str(key): count for key, count in getattr(counters, name).items()})
    try:
        journal.check()
    except Unavailable as error:
        made.failure = error.message
    return made


def total(reports: Iterable[Report]) -> Report:
    """The counts of several processes as if they were one."""
    whole = Report()
    for each in reports:
        for name in _SUMS:
            setattr(whole, name, getattr(whole, name) + getattr(each, name))
        for name in _COUNTS:
            setattr(whole, name, dict(Counter(getattr(whole, name)) + Counter(getattr(each, name))))
        whole.failure = whole.failure or each.failure
    return whole
