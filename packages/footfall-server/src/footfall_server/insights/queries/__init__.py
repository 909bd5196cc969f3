"""The types of queries: frozen, one a report; an unknown field is an error.

Field names are the JSON's, but for those that Python keeps for itself (`from_`, `not_`). What all
reports share is in `common.py`; each report (or family) has a module of its own here, and is known
to the parser by being in `REPORTS`. A field of a closed set of names (`PROPERTY_FIELDS`) holds the
names of properties: so references to properties are found without a word from the report.
"""

from __future__ import annotations

from footfall_server.insights.queries.activity import Lifecycle, Stickiness
from footfall_server.insights.queries.common import (
    Action,
    Behaviour,
    Behaviours,
    Cohort,
    Cut,
    Filter,
    Installs,
    Interval,
    Op,
    Query,
    Value,
)
from footfall_server.insights.queries.events_table import EventsTable
from footfall_server.insights.queries.flows import Flows, Paths
from footfall_server.insights.queries.funnel import Exclusion, Funnel, Step
from footfall_server.insights.queries.release_health import (
    Adoption,
    DropCost,
    Errors,
    Exceptions,
    Granularity,
    RunTime,
    SupportMatrix,
    Traction,
)
from footfall_server.insights.queries.retention import Retention
from footfall_server.insights.queries.sql import Sql
from footfall_server.insights.queries.trends import (
    OF_PROPERTY,
    PERCENTILES,
    ROLLING_DAYS,
    Formula,
    Measure,
    Series,
    Trends,
)

__all__ = [
    "EVENT_FIELDS",
    "OF_PROPERTY",
    "PERCENTILES",
    "PROPERTY_FIELDS",
    "REPORTS",
    "ROLLING_DAYS",
    "Action",
    "Adoption",
    "Behaviour",
    "Behaviours",
    "Cohort",
    "Cut",
    "DropCost",
    "Errors",
    "EventsTable",
    "Exceptions",
    "Exclusion",
    "Filter",
    "Flows",
    "Formula",
    "Funnel",
    "Granularity",
    "Installs",
    "Interval",
    "Lifecycle",
    "Measure",
    "Op",
    "Paths",
    "Query",
    "Retention",
    "RunTime",
    "Series",
    "Sql",
    "Step",
    "Stickiness",
    "SupportMatrix",
    "Traction",
    "Trends",
    "Value",
]

REPORTS: dict[str, type[Query]] = {
    "adoption": Adoption,
    "drop_cost": DropCost,
    "errors": Errors,
    "events_table": EventsTable,
    "exceptions": Exceptions,
    "lifecycle": Lifecycle,
    "retention": Retention,
    "run_time": RunTime,
    "sql": Sql,
    "stickiness": Stickiness,
    "support_matrix": SupportMatrix,
    "traction": Traction,
    "flows": Flows,
    "funnel": Funnel,
    "paths": Paths,
    "trends": Trends,
}

EVENT_FIELDS = frozenset({"event", "anchor"})
PROPERTY_FIELDS = frozenset({"property", "breakdown", "hold", "by", "rows", "columns"})
