"""Questions and answers: a query comes in as JSON, a result goes out as tidy rows.

The stages, each in its own module and testable alone: `parse(body) → Query` (`queries.py` has the
types), `plan.py` and `periods.py` (ranges, buckets, shifts, in the query's timezone), `sql/` (one
module a report, the only SQL text outside the store), `trends.py` and `events_table.py` (rows out
of the store's answer), `result.py` and `chart.py`. What each number means is in the documentation;
`tests/insights/oracle.py` says it again in plain Python and is compared with the engine.

May import `store` and `model`; used by `automation`, `api`, `web` and `cli`. Start in `run.py`.
"""

from footfall_server.insights.parse import parse
from footfall_server.insights.queries import EventsTable, Query, Trends
from footfall_server.insights.result import Result
from footfall_server.insights.run import Insights

__all__ = ["EventsTable", "Insights", "Query", "Result", "Trends", "parse"]
