"""Release health: adoption, errors, run time, exceptions; the support matrix and what to drop."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from footfall_server.insights import Result
from footfall_server.insights.chart import vegalite
from footfall_server.insights.result import Row
from footfall_server.model.errors import FootfallError
from footfall_server.web import ask, charts, formats
from footfall_server.web.breakdown import label
from footfall_server.web.charts import Chart, Table
from footfall_server.web.insight import Asked, Figure, Insight, Query, pinned, selection
from footfall_server.web.site import Served, Site

BY = {
    "version": "library version",
    "python": "Python version",
    "os": "operating system",
    "runtime": "runtime",
}
GRANULARITIES = ("full", "patch", "minor", "major")
MOST_ROWS = 200


def by_of(asked: Asked, otherwise: str = "version") -> str:
    """The property that `by` in the address names."""
    return ask.property_of(asked.project, asked.view.first("by", otherwise))


def by_words(asked: Asked, otherwise: str = "version") -> str:
    name = asked.view.first("by", otherwise)
    return BY.get(name, name)


class ByPage(Insight):
    """The base: one question by version, or by the property that `by` in the address names."""

    template = "by.html"
    own = frozenset({"by"})
    bar = frozenset()

    def title(self, asked: Asked) -> str:
        return f"{self.heading} by {by_words(asked)}"

    async def builder(self, asked: Asked) -> dict[str, Any]:
        chosen = asked.view.first("by", "version")
        return {"by": BY, "chosen": chosen, "granular": "granularity" in self.own}


class AdoptionPage(ByPage):
    """Shares of active installs by version, or by something else."""

    page, heading = "adoption", "Adoption"
    report = "adoption"
    about = "Which versions people run. An install counts once a bucket, for its newest version."
    fragment = "figures/chart.html"
    timed = True
    own = frozenset({"by", "granularity"})
    bar = frozenset({"interval"})

    def question(self, asked: Asked) -> Query:
        granularity = asked.view.first("granularity", "full")
        return selection(asked) | {
            "report": "adoption",
            "interval": asked.interval,
            "by": by_of(asked),
            "granularity": granularity if granularity in GRANULARITIES else "full",
        }

    def figure(self, asked: Asked, query: Query, result: Result) -> Figure:
        chart = shares(result, self.title(asked), asked.interval)
        return Figure(self.title(asked), query, result, chart, {"chart": chart})


def shares(result: Result, title: str, interval: str) -> Chart:
    """Rows of adoption, stacked; versions newest first, at most six and the rest."""
    unfinished = set(result.meta.get("incomplete", []))
    total: dict[str, float] = {}
    for row in result.rows:
        total[row["value"]] = total.get(row["value"], 0) + row["installs"]
    kept = set(sorted(total, key=lambda value: (-total[value], value))[: ask.SEGMENTS])
    cells: dict[tuple[str, str], float] = {}
    for row in result.rows:
        name = row["value"] if row["value"] in kept else "$other"
        key = (row["bucket"], name)
        cells[key] = cells.get(key, 0) + row["installs"]
    rows: list[Row] = [
        {
            "bucket": bucket,
            "series": ask.INSTALLS,
            "segment": [name],
            "value": value,
            "incomplete": bucket in unfinished,
            "compare": False,
        }
        for (bucket, name), value in cells.items()
    ]
    table = Table(rows, ordered=True)
    drawn = replace(result, report="trends", rows=rows)
    return Chart(
        title=title,
        subtitle=f"Share of active installs, per {interval}",
        spec=vegalite(drawn, form="shares", height=charts.TALL, label=label, ordered=True),
        height=charts.TALL,
        label=f"{title}, per {interval}: {', '.join(table.names)}.",
        legend=table.legend(),
        head=[interval.capitalize(), *table.names],
        lines=table.lines(interval),
    )


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its interval, as a drawing on a scale of 0 to 100."""

    low: float
    at: float
    high: float


def interval(low: float | None, at: float | None, high: float | None, most: float) -> Any:
    """On a scale that ends at `most`."""
    if low is None or at is None or high is None or not most:
        return None
    return Interval(*(round(100 * each / most, 1) for each in (low, at, high)))


class ErrorsPage(ByPage):
    """How often it fails, by version, with intervals and what regressed."""

    page, heading = "errors", "Errors"
    report = "errors"
    about = "Installs that hit an error, with a 95% interval, beside the versions before."
    fragment = "figures/errors.html"

    def question(self, asked: Asked) -> Query:
        return selection(asked) | {
            "report": "errors",
            "by": by_of(asked),
            "event": asked.view.event,
        }

    def figure(self, asked: Asked, query: Query, result: Result) -> Figure:
        most = max((row["high"] or 0 for row in result.rows), default=0)
        rows = [
            {
                **row,
                "name": label(str(row["value"])),
                "drawn": interval(row["low"], row["install_rate"], row["high"], most),
            }
            for row in reversed(result.rows)
        ]
        values = {
            "rows": rows[:MOST_ROWS],
            "most": most,
            "by": by_words(asked),
            "regressed": [row["name"] for row in rows if row["regressed"]],
        }
        return Figure(self.title(asked), query, result, None, values)


class RunTimePage(ByPage):
    """Percentiles of run time, by version and event."""

    page, heading = "run-time", "Run time"
    report = "run_time"
    about = "How long calls take, by event: half, nine in ten and 99 in 100 were faster."
    fragment = "figures/run_time.html"

    def question(self, asked: Asked) -> Query:
        return selection(asked) | {"report": "run_time", "by": by_of(asked)}

    def figure(self, asked: Asked, query: Query, result: Result) -> Figure:
        rows = sorted(
            ({**row, "name": label(str(row["value"]))} for row in reversed(result.rows)),
            key=lambda row: str(row["event"]),
        )
        slowest = max((row["p50"] or 0 for row in rows), default=0)
        values = {"rows": rows[:MOST_ROWS], "slowest": slowest, "by": by_words(asked)}
        return Figure(self.title(asked), query, result, None, values)


class ExceptionsPage(Insight):
    """Which exceptions, how often, in which versions."""

    page, heading = "exceptions", "Exceptions"
    report = "exceptions"
    about = "The types only: messages are never sent."
    template, fragment = "insight.html", "figures/exceptions.html"
    bar = frozenset()

    def question(self, asked: Asked) -> Query:
        return selection(asked) | {"report": "exceptions"}

    def figure(self, asked: Asked, query: Query, result: Result) -> Figure:
        zone, now = asked.project.timezone, self.services.clock()
        rows = [{**row, "seen": formats.seen(row["last_seen"], now, zone)} for row in result.rows]
        return Figure(self.heading, query, result, None, {"rows": rows[:MOST_ROWS]})


class SupportPage(Insight):
    """Installs by Python and library version, and what dropping a version would cost."""

    page, heading = "support", "Support matrix"
    report = "support_matrix"
    about = "Who runs what, and whom it would hit to stop supporting it."
    template, fragment = "support.html", "figures/matrix.html"
    own = frozenset({"rows", "columns", "granularity", "drop"})
    bar = frozenset()

    def question(self, asked: Asked) -> Query:
        granularity = asked.view.first("granularity", "minor")
        return selection(asked) | {
            "report": "support_matrix",
            "rows": ask.property_of(asked.project, asked.view.first("rows", "python")),
            "columns": ask.property_of(asked.project, asked.view.first("columns", "version")),
            "granularity": granularity if granularity in GRANULARITIES else "minor",
        }

    def figure(self, asked: Asked, query: Query, result: Result) -> Figure:
        rows = list(dict.fromkeys(row["row"] for row in result.rows))
        columns = list(dict.fromkeys(row["column"] for row in result.rows))
        cells = {(row["row"], row["column"]): row for row in result.rows}
        most = max((row["installs"] for row in result.rows), default=0)
        lines = [
            {
                "name": label(str(one)),
                "cells": [cell(cells.get((one, other)), most) for other in reversed(columns)],
                "all": sum(row["installs"] for row in result.rows if row["row"] == one),
                "share": sum(row["share"] or 0 for row in result.rows if row["row"] == one),
            }
            for one in reversed(rows)
        ]
        head = [label(str(each)) for each in reversed(columns)]
        words = BY.get(asked.view.first("rows", "python"), asked.view.first("rows", "python"))
        values = {"lines": lines, "head": head, "rows": words}
        return Figure(self.heading, query, result, None, values)

    async def builder(self, asked: Asked) -> dict[str, Any]:
        """The cost of each Python that is in use, the oldest first, and of dropping up to it."""
        chosen = asked.view.first("rows", "python")
        query = selection(asked) | {"report": "support_matrix", "granularity": "minor"}
        query |= {"rows": ask.property_of(asked.project, chosen), "columns": "os_type"}
        now = self.services.clock()
        cost: Figure | None = None
        try:
            known = await self.services.insights.run(asked.project, query, now)
            values = list(dict.fromkeys(str(row["row"]) for row in known.rows))
            values = [value for value in values if not value.startswith("$")][:12]
            if values:
                drop = {key: query[key] for key in ("timezone", "installs", "filters", "to")}
                end = asked.days.end
                drop |= {"from": (end - timedelta(days=27)).isoformat(), "to": end.isoformat()}
                drop |= {"report": "drop_cost", "property": query["rows"], "values": values}
                result = await self.services.insights.run(asked.project, drop, now)
                cost = Figure("What dropping costs", drop, result, None, costs(result.rows, asked))
        except FootfallError as error:  # the matrix beside it still stands
            cost = Figure("What dropping costs", problem=error.message)
        return {"by": BY, "chosen": chosen, "cost": cost, "granularities": GRANULARITIES}


def cell(row: Row | None, most: float) -> dict[str, Any] | None:
    """A cell of the heat table; `step` is its colour, 1 to 8."""
    if row is None or not row["installs"]:
        return None
    step = max(1, min(8, round(8 * row["installs"] / most)))
    return {"installs": row["installs"], "share": row["share"], "step": step}


def costs(rows: Sequence[Row], asked: Asked) -> dict[str, Any]:
    """The chosen value's decision, and every value's row."""
    wanted = asked.view.first("drop")
    chosen = next((row for row in rows if row["value"] == wanted), rows[0] if rows else None)
    most = max([0.01, *(row["high"] or 0 for row in rows)])
    return {
        "rows": rows,
        "chosen": chosen,
        "drawn": chosen and interval(chosen["low"], chosen["share"], chosen["high"], most),
        "most": most,
    }


class ReleasesPage(Site):
    """`/p/{project}/releases`: the four answers about releases beside one another."""

    parts: tuple[type[Insight], ...] = (AdoptionPage, ErrorsPage, RunTimePage, ExceptionsPage)

    def routes(self) -> list[Served]:
        return [("/p/{project}/releases", self.show, ("GET",))]

    async def show(self, request: Request) -> Response:
        if "from" in request.query_params or "to" in request.query_params:
            return pinned(request, frozenset())
        project = await self.project(request)
        pages = [part(self.services, self.templates) for part in self.parts]
        asked = pages[0].asked(project, request.query_params.multi_items())
        figures = await asyncio.gather(*(page.answer(asked) for page in pages))
        values = await self.frame(request, project, "releases")
        values |= pages[0].around_view(request, asked)
        values |= {
            "cards": [
                {"page": page, "figure": figure, "view": asked.view}
                for page, figure in zip(pages, figures, strict=True)
            ],
            "heading": "Release health",
            "about": "Which versions are in use, which fail, which are slow.",
            "here": "",
            "exports": False,  # there are several figures, each of which has a page of its own
        }
        return self.templates.page("composed.html", values)
