"""Traction: each install's weeks, from its first one on, with the newest version in each."""

from __future__ import annotations

from footfall_server.insights.answer import Asked
from footfall_server.insights.periods import Range
from footfall_server.insights.queries import Traction
from footfall_server.insights.sql.binder import Binder
from footfall_server.insights.sql.events import ONCE
from footfall_server.insights.sql.places import cell, condition, install_of, place
from footfall_server.insights.sql.trends import bucket_key
from footfall_server.insights.values import Scale
from footfall_server.store import Statement, on_shards

RETENTION_DAYS = 28


def weeks(asked: Asked[Traction], history: Range, name: str, versions: Scale) -> Statement:
    """Rows `week` (key), `place` (newest version in it), `active`, `new`, `returned`.

    `new`: their first week ever; `returned`: of these, those that were active four weeks on.
    """
    binder = Binder()
    week = bucket_key("week", binder.text(history.zone.key))
    own = place(name, versions, binder)
    limited = condition(asked, binder, history)
    # Arrays of numbers, joined side by side: of tuples the engine makes and takes apart each.
    installs = on_shards(
        "SELECT groupArray(week) AS weeks, groupArray(place) AS places, "
        f"arrayMin(weeks) AS first, has(weeks, first + {RETENTION_DAYS}) AS back FROM ("
        f"SELECT cell, any(week) AS week, max(own) AS place FROM ({binder.named()}SELECT "
        f"toInt32({week}) AS week, {cell('week')} AS cell, {own} AS own "
        f"FROM {ONCE} WHERE {limited}) GROUP BY cell) GROUP BY {install_of('cell', 'week')}"
    )
    text = (
        "SELECT week, place, count() AS active, countIf(week = first) AS new, "
        f"countIf(week = first AND back) AS returned FROM {installs} "
        "ARRAY JOIN weeks AS week, places AS place GROUP BY week, place"
    )
    return binder.statement(text)
