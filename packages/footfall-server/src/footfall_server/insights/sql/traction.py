"""Traction: each install's weeks, from its first one on."""

from __future__ import annotations

from footfall_server.insights.answer import Asked
from footfall_server.insights.periods import Range
from footfall_server.insights.queries import Traction
from footfall_server.insights.sql.binder import Binder
from footfall_server.insights.sql.events import EVENTS
from footfall_server.insights.sql.places import condition
from footfall_server.insights.sql.trends import bucket_key
from footfall_server.store import Statement

RETENTION_DAYS = 28


def weeks(asked: Asked[Traction], history: Range) -> Statement:
    """Rows `week` (key), `active`, `new` (first ever), `returned` (of the new, four weeks on)."""
    binder = Binder()
    week = bucket_key("week", binder.text(history.zone.key))
    limited = condition(asked, binder, history)
    text = (
        "SELECT week, count() AS active, countIf(week = arrayMin(weeks)) AS new, "
        f"countIf(week = arrayMin(weeks) AND has(weeks, week + {RETENTION_DAYS})) AS returned "
        "FROM (SELECT groupUniqArray(week) AS weeks FROM ("
        f"{binder.named()}SELECT install_key, toInt32({week}) AS week "
        f"FROM {EVENTS} WHERE {limited}) GROUP BY install_key) "
        "ARRAY JOIN weeks AS week GROUP BY week"
    )
    return Statement(text, binder.parameters)
