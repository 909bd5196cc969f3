"""Adoption: installs by bucket and the one value of each."""

from __future__ import annotations

from footfall_server.insights.answer import Asked, Q
from footfall_server.insights.periods import Range
from footfall_server.insights.queries import Interval
from footfall_server.insights.sql.binder import Binder
from footfall_server.insights.sql.events import ONCE
from footfall_server.insights.sql.places import STAMP, condition, place
from footfall_server.insights.sql.trends import bucket_key
from footfall_server.insights.values import Scale
from footfall_server.store import Statement, on_shards


def adoption(
    asked: Asked[Q], name: str, interval: Interval, scale: Scale, within: Range | None = None
) -> Statement:
    """Rows `bucket` (key), `place`, `installs`: of versions the newest counts, else the last."""
    binder = Binder()
    own = place(name, scale, binder)
    chosen = "max(own)" if scale.versioned else "argMax(own, stamp)"
    stamp = "" if scale.versioned else f", {STAMP} AS stamp"
    bucket = bucket_key(interval, binder.text(asked.within.zone.key))
    limited = condition(asked, binder, within)
    text = (
        f"SELECT bucket, install_key, {chosen} AS place FROM ("
        f"{binder.named()}SELECT {bucket} AS bucket, install_key, {own} AS own{stamp} "
        f"FROM {ONCE} WHERE {limited}) GROUP BY bucket, install_key"
    )
    text = (
        f"SELECT bucket, place, count() AS installs FROM {on_shards(text)} GROUP BY bucket, place"
    )
    return binder.statement(text)
