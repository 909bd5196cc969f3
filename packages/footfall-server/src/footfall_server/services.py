"""Everything that a running server has, opened in order and closed in the opposite one."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from footfall_server.accounts import Accounts, Audit, Documents, Erasures, Sessions, Tokens, Users
from footfall_server.automation.alerts import Alerts
from footfall_server.automation.destinations.forwarding import Forwarding
from footfall_server.automation.destinations.guard import Guard, allowed_networks
from footfall_server.ingest.pipeline import Pipeline
from footfall_server.insights import Insights
from footfall_server.intake import Intake, Report, WriteKeys, report, total
from footfall_server.journal import Drains, Journal, Outbox, Sink
from footfall_server.model.errors import Unavailable
from footfall_server.model.event import EPOCH, RejectedEvent
from footfall_server.model.openid import OpenId
from footfall_server.model.project import Project
from footfall_server.model.reason import Reason
from footfall_server.policies import ProjectPolicies
from footfall_server.privacy import Salts
from footfall_server.privacy.eraser import Eraser
from footfall_server.privacy.marks import Marker
from footfall_server.privacy.places import JournalPlace, MemoryPlace, OutboxPlace, Place, StorePlace
from footfall_server.privacy.retention import expire_events
from footfall_server.settings import Settings, secret_key
from footfall_server.store import Limits, Store, open_store

_CONSISTENT_SECONDS = 10.0
_DRAIN_AT_EXIT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Services:
    """What pages, API and door work with.

    `clock` gives the time in UTC; `secret` signs what browsers hand back.
    """

    accounts: Accounts
    users: Users
    sessions: Sessions
    tokens: Tokens
    audit: Audit
    documents: Documents
    secret: bytes
    store: Store
    insights: Insights
    journal: Journal
    drain: Drains
    forwarding: Forwarding
    alerts: Alerts
    pipeline: Pipeline
    policies: ProjectPolicies
    keys: WriteKeys
    salts: Salts
    eraser: Eraser
    base_url: str
    openid: OpenId | None
    clock: Callable[[], datetime]
    counted: Callable[[], Report]
    """What every process of this server has counted at its door."""

    async def visible(self) -> None:
        """Return when all that was acknowledged before this call shows in queries.

        Raises Unavailable NOT_YET_VISIBLE after 10 s.
        """
        await self.drain.reach_all(_CONSISTENT_SECONDS)

    def check(self) -> None:
        """Raises Unavailable with the reason when something acknowledged can't be kept or seen."""
        self.journal.check()
        if self.drain.failure is not None:
            raise self.drain.failure
        if failure := self.counted().failure:
            raise Unavailable("JOURNAL_UNWRITABLE", failure)
        self.store.check()

    def expire(self, default_days: int) -> None:
        """Forget refused events and events that are too old, at most once a day."""
        now = self.clock()
        today = now.replace(hour=0, minute=0, second=0, microsecond=0)
        before = today - timedelta(days=default_days)
        self.store.expire_rejected(before, but=self.policies.rejected_before(today))
        self.salts.destroy(now)
        expire_events(self.store, now, self.policies.events_days())

    def close(self) -> bool:
        """Carry what was acknowledged into the store, then close it; False if some is left for
        later. The intake stays open: whoever opened it closes it."""
        self.eraser.stop()
        carried = self.drain.stop(_DRAIN_AT_EXIT_SECONDS)
        self.drain.close()
        self.forwarding.stop()
        self.store.close()
        return carried


def now() -> datetime:
    return datetime.now(UTC)


def open_services(
    settings: Settings,
    base_url: str,
    intake: Intake,
    elsewhere: Callable[[], list[Report]] = list,
    seen: Sink | None = None,
) -> Services:
    """Open the store and what works on it; raises FootfallError if something can't be.

    `elsewhere` gives what this server's other processes have counted; `seen` is told the lines
    that they took in, when the store has them.
    """
    store = open_store(settings.store_url, settings.temporary)

    accounts = intake.accounts
    documents = Documents(accounts)
    secret = secret_key(settings)

    def saved_cohorts(project: Project) -> dict[str, dict[str, Any]]:
        return {one.name: one.body for one in documents.all(project, "cohorts")}

    insights = Insights(
        store,
        Limits(seconds=settings.query_seconds, memory_bytes=settings.query_bytes),
        cohorts=saved_cohorts,
        slow_seconds=settings.slow_query_seconds,
    )
    outbox = Outbox(settings.outbox)
    forwarding = Forwarding(accounts, store, outbox, Guard(allowed_networks()), settings.files)

    def insert(stream: str, lines: bytes, token: str) -> None:
        if stream == "rejected":
            store.insert("rejected", lines, token)
        else:
            store.insert("events", lines, token)
            forwarding.offer(lines, token)

    def insert_from_others(stream: str, lines: bytes, token: str) -> None:
        insert(stream, lines, token)
        if seen is not None:
            seen(stream, lines, token)

    drain = Drains(
        intake.journal, settings.journals, insert, refused_line, from_others=insert_from_others
    )
    places: list[Place] = [
        JournalPlace(drain),
        OutboxPlace(outbox, Marker(secret)),
        StorePlace(store, "events"),
        StorePlace(store, "rejected"),
        MemoryPlace("live", intake.pipeline.live.forget),
        MemoryPlace("answers", insights.forget),
    ]
    services = Services(
        accounts=accounts,
        users=Users(accounts),
        sessions=Sessions(accounts),
        tokens=Tokens(accounts),
        audit=Audit(accounts),
        documents=documents,
        secret=secret,
        store=store,
        insights=insights,
        journal=intake.journal,
        drain=drain,
        forwarding=forwarding,
        alerts=Alerts(insights, accounts, now),
        pipeline=intake.pipeline,
        policies=intake.policies,
        keys=intake.write_keys,
        salts=intake.salts,
        eraser=Eraser(
            Erasures(accounts), Marker(secret), places, intake.blocklist, settings.followed
        ),
        base_url=base_url,
        openid=settings.openid,
        clock=now,
        counted=lambda: total([report(intake), *elsewhere()]),
    )
    forwarding.start()
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
