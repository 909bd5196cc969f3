"""Stickiness: each install's active days, then installs by their number."""

from __future__ import annotations

from footfall_server.insights.periods import Range
from footfall_server.insights.queries import Stickiness
from footfall_server.insights.sql.binder import Binder
from footfall_server.insights.sql.events import ONCE, where
from footfall_server.insights.sql.filters import Versions
from footfall_server.store import Statement, on_shards


def active_days(project: int, query: Stickiness, within: Range, versions: Versions) -> Statement:
    """Rows `days`, `installs`, of the numbers of days that some install has."""
    binder = Binder()
    zone = binder.text(within.zone.key)
    condition = where(project, within, query.installs, query.filters, None, binder, versions)
    # An array is sorted out once an install: faster than a set that is looked up at every event.
    installs = on_shards(
        "SELECT install_key, arrayUniq(groupArray(day)) AS days FROM ("
        f"{binder.named()}SELECT install_key, toDate(time, {zone}) AS day "
        f"FROM {ONCE} WHERE {condition}) GROUP BY install_key"
    )
    text = f"SELECT days, count() AS installs FROM {installs} GROUP BY days"
    return binder.statement(text)
