"""What was refused: a page, or by id."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from footfall_server.insights.sql.binder import Binder
from footfall_server.store import Statement

_COLUMNS = (
    "project, toString(id) AS id_text, toUnixTimestamp64Micro(received_at) AS received_us,"
    " dialect, reason, message, body, word, rekeyed,"
    " toUnixTimestamp64Micro(assumeNotNull(sent_at)) AS sent_us, isNull(sent_at) AS no_clock"
)


@dataclass(frozen=True, slots=True)
class RejectedPage:
    """What to list. `after` is the last one of the page before: microseconds and id."""

    project: int
    reason: str | None
    after: tuple[int, str] | None
    limit: int
    oldest_first: bool = False


def rejected(page: RejectedPage) -> Statement:
    """One row more than `limit`, if there are more."""
    binder = Binder()
    conditions = [f"project = {binder.bind(page.project, 'UInt32')}"]
    if page.reason is not None:
        conditions.append(f"reason = {binder.text(page.reason)}")
    if page.after is not None:
        sign = ">" if page.oldest_first else "<"
        place = f"({binder.bind(page.after[0], 'Int64')}, {binder.bind(page.after[1], 'UUID')})"
        conditions.append(f"(toUnixTimestamp64Micro(received_at), id) {sign} {place}")
    direction = "ASC" if page.oldest_first else "DESC"
    text = (
        f"SELECT {_COLUMNS} FROM rejected FINAL WHERE {' AND '.join(conditions)}"
        f" ORDER BY received_at {direction}, id {direction}"
        f" LIMIT {binder.bind(page.limit + 1, 'UInt32')}"
    )
    return Statement(text, binder.parameters)


def rejected_ids(project: int, ids: Sequence[str]) -> Statement:
    """Those of these that there are, oldest first."""
    binder = Binder()
    text = (
        f"SELECT {_COLUMNS} FROM rejected FINAL"
        f" WHERE project = {binder.bind(project, 'UInt32')}"
        f" AND id IN {binder.bind(list(ids), 'Array(UUID)')} ORDER BY received_at, id"
    )
    return Statement(text, binder.parameters)


def rejected_reasons(project: int, since: datetime) -> Statement:
    """How many for each reason."""
    binder = Binder()
    text = (
        "SELECT reason, count() AS events FROM rejected FINAL"
        f" WHERE project = {binder.bind(project, 'UInt32')}"
        f" AND received_at >= {binder.instant(since)}"
        " GROUP BY reason ORDER BY events DESC, reason"
    )
    return Statement(text, binder.parameters)
