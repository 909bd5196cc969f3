"""What only the process that has the store can check."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from footfall_server.automation.destinations.document import KIND
from footfall_server.model.errors import FootfallError
from footfall_server.model.privacy import EVENTS_DAYS
from footfall_server.operations.findings import Finding, notice, ok, wrong
from footfall_server.privacy.retention import events_before
from footfall_server.services import Services

_LATE_SECONDS = 60.0
_MANY_PARTS = 300
_CLOCK_SECONDS = 60.0
_ERASE = timedelta(minutes=10)
_EXPIRE = timedelta(days=2)


def inside(services: Services) -> list[Finding]:
    """Everything of these. Blocks; a check that fails itself is a finding too."""
    found: list[Finding] = []
    checks: dict[str, Callable[[Services], Iterator[Finding]]] = {
        "store": _store,
        "journals": _journals,
        "clock": _clock,
        "retention": _retention,
        "destinations": _destinations,
        "erasures": _erasures,
    }
    for about, check in checks.items():
        try:
            found += check(services)
        except FootfallError as error:
            found.append(wrong(about, f"{error.message} [{error.code}]", "See the server's log."))
    return found


def _store(services: Services) -> Iterator[Finding]:
    services.store.check()
    figures = services.store.figures()
    said = f"{figures['events']:,} rows of events in {figures['parts']} parts."
    if figures["parts"] > _MANY_PARTS:
        yield notice(
            "store", said,
            "Reading is slow until they are merged: see that the disk isn't full, and wait.",
        )  # fmt: skip
    else:
        yield ok("store", said)


def _journals(services: Services) -> Iterator[Finding]:
    services.journal.check()
    if failure := services.drain.failure:
        yield wrong(
            "journals", f"{failure.message} [{failure.code}]",
            "Nothing is lost: repair the store, and what waits follows.",
        )  # fmt: skip
        return
    waits, since = services.drain.depth, services.drain.oldest_seconds()
    if since > _LATE_SECONDS:
        yield wrong(
            "journals", f"{waits:,} lines wait for the store, the oldest for {since:.0f} s.",
            "The store is too slow or stuck: look at its disk and the server's log.",
        )  # fmt: skip
    else:
        yield ok("journals", f"{waits:,} lines wait for the store.")


def _clock(services: Services) -> Iterator[Finding]:
    newest, now = services.store.newest_receipt(), services.clock()
    if newest is not None and (newest - now).total_seconds() > _CLOCK_SECONDS:
        yield wrong(
            "clock", f"The newest event was received at {newest:%Y-%m-%d %H:%M:%S} UTC, which is "
            "to come.",
            "The clock was ahead then, or is behind now: have it kept by NTP.",
        )  # fmt: skip
        return
    database = services.accounts.clock_of_database()
    if abs((database - now).total_seconds()) > _CLOCK_SECONDS:
        yield wrong(
            "clock", f"The database's clock says {database:%Y-%m-%d %H:%M:%S} UTC, this machine's "
            f"{now:%Y-%m-%d %H:%M:%S}.",
            "Have both kept by NTP.",
        )  # fmt: skip
    else:
        yield ok("clock", f"It says {now:%Y-%m-%d %H:%M:%S} UTC.")


def _retention(services: Services) -> Iterator[Finding]:
    """Expiry runs daily: what is two days over was left."""
    own = services.policies.events_days()
    late: dict[str, tuple[int, datetime | None]] = {}
    for project in services.accounts.projects():
        before = events_before(services.clock() - _EXPIRE, own.get(project.id, EVENTS_DAYS))
        oldest, overdue = services.store.age_of_events(project.id, before)
        if overdue:
            late[project.name] = overdue, oldest
    for name, (overdue, oldest) in late.items():
        yield wrong(
            "retention",
            f"{overdue:,} events of {name} should have been deleted; the oldest is of "
            f"{oldest:%Y-%m-%d}.",
            "The running server deletes them within minutes of its start; if they stay, its log "
            "says why.",
        )
    if not late:
        yield ok("retention", "Nothing is kept for longer than it may be.")


def _destinations(services: Services) -> Iterator[Finding]:
    names = {project.id: project.name for project in services.accounts.projects()}
    count = 0
    for each in services.documents.of_kind(KIND):
        state = services.forwarding.state(each.id)
        if not state["enabled"]:
            continue
        count += 1
        called = f"{each.name} of {names.get(each.project, each.project)}"
        if state["failures"]:
            yield wrong(
                "destinations",
                f"{called}: {state['failures']} attempts failed, {state['waiting']:,} events wait; "
                f"{state['last_error']}.",
                "Repair the destination, or disable it; what waits is kept until then.",
            )
        elif state["missed"]:
            yield notice(
                "destinations",
                f"{called} missed {state['missed']:,} events: the outbox was full.",
                "Send it what it missed from an export.",
            )
    yield ok("destinations", f"{count} are enabled.")


def _erasures(services: Services) -> Iterator[Finding]:
    waiting = [receipt for receipt, _ in services.eraser.erasures.unfinished()]
    late = [one for one in waiting if services.clock() - one.requested_at > _ERASE]
    if late:
        yield wrong(
            "erasures",
            f"{len(late)} erasures wait, the oldest since {late[0].requested_at:%Y-%m-%d %H:%M} "
            f"UTC: {late[0].problem or late[0].state}.",
            "They go on while a server with the store runs, once what is in the way is gone.",
        )
    else:
        yield ok("erasures", f"{len(waiting)} are under way." if waiting else "None waits.")
