"""Which function answers which query."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from footfall_server.insights import events_table, flows, funnel, trends
from footfall_server.insights.answer import Answer, Asked
from footfall_server.insights.queries import EventsTable, Flows, Funnel, Paths, Query, Trends

ANSWERS: dict[type[Query], Callable[[Asked[Any]], Awaitable[Answer]]] = {
    EventsTable: events_table.answer,
    Flows: flows.flows,
    Funnel: funnel.answer,
    Paths: flows.paths,
    Trends: trends.answer,
}
