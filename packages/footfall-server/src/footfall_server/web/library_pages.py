"""Events and each of them, the history of one install, the report for funders."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import Response

from footfall_server.insights import Result
from footfall_server.insights.chart import vegalite
from footfall_server.web import charts, formats
from footfall_server.web.breakdown import label
from footfall_server.web.charts import Chart, Line
from footfall_server.web.insight import Asked, Figure, Insight, Query, pinned, selection
from footfall_server.web.release_pages import ErrorsPage, ExceptionsPage, RunTimePage
from footfall_server.web.site import address
from footfall_server.web.trends_page import TrendsPage

MOST_EVENTS = 500
WEEKLY = "weekly_active_installs"
TRACTION = {
    "weekly_active_installs": "Weekly active installs",
    "growth": "Growth over four weeks",
    "new_installs": "New installs",
    "retention": "Back in the fourth week",
    "weekly_active_installs_by_version": "Weekly active installs by version",
}


class EventsPage(Insight):
    """Every event of the range; `event` in the address opens one."""

    page, heading = "events", "Events"
    report = "events_table"
    about = "What is used, how often, by how many, how fast and how well."
    template, fragment = "insight.html", "figures/events.html"
    bar = frozenset()
    parts: ClassVar[tuple[type[Insight], ...]] = (
        TrendsPage,
        ErrorsPage,
        RunTimePage,
        ExceptionsPage,
    )

    def question(self, asked: Asked) -> Query:
        return selection(asked, running=False) | {"report": "events_table"}

    def figure(self, asked: Asked, query: Query, result: Result) -> Figure:
        now, zone = self.services.clock(), asked.project.timezone
        most = max((row["total"] for row in result.rows), default=0)
        rows = [
            {
                **row,
                "width": 100 * row["total"] / most if most else 0,
                "seen": formats.seen(row["last_seen"], now, zone),
                "delta": None
                if row["change"] is None
                else formats.signed(row["change"] * 100, 1, "%"),
                "link": address(asked.project, f"events{asked.view.url(event=row['event'])}"),
            }
            for row in result.rows[:MOST_EVENTS]
        ]
        return Figure(self.heading, query, result, None, {"rows": rows})

    async def show(self, request: Request) -> Response:
        if "event" not in request.query_params or "format" in request.query_params:
            return await super().show(request)
        if "from" in request.query_params or "to" in request.query_params:
            return pinned(request, self.own)
        project = await self.project(request)
        asked = self.asked(project, request.query_params.multi_items())
        calls = tuple(sorted([("m", "total"), ("m", "unique"), ("e", ""), ("e", "")]))
        pages = [part(self.services, self.templates) for part in self.parts]
        views = [replace(asked, view=replace(asked.view, own=calls)), *[asked] * (len(pages) - 1)]
        schema, *figures = await asyncio.gather(
            self.services.insights.schema(project, self.services.clock()),
            *(page.answer(view) for page, view in zip(pages, views, strict=True)),
        )
        known = next((one for one in schema["events"] if one["event"] == asked.view.event), None)
        values = await self.frame(request, project, "events")
        values |= self.around_view(request, asked)
        values |= {
            "cards": [
                {"page": page, "figure": figure, "view": view.view}
                for page, figure, view in zip(pages, figures, views, strict=True)
            ],
            "heading": str(asked.view.event),
            "about": "One event of the library.",
            "here": "",
            "properties": known["properties"] if known else [],
        }
        return self.templates.page("event.html", values)


class TractionPage(Insight):
    """What a funder asks, each number with how it was counted."""

    page, heading = "traction", "Funder report"
    report = "traction"
    about = "Traction that can be checked: every figure says what it counts and what it leaves out."
    template, fragment = "insight.html", "figures/traction.html"
    bar = frozenset()

    def question(self, asked: Asked) -> Query:
        query = selection(asked, running=False) | {"report": "traction"}
        if asked.days.days < 56:  # growth and retention need weeks to look back on
            query["from"] = (asked.days.end - timedelta(days=26 * 7)).isoformat()
        return query

    def figure(self, asked: Asked, query: Query, result: Result) -> Figure:
        groups: dict[str, list[dict[str, Any]]] = {}
        for row in result.rows:
            groups.setdefault(row["metric"], []).append(row)
        shown = [
            {
                "title": TRACTION.get(metric, metric),
                "counted": rows[0]["counted"],
                "excluded": rows[0]["excluded"],
                "table": _by_bucket(metric, rows),
                "chart": None,
            }
            for metric, rows in groups.items()
        ]
        chart = None
        if len(groups.get(WEEKLY, ())) >= charts.FEWEST:
            first = next(each for each in shown if each["title"] == TRACTION[WEEKLY])
            chart = first["chart"] = _course(result, first["table"])
        return Figure(self.heading, query, result, chart, {"groups": shown})


def _course(result: Result, table: Mapping[str, Any]) -> Chart:
    """Weekly active installs, drawn."""
    values = [line["cells"][0] for line in table["lines"]]
    return Chart(
        title=TRACTION[WEEKLY],
        subtitle="Per week",
        spec=vegalite(result, height=charts.SHORT, label=label),
        height=charts.SHORT,
        label=f"{TRACTION[WEEKLY]}: {values[-1]} in the first week, {values[0]} in the last.",
        legend=[],
        head=["Week of", TRACTION[WEEKLY]],
        lines=[Line(line["name"], line["cells"], incomplete=False) for line in table["lines"]],
    )


def _by_bucket(metric: str, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Newest week first, a column a segment."""
    names = list(dict.fromkeys(_segment(row) for row in rows))
    cells: dict[str, dict[str, Any]] = {}
    for row in rows:
        cells.setdefault(row["bucket"], {})[_segment(row)] = row["value"]
    written = formats.share if metric in ("growth", "retention") else formats.count
    return {
        "names": names,
        "lines": [
            {"name": formats.bucket(key, "week"), "cells": [written(found.get(n)) for n in names]}
            for key, found in sorted(cells.items(), reverse=True)
        ],
    }


def _segment(row: dict[str, Any]) -> str:
    segment = row["segment"]
    return str(segment[0] if isinstance(segment, list) and segment else segment or "")
