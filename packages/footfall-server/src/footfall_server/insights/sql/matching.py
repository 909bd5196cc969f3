"""Which of some events match filters, judged by the very conditions that reports use."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from footfall_server.insights.queries import Filter
from footfall_server.insights.sql.binder import Binder
from footfall_server.insights.sql.filters import Conditions, Versions
from footfall_server.model.event import Event
from footfall_server.store import Statement


def matching(
    project: int, events: Sequence[Event], filters: Iterable[Filter], versions: Versions
) -> Statement:
    """Rows (`event`, `install`, `message_id`, `client_us`) of those that match.

    The time's range keeps the engine from looking elsewhere; `events` has at least one.
    """
    binder = Binder()
    times = [each.client_time for each in events]
    conditions = [
        f"project = {binder.bind(project, 'UInt32')}",
        f"client_time >= {binder.instant(min(times))}",
        f"client_time <= {binder.instant(max(times))}",
        f"message_id IN {binder.texts([each.message_id for each in events])}",
        *Conditions(binder, versions).every(filters),
    ]
    text = (
        f"{binder.named()}SELECT event, install, message_id, "
        "toUnixTimestamp64Micro(client_time) AS client_us "
        f"FROM events FINAL WHERE {' AND '.join(conditions)}"
    )
    return Statement(text, binder.parameters)
