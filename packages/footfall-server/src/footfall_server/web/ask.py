"""The overview's questions, in the form that the API takes too."""

from __future__ import annotations

from datetime import date
from typing import Any

from footfall_server.model.project import Project
from footfall_server.web.view import NO_CI, Filter, View
from footfall_server.web.window import Window, bucket_start

Query = dict[str, Any]

ONLY_CI = Filter("runtime", "ci")
SEGMENTS = 6
COMPARE = {"previous": "previous_period", "year": "previous_year", "none": None}
# The names of the series, as a reader of a file or a tooltip sees them.
INSTALLS, CALLS = "Active installs", "Calls"
ERRORS, RUN_TIME = "Error rate", "Median run time"
SERIES = [
    {"name": INSTALLS, "event": None, "measure": "unique"},
    {"name": CALLS, "event": None, "measure": "total"},
    {"name": ERRORS, "event": None, "measure": "error_rate"},
    {"name": RUN_TIME, "event": None, "measure": "p50", "property": "run_time"},
]


def properties(project: Project) -> dict[str, str]:
    """The event property behind each dimension."""
    return {
        "version": project.version_property,
        "python": "python_version",
        "os": "os_type",
        "runtime": "runtime_environment",
    }


def property_of(project: Project, dimension: str) -> str:
    """The event property behind a dimension, which may be a property's own name."""
    return properties(project).get(dimension, dimension)


def selection(project: Project, view: View, start: date, end: date) -> Query:
    """What every question of a view shares: days, who counts, filters."""
    filters = [
        condition(property_of(project, f.dimension), f)
        for f in view.filters
        if f not in (NO_CI, ONLY_CI)
    ]
    if view.event is not None:
        filters.append({"property": "event", "op": "in", "values": [view.event]})
    installs = "ci" if ONLY_CI in view.filters else "human" if view.excludes_ci else "all"
    return {
        "from": start.isoformat(),
        "to": end.isoformat(),
        "timezone": project.timezone,
        "installs": installs,
        "filters": filters,
    }


def condition(name: str, wanted: Filter) -> Query:
    if wanted.value == "$none":
        return {"property": name, "op": "is_set" if wanted.negated else "is_not_set"}
    operator = "not_in" if wanted.negated else "in"
    return {"property": name, "op": operator, "values": [wanted.value]}


def pulse(project: Project, view: View, window: Window, interval: str) -> Query:
    """The stat row and the main chart: four measures by bucket and as a whole, compared."""
    return selection(project, view, window.start, window.end) | {
        "report": "trends",
        "series": SERIES,
        "interval": interval,
        "fold": True,
        "compare": COMPARE[view.compare] if not window.young else None,
    }


def tail(project: Project, view: View, window: Window, interval: str) -> Query:
    """The bucket that today is in, which charts draw dashed and figures leave out."""
    first = max(bucket_start(window.today, interval), window.start)
    return selection(project, view, first, window.today) | {
        "report": "trends",
        "series": SERIES,
        "interval": interval,
    }


def segments(project: Project, view: View, window: Window, interval: str, dimension: str) -> Query:
    """Active installs by one dimension, by bucket (the first one from its start) and as a whole."""
    first = bucket_start(window.start, interval)
    return selection(project, view, first, window.running or window.end) | {
        "report": "trends",
        "series": SERIES[:1],
        "interval": interval,
        "breakdown": [property_of(project, dimension)],
        "limit": SEGMENTS,
        "fold": True,
    }


def shares(project: Project, view: View, window: Window, dimension: str) -> Query:
    """Active installs by one dimension over the complete days; only the fold is read."""
    interval = "month" if window.days > 60 else "week" if window.days > 14 else "day"
    days = Window(window.start, window.end, None, window.today)
    exactly = {"from": window.start.isoformat()}
    return segments(project, view, days, interval, dimension) | exactly


def events(project: Project, view: View, start: date, end: date) -> Query:
    return selection(project, view, start, end) | {"report": "events_table"}


def everything(project: Project, today: date, start: date) -> Query:
    """Every event since a day, CI too: is there any, and when did the last one come?"""
    return selection(project, View(filters=()), start, today) | {"report": "events_table"}
