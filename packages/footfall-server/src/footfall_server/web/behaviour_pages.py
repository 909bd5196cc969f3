"""Funnels, retention, flows, lifecycle: what installs do one after another."""

from __future__ import annotations

from typing import Any

from footfall_server.insights import Result
from footfall_server.insights.chart import vegalite
from footfall_server.web import ask, charts, formats
from footfall_server.web.breakdown import label
from footfall_server.web.charts import Chart, Line
from footfall_server.web.insight import Asked, Figure, Insight, Query, event_names, selection

MOST_STEPS = 10
WINDOWS = {"3600": "1 hour", "86400": "1 day", "604800": "7 days", "2592000": "30 days"}
UNITS = {"day": "Day", "week": "Week", "month": "Month"}
MODES = {"calendar": "Calendar", "rolling": "24 hours, 7 days, 30 days"}
KINDS = {"on": "in that bracket", "on_or_after": "in it or later", "streak": "in it and all before"}
COHORTS = {
    "first_ever": "First ever",
    "first_in_range": "First in these days",
    "recurring": "Each time",
}
ORDERS = {"strict": "In this order", "any": "In any order"}
COUNTS = {"unique": "Installs", "total": "Every entry"}


def one_of(asked: Asked, name: str, choices: dict[str, str]) -> str:
    """The value of one of the page's parameters, or the first choice."""
    value = asked.view.first(name)
    return value if value in choices else next(iter(choices))


class FunnelPage(Insight):
    """`step` comes once a step; `window` in seconds, `order`, `count`."""

    page, heading = "funnels", "Funnels"
    report = "funnel"
    about = "How many get from one step to the next, within a time from the first."
    template, fragment = "funnels.html", "figures/funnel.html"
    own = frozenset({"step", "window", "order", "count"})
    bar = frozenset({"breakdown"})

    def steps(self, asked: Asked) -> list[str]:
        return [step for step in asked.view.every("step") if step.strip()][:MOST_STEPS]

    def question(self, asked: Asked) -> Query | None:
        steps = self.steps(asked)
        if len(steps) < 2:
            return None
        return selection(asked) | {
            "report": "funnel",
            "steps": [{"event": step} for step in steps],
            "window_seconds": int(
                one_of(asked, "window", dict([("604800", ""), *WINDOWS.items()]))
            ),
            "order": one_of(asked, "order", ORDERS),
            "count": one_of(asked, "count", COUNTS),
            "breakdown": [ask.property_of(asked.project, asked.view.breakdown)]
            if asked.view.breakdown
            else [],
            "limit": ask.SEGMENTS,
        }

    def title(self, asked: Asked) -> str:
        steps = self.steps(asked)
        return f"From {steps[0]} to {steps[-1]}" if len(steps) > 1 else self.heading

    def figure(self, asked: Asked, query: Query, result: Result) -> Figure:
        segments: dict[tuple[str, ...], list[dict[str, Any]]] = {}
        for row in result.rows:
            segments.setdefault(tuple(row["segment"]), []).append(row)
        shown = [
            {"name": " · ".join(map(label, segment)), "steps": drawn(rows)}
            for segment, rows in segments.items()
        ]
        convert = result.meta.get("time_to_convert") or {}
        values = {"segments": shown, "convert": convert, "what": one_of(asked, "count", COUNTS)}
        return Figure(self.title(asked), query, result, None, values)

    async def builder(self, asked: Asked) -> dict[str, Any]:
        steps = self.steps(asked)
        return {
            "steps": [*steps, *[""] * max(1, 2 - len(steps))][:MOST_STEPS],
            "events": await event_names(self, asked),
            "windows": WINDOWS,
            "orders": ORDERS,
            "counts": COUNTS,
        }


def drawn(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The steps of one segment; the greatest loss is marked."""
    losses = [
        1 - row["rate_from_previous"] for row in rows if row["rate_from_previous"] is not None
    ]
    worst = max(losses, default=0)
    return [
        {
            **row,
            "height": round(100 * (row["rate_from_start"] or 0), 1),
            "lost": None if row["rate_from_previous"] is None else 1 - row["rate_from_previous"],
            "worst": row["rate_from_previous"] is not None
            and worst > 0
            and 1 - row["rate_from_previous"] == worst,
        }
        for row in rows
    ]


class RetentionPage(Insight):
    """`birth` and `return` are events ('' is any); unit, mode, kind, cohort as in the API."""

    page, heading = "retention", "Retention"
    report = "retention"
    about = "Who comes back: installs by when they came first, and how many were there later."
    template, fragment = "retention.html", "figures/retention.html"
    own = frozenset({"birth", "return", "unit", "mode", "kind", "cohort"})
    bar = frozenset()

    def question(self, asked: Asked) -> Query:
        unit = one_of(asked, "unit", {"week": "", **UNITS})
        return selection(asked) | {
            "report": "retention",
            "birth": {"event": asked.view.first("birth") or None},
            "return": {"event": asked.view.first("return") or None},
            "unit": unit,
            "brackets": {"day": 15, "week": 13, "month": 13}[unit],
            "mode": one_of(asked, "mode", MODES),
            "kind": one_of(asked, "kind", KINDS),
            "cohort": one_of(asked, "cohort", COHORTS),
        }

    def title(self, asked: Asked) -> str:
        return f"Retention by {one_of(asked, 'unit', {'week': '', **UNITS})}"

    def figure(self, asked: Asked, query: Query, result: Result) -> Figure:
        cohorts: dict[str, dict[str, Any]] = {}
        for row in result.rows:
            cohort = cohorts.setdefault(
                row["cohort"],
                {
                    "name": formats.bucket(row["cohort"], query["unit"]),
                    "size": row["size"],
                    "cells": [],
                },
            )
            rate = row["rate"]
            cohort["cells"].append(
                None if rate is None else {"rate": rate, "count": row["count"], "step": step(rate)}
            )
        lines = [line for _, line in sorted(cohorts.items(), reverse=True) if line["size"]]
        average = [one["rate"] for one in result.meta.get("average", [])]
        values = {
            "lines": lines[:60],
            "average": average,
            "brackets": range(query["brackets"]),
            "unit": UNITS[query["unit"]],
            "kind": result.meta.get("average_kind", "pooled"),
        }
        return Figure(self.title(asked), query, result, None, values)

    async def builder(self, asked: Asked) -> dict[str, Any]:
        return {
            "events": await event_names(self, asked),
            "units": UNITS,
            "unit": one_of(asked, "unit", {"week": "", **UNITS}),
            "modes": MODES,
            "kinds": KINDS,
            "cohorts": COHORTS,
        }


def step(rate: float) -> int:
    """The colour of a share of 0 to 1, out of eight."""
    return max(1, min(8, 1 + int(rate * 8)))


class FlowsPage(Insight):
    """`anchor`, `direction`; what comes after an event, or before it."""

    page, heading = "flows", "Flows"
    report = "flows"
    about = "What comes next: the steps after an event, or before it, session by session."
    template, fragment = "flows.html", "figures/flows.html"
    own = frozenset({"anchor", "direction", "depth"})
    bar = frozenset()

    def question(self, asked: Asked) -> Query | None:
        anchor = asked.view.first("anchor").strip()
        if not anchor:
            return None
        depth = asked.view.first("depth")
        return selection(asked) | {
            "report": "flows",
            "anchor": anchor,
            "direction": "before" if asked.view.first("direction") == "before" else "after",
            "depth": int(depth) if depth in {"1", "2", "3", "4", "5"} else 3,
        }

    def title(self, asked: Asked) -> str:
        anchor = asked.view.first("anchor")
        way = "Before" if asked.view.first("direction") == "before" else "After"
        return f"{way} {anchor}" if anchor else self.heading

    def figure(self, asked: Asked, query: Query, result: Result) -> Figure:
        steps: dict[int, list[dict[str, Any]]] = {}
        for row in result.rows:
            steps.setdefault(row["step"], []).append(row)
        most = max((row["count"] for row in result.rows), default=0)
        columns = [
            [
                {
                    **row,
                    "from": flow_word(row["from"]),
                    "to": flow_word(row["to"]),
                    "width": 100 * row["count"] / most if most else 0,
                }
                for row in sorted(rows, key=lambda row: -row["count"])
            ]
            for _, rows in sorted(steps.items())
        ]
        return Figure(self.title(asked), query, result, None, {"columns": columns})

    async def builder(self, asked: Asked) -> dict[str, Any]:
        return {"events": await event_names(self, asked)}


def flow_word(name: str) -> str:
    words = {"$other": "Other", "$end": "the session ended", "$start": "the session began"}
    return words.get(name, name)


class LifecyclePage(Insight):
    """New, returning, resurrected and dormant installs."""

    page, heading = "lifecycle", "Lifecycle"
    report = "lifecycle"
    about = "New installs, those that came back, and those that stayed away (below zero)."
    template, fragment = "insight.html", "figures/chart.html"
    timed = True
    bar = frozenset({"interval"})
    states = ("new", "returning", "resurrected", "dormant")

    def question(self, asked: Asked) -> Query:
        return selection(asked) | {"report": "lifecycle", "interval": asked.interval}

    def figure(self, asked: Asked, query: Query, result: Result) -> Figure:
        unfinished = set(result.meta.get("incomplete", []))
        cells: dict[str, dict[str, float]] = {}
        for row in result.rows:
            cells.setdefault(row["bucket"], {})[row["state"]] = row["count"]
        chart = Chart(
            title=self.heading,
            subtitle=f"Installs per {asked.interval}",
            spec=vegalite(result, height=charts.TALL),
            height=charts.TALL,
            label=f"New, returning, resurrected and dormant installs per {asked.interval}.",
            legend=[],  # the chart has its own, for its pictures too
            head=[asked.interval.capitalize(), *(state.capitalize() for state in self.states)],
            lines=[
                Line(
                    formats.bucket(key, asked.interval),
                    [formats.count(values.get(state)) for state in self.states],
                    key in unfinished,
                )
                for key, values in sorted(cells.items(), reverse=True)
            ],
        )
        return Figure(self.heading, query, result, chart, {"chart": chart})


class StickinessPage(Insight):
    """Installs by the number of days on which they were active."""

    page, heading = "stickiness", "Stickiness"
    report = "stickiness"
    about = "On how many days of the range an install was active."
    template, fragment = "insight.html", "figures/bars.html"
    bar = frozenset()

    def question(self, asked: Asked) -> Query:
        return selection(asked, running=False) | {"report": "stickiness"}

    def figure(self, asked: Asked, query: Query, result: Result) -> Figure:
        total = sum(row["installs"] for row in result.rows)
        most = max((row["installs"] for row in result.rows), default=0)
        rows = [
            {
                "name": f"{row['days']} day{'s' if row['days'] != 1 else ''}",
                "count": row["installs"],
                "share": row["installs"] / total if total else None,
                "width": 100 * row["installs"] / most if most else 0,
            }
            for row in result.rows
        ]
        return Figure(self.heading, query, result, None, {"rows": rows, "what": "installs"})
