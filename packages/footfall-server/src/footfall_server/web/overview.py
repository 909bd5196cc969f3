"""The overview of a project: its questions asked at once, their answers as values for the page."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from footfall_server.insights import Result
from footfall_server.model.errors import Unprocessable
from footfall_server.model.project import Project
from footfall_server.web import ask, breakdown, charts, formats, trend
from footfall_server.web.breakdown import Share
from footfall_server.web.charts import Chart
from footfall_server.web.services import Insights
from footfall_server.web.trend import Stat
from footfall_server.web.view import DIMENSIONS, View
from footfall_server.web.window import Window, only, window

MOST_EVENTS = 100
BARS = ("runtime", "python", "os")


@dataclass(frozen=True, slots=True)
class EventRow:
    """One line of the events table; `today` counts what the other columns leave out."""

    name: str
    calls: float
    width: float
    installs: float
    p50: float | None
    p90: float | None
    errors: float | None
    change: str | None
    last_seen: str
    today: float


@dataclass(frozen=True, slots=True)
class Overview:
    """All that the page shows of a window that holds events."""

    window: Window
    interval: str
    period: str
    stats: Sequence[Stat]
    main: Chart
    source: Result  # what the main chart was drawn from
    versions: Chart | None
    shares: Mapping[str, Sequence[Share]]
    events: Sequence[EventRow]
    more_events: int
    today: float
    approximate: bool


@dataclass(frozen=True, slots=True)
class Quiet:
    """No event in this window. `last` is when the last one came, None for none ever."""

    window: Window
    interval: str
    period: str
    last: datetime | None


@dataclass(frozen=True, slots=True)
class Answers:
    """The results that an overview is made of, by the names that `questions` gives them."""

    window: Window
    interval: str
    results: Mapping[str, Result]

    def rows(self, name: str) -> list[dict[str, Any]]:
        """The rows of one answer; none for what wasn't asked."""
        return self.results[name].rows if name in self.results else []


def local_day(project: Project, now: datetime) -> datetime:
    """Now, as the project's calendar sees it."""
    return now.astimezone(ZoneInfo(project.timezone))


async def load(insights: Insights, project: Project, view: View, now: datetime) -> Overview | Quiet:
    """Ask, and shape. When all there is came today, today is what the page is about."""
    today = local_day(project, now).date()
    asked = window(view, today)
    answers = await put(insights, project, view, asked, now)
    if not answers.rows("events") and answers.rows("today"):
        answers = await put(insights, project, view, only(today), now)
    if not answers.rows("events"):
        last = await latest(insights, project, now)
        return Quiet(asked, answers.interval, period(view, asked), last)
    return shape(project, view, answers, now)


async def put(
    insights: Insights, project: Project, view: View, days: Window, now: datetime
) -> Answers:
    """All questions of one window, asked at the same time."""
    interval = days.interval(view.interval)
    asked = questions(project, view, days, interval)

    async def run(query: ask.Query) -> Result | None:
        try:
            return await insights.run(project, query, now)
        except Unprocessable as error:
            if error.code == "UNKNOWN_PROPERTY":  # no event of the project ever had it
                return None
            raise

    results = await asyncio.gather(*map(run, asked.values()))
    found = zip(asked, results, strict=True)
    return Answers(days, interval, {name: result for name, result in found if result})


def questions(project: Project, view: View, days: Window, interval: str) -> dict[str, ask.Query]:
    by_version = version_interval(days)
    asked = {
        "pulse": ask.pulse(project, view, days, interval),
        "versions": ask.segments(project, view, days, by_version, "version"),
        "events": ask.events(project, view, days.start, days.end),
    }
    if days.running:
        asked["tail"] = ask.tail(project, view, days, interval)
        asked["today"] = ask.events(project, view, days.today, days.today)
    if view.breakdown:
        asked["main"] = ask.segments(project, view, days, interval, view.breakdown)
    return asked | {name: ask.shares(project, view, days, name) for name in BARS}


def version_interval(days: Window) -> str:
    return "week" if days.days >= 21 else "day"


async def latest(insights: Insights, project: Project, now: datetime) -> datetime | None:
    """When the project's last event came, CI included: the last four weeks first, then ever."""
    today = local_day(project, now).date()
    for start in (today - timedelta(days=28), today.replace(year=2000, month=1, day=1)):
        result = await insights.run(project, ask.everything(project, today, start), now)
        seen = [formats.instant(row["last_seen"]) for row in result.rows]
        if seen:
            return max(moment for moment in seen if moment is not None)
    return None


def period(view: View, days: Window) -> str:
    """The window in words, for labels: "28 days", "12 months", "today", "3 to 9 Nov"."""
    if days.young:
        return "today so far"
    if view.pinned:
        return formats.days(days.start, days.end, days.today)
    length = int(view.range[:-1])
    return f"{length} {'months' if view.range.endswith('m') else 'days'}"


def shape(project: Project, view: View, answers: Answers, now: datetime) -> Overview:
    """Turn results into what the template writes out; nothing is asked here."""
    days = answers.window
    hour = local_day(project, now).replace(minute=0, second=0, microsecond=0).isoformat()
    pulse = trend.started(trend.merge(answers.rows("pulse"), answers.rows("tail")), hour)
    active = trend.whole(pulse, ask.INSTALLS)
    words = period(view, days)
    source = answers.results.get("main", answers.results["pulse"])
    if view.breakdown:
        rows = trend.started(answers.rows("main"), hour)
        main = charts.segments(source, rows, view.breakdown, answers.interval, words)
    else:
        main = charts.installs(source, pulse, answers.interval, words, view.compare)
    versions = trend.started(answers.rows("versions"), hour)
    listed = events(answers, project, now)
    return Overview(
        window=days,
        interval=answers.interval,
        period=words,
        stats=trend.stats(pulse, words),
        main=main,
        source=source,
        versions=charts.adoption(answers.results.get("versions"), versions, version_interval(days)),
        shares={
            name: breakdown.shares(
                answers.rows("versions" if name == "version" else name),
                active,
                versions=name in ("version", "python"),
            )
            for name in DIMENSIONS
        },
        events=listed[:MOST_EVENTS],
        more_events=max(0, len(listed) - MOST_EVENTS),
        today=sum(row.today for row in listed),
        approximate=bool(answers.results["events"].meta.get("approximate")),
    )


def events(answers: Answers, project: Project, now: datetime) -> list[EventRow]:
    """The events table, most used first; events that came today alone stand at its end."""
    today = {row["event"]: row for row in answers.rows("today")}
    known = {row["event"]: row for row in answers.rows("events")}
    most = max((row["total"] for row in known.values()), default=0)

    def line(name: str) -> EventRow:
        row: Mapping[str, Any] = known.get(name, {})
        latest = today.get(name, row)["last_seen"]
        change = row.get("change")
        return EventRow(
            name=name,
            calls=row.get("total", 0),
            width=100 * row.get("total", 0) / most if most else 0,
            installs=row.get("unique", 0),
            p50=row.get("p50"),
            p90=row.get("p90"),
            errors=row.get("error_rate"),
            change=None if change is None else formats.signed(change * 100, 1, "%"),
            last_seen=formats.seen(latest, now, project.timezone),
            today=today.get(name, {}).get("total", 0),
        )

    lines = [line(name) for name in {**known, **today}]
    return sorted(lines, key=lambda row: (-row.calls, -row.today, row.name))
