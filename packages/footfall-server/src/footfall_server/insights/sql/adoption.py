"""Adoption: installs by bucket and the one value of each."""

from __future__ import annotations

from footfall_server.insights.answer import Asked, Q
from footfall_server.insights.queries import Interval
from footfall_server.insights.sql.binder import Binder
from footfall_server.insights.sql.events import ONCE
from footfall_server.insights.sql.places import cell, condition, last, place
from footfall_server.insights.sql.trends import bucket_key
from footfall_server.insights.values import Scale
from footfall_server.store import Statement, on_shards


def adoption(
    asked: Asked[Q], name: str, interval: Interval, scale: Scale, *, exact: bool = False
) -> Statement:
    """Rows `bucket` (key), `place`, `installs`, `tied` (see `Last`): of versions the newest counts,
    else the last."""
    binder = Binder()
    own = place(name, scale, binder)
    bucket = bucket_key(interval, binder.text(asked.within.zone.key))
    limited = condition(asked, binder)
    read, chosen = f"{own} AS own", "max(own) AS place, 0 AS tied"
    if not scale.versioned:
        one = last(own, len(scale.texts) + 1, asked.within, exact=exact)
        tied = one.tied("max(high)", "max(low)")
        read, chosen = one.columns, f"{one.place('max(high)')} AS place, {tied} AS tied"
    installs = on_shards(
        f"SELECT any(bucket) AS bucket, {chosen} FROM ({binder.named()}SELECT {bucket} AS bucket, "
        f"{cell('bucket')} AS cell, {read} FROM {ONCE} WHERE {limited}) GROUP BY cell"
    )
    text = (
        "SELECT bucket, place, count() AS installs, max(tied) AS tied "
        f"FROM {installs} GROUP BY bucket, place"
    )
    return binder.statement(text)
