"""The rejected store: what the door refused, listed as it is kept."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from footfall_server.insights.sql.rejected import RejectedPage, rejected, rejected_ids
from footfall_server.model.errors import NotFound, Unprocessable
from footfall_server.model.event import EPOCH, RejectedEvent
from footfall_server.model.project import Project
from footfall_server.model.reason import Reason
from footfall_server.store import Store

MAX_ROWS = 1_000
_FIELDS = frozenset({"reason", "limit", "cursor", "consistent"})


def parse_rejected(project: Project, parameters: Mapping[str, str]) -> RejectedPage:
    """The page that the parameters ask for: `reason`, `limit` (100; at most 1,000), `cursor`.

    Raises Unprocessable (UNKNOWN_FIELD, UNKNOWN_REASON, INVALID_LIMIT, INVALID_CURSOR).
    """
    for name in parameters:
        if name not in _FIELDS:
            message = f"There is no parameter {name!r} here: use {', '.join(sorted(_FIELDS))}."
            raise Unprocessable("UNKNOWN_FIELD", message, path=f"/{name}")
    limit = parameters.get("limit", "100")
    if not (limit.isdecimal() and 1 <= int(limit[:10]) <= MAX_ROWS):
        message = f"limit is 1 to {MAX_ROWS:,}, not {limit[:40]!r}."
        raise Unprocessable("INVALID_LIMIT", message, path="/limit")
    return RejectedPage(
        project=project.id,
        reason=known_reason(parameters.get("reason")),
        after=read_cursor(parameters.get("cursor")),
        limit=int(limit),
    )


def known_reason(reason: str | None) -> str | None:
    """Raises Unprocessable UNKNOWN_REASON."""
    if reason is None or reason in Reason.__members__:
        return reason
    message = f"{reason[:40]!r} is no reason; these are: {', '.join(Reason)}."
    raise Unprocessable("UNKNOWN_REASON", message, path="/reason")


async def page_of(store: Store, page: RejectedPage) -> tuple[list[RejectedEvent], str | None]:
    """What the page asks for, and the cursor of the next, if there is one."""
    rows = (await store.run(rejected(page))).to_pylist()
    more, rows = len(rows) > page.limit, rows[: page.limit]
    found = [_event(row) for row in rows]
    return found, _cursor(found[-1]) if more else None


async def with_ids(store: Store, project: Project, ids: Sequence[str]) -> list[RejectedEvent]:
    """Those with these ids, oldest first. Raises NotFound NO_SUCH_REJECTED_EVENT."""
    wanted = {_uuid(text) for text in ids}
    found = [
        _event(row)
        for row in (await store.run(rejected_ids(project.id, sorted(wanted)))).to_pylist()
    ]
    missing = wanted - {event.id for event in found}
    if missing:
        raise _missing(min(missing))
    return found


def _uuid(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise _missing(text) from None


def _missing(text: str) -> NotFound:
    return NotFound(
        "NO_SUCH_REJECTED_EVENT",
        f"No refused event has the id {text[:40]!r}: it was replayed, or has aged out.",
    )


def shown(event: RejectedEvent) -> dict[str, Any]:
    """A row as the API gives it."""
    return {
        "id": event.id,
        "reason": event.reason,
        "message": event.message,
        "dialect": event.dialect,
        "received_at": event.received_at.isoformat().replace("+00:00", "Z"),
        "body": event.body,
    }


def _event(row: Mapping[str, Any]) -> RejectedEvent:
    return RejectedEvent(
        project=row["project"],
        id=row["id_text"],
        received_at=_instant(row["received_us"]),
        dialect=row["dialect"],
        reason=row["reason"],
        message=row["message"],
        body=row["body"],
        word=row["word"],
        rekeyed=row["rekeyed"],
        sent_at=None if row["no_clock"] else _instant(row["sent_us"]),
    )


def _instant(microseconds: int) -> datetime:
    return EPOCH + timedelta(microseconds=microseconds)


def _cursor(event: RejectedEvent) -> str:
    place = (event.received_at.astimezone(UTC) - EPOCH) // timedelta(microseconds=1)
    return base64.urlsafe_b64encode(f"{place}:{event.id}".encode()).decode()


def read_cursor(cursor: str | None) -> tuple[int, str] | None:
    """Raises Unprocessable INVALID_CURSOR."""
    if not cursor:
        return None
    try:
        instant, _, id_ = base64.urlsafe_b64decode(cursor.encode()).decode().partition(":")
        after = int(instant), str(UUID(id_))
        if not -(2**63) <= after[0] < 2**63:
            raise ValueError(cursor)
    except (ValueError, binascii.Error, UnicodeError):
        raise Unprocessable(
            "INVALID_CURSOR", "The cursor isn't one that this server gave.", path="/cursor"
        ) from None
    return after
