"""Which function answers which query."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from footfall_server.insights import (
    adoption,
    errors,
    events_table,
    flows,
    funnel,
    lifecycle,
    retention,
    run_time,
    sql_report,
    stickiness,
    support,
    traction,
    trends,
)
from footfall_server.insights.answer import Answer, Asked
from footfall_server.insights.queries import (
    Adoption,
    DropCost,
    Errors,
    EventsTable,
    Exceptions,
    Flows,
    Funnel,
    Lifecycle,
    Paths,
    Query,
    Retention,
    RunTime,
    Sql,
    Stickiness,
    SupportMatrix,
    Traction,
    Trends,
)

ANSWERS: dict[type[Query], Callable[[Asked[Any]], Awaitable[Answer]]] = {
    Adoption: adoption.answer,
    DropCost: support.drop_cost,
    Errors: errors.answer,
    EventsTable: events_table.answer,
    Exceptions: errors.exceptions,
    Lifecycle: lifecycle.answer,
    Retention: retention.answer,
    RunTime: run_time.answer,
    Sql: sql_report.answer,
    Stickiness: stickiness.answer,
    SupportMatrix: support.matrix,
    Traction: traction.answer,
    Flows: flows.flows,
    Funnel: funnel.answer,
    Paths: flows.paths,
    Trends: trends.answer,
}
