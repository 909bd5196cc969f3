"""Who is active, and how often."""

from __future__ import annotations

from footfall_server.insights.queries.common import Interval, Query


class Lifecycle(Query, frozen=True, kw_only=True, tag="lifecycle"):
    """Installs of each bucket that are new, returning, resurrected or dormant."""

    interval: Interval = "day"


class Stickiness(Query, frozen=True, kw_only=True, tag="stickiness"):
    """Installs by the number of distinct days in the range on which they were active."""
