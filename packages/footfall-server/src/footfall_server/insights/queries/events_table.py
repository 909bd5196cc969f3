"""The events table."""

from __future__ import annotations

from footfall_server.insights.queries.common import Query


class EventsTable(Query, frozen=True, kw_only=True, tag="events_table"):
    """One row an event name."""
