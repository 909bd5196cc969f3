"""How long events are kept: counted in whole days (UTC) from their receipt."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from footfall_server.model.event import EPOCH
from footfall_server.model.privacy import EVENTS_DAYS
from footfall_server.store import Store


def events_before(now: datetime, days: int | None) -> datetime:
    """Events that were received before this instant are too old. None: no event ever is."""
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return EPOCH if days is None else max(EPOCH, today - timedelta(days=days))


def expire_events(store: Store, now: datetime, events_days: Mapping[int, int | None]) -> bool:
    """Delete every project's events that are too old, so that no byte of them is left.

    `events_days`: by project, where it isn't the default. Cheap when there is nothing to delete.
    True if something was deleted. Blocks.
    """
    own = {project: events_before(now, days) for project, days in events_days.items()}
    if not store.expire_events(events_before(now, EVENTS_DAYS), but=own):
        return False
    store.eraser().purge("events")
    return True
