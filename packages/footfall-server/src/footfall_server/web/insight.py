"""A page that asks one question: query bar, builder, figure, table, files, and the query itself."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from footfall_server.insights import Result
from footfall_server.insights.chart import vegalite
from footfall_server.model.errors import FootfallError, TooMany, Unavailable, Unprocessable
from footfall_server.model.project import Project
from footfall_server.web import ask, formats, view
from footfall_server.web.charts import Chart, marked
from footfall_server.web.export import export, script
from footfall_server.web.overview import local_day
from footfall_server.web.site import Served, Site, address
from footfall_server.web.view import View
from footfall_server.web.window import Window, window

Query = dict[str, Any]
RANGE_FIELDS = ("from", "to")


@dataclass(frozen=True, slots=True)
class Asked:
    """A view of a project's page, with the days that it means today."""

    project: Project
    view: View
    days: Window
    interval: str


@dataclass(frozen=True, slots=True)
class Figure:
    """What a question came to. `problem` says why there is nothing else.

    `values` are for the page's fragment of a template; `chart` is what pictures are made of.
    """

    title: str
    query: Query | None = None
    result: Result | None = None
    chart: Chart | None = None
    values: Mapping[str, Any] | None = None
    problem: str = ""


class Insight(Site):
    """The base: a page says its own parameters, its query, and what its figure shows.

    `fragment` is the template of the figure alone, which boards use too.
    """

    page: ClassVar[str]
    report: ClassVar[str]
    heading: ClassVar[str]
    about: ClassVar[str]
    template: ClassVar[str]
    fragment: ClassVar[str]
    own: ClassVar[frozenset[str]] = frozenset()
    bar: ClassVar[frozenset[str]] = frozenset({"interval", "compare", "breakdown"})
    """Which controls of the query bar apply, beside range and filters."""
    timed: ClassVar[bool] = False
    """Whether the chart is over time, so that releases are drawn in it."""

    def routes(self) -> list[Served]:
        return [(f"/p/{{project}}/{self.page}", self.show, ("GET",))]

    def question(self, asked: Asked) -> Query | None:
        """The query of a view; None while the builder lacks something."""
        raise NotImplementedError

    def figure(self, asked: Asked, query: Query, result: Result) -> Figure:
        """What is shown of an answer."""
        raise NotImplementedError

    def title(self, asked: Asked) -> str:
        """What a saved view is called unless somebody names it."""
        return self.heading

    async def builder(self, asked: Asked) -> dict[str, Any]:
        """What the page's own form needs."""
        return {}

    async def show(self, request: Request) -> Response:
        """The page, or a file of what it shows."""
        if any(name in request.query_params for name in RANGE_FIELDS):
            return pinned(request, self.own)
        project = await self.project(request)
        asked = self.asked(project, request.query_params.multi_items())
        found = await self.answer(asked)
        if asked.view.format and found.query is not None and found.result is not None:
            return await self.file(request, asked, found)
        values = await self.frame(request, project, self.page)
        values |= self.around_view(request, asked)
        values |= await self.builder(asked)
        values |= {"figure": found, "asks": self.asks(request, asked, found)}
        return self.templates.page(self.template, values)

    def asked(self, project: Project, parameters: list[tuple[str, str]]) -> Asked:
        state = view.parse(parameters, self.own)
        days = window(state, local_day(project, self.services.clock()).date())
        return Asked(project, state, days, days.interval(state.interval))

    async def answer(self, asked: Asked) -> Figure:
        """The figure of a view; what can't be asked is told in it, not raised."""
        try:
            query = self.question(asked)
            if query is None:
                return Figure(self.title(asked))
            result = await self.services.insights.run(asked.project, query, self.services.clock())
            found = self.figure(asked, query, result)
            return await self._marked(asked, found) if self.timed else found
        except Unprocessable as error:
            return Figure(self.title(asked), problem=error.message)
        except (TooMany, Unavailable) as error:
            return Figure(self.title(asked), problem=error.message)

    async def _marked(self, asked: Asked, found: Figure) -> Figure:
        """With the project's releases and notes as rules."""
        if found.chart is None:
            return found
        days = await self.happenings(asked.project)
        chart = marked(found.chart, days, asked.days.start, asked.days.running or asked.days.end)
        return replace(found, chart=chart, values={**(found.values or {}), "chart": chart})

    async def saved(self, project: Project, address_: str) -> tuple[Asked, Figure]:
        """The figure of a saved address (its query string), as of today."""
        asked = self.asked(project, parse_qsl(address_.partition("?")[2], keep_blank_values=True))
        return asked, await self.answer(asked)

    async def of_query(self, project: Project, title: str, query: Query) -> Figure:
        """The figure of a query of the API, which this page's form may have no words for."""
        asked = self.asked(project, [])
        if query.get("interval"):
            asked = replace(asked, interval=str(query["interval"]))
        try:
            result = await self.services.insights.run(project, query, self.services.clock())
            found = self.figure(asked, result.query, result)
        except FootfallError as error:
            return Figure(title, problem=error.message)
        if self.timed and found.chart is not None:
            found = await self._marked(asked, found)
        return replace(found, title=title)

    async def file(self, request: Request, asked: Asked, found: Figure) -> Response:
        assert found.result is not None
        form, days = str(asked.view.format), asked.days
        name = f"{asked.project.name}-{self.page}-{days.start}-{days.end}"
        if form == "py":
            return script(asked.project, found.result.query, self.base_url(request), name)
        return await export(found.result, found.chart or pictured(found), form, name)

    def around_view(self, request: Request, asked: Asked) -> dict[str, Any]:
        """What the query bar and the notes need."""
        kept = [
            pair
            for pair in request.query_params.multi_items()
            if pair[0] not in ("range", "format")
        ]
        return {
            "view": asked.view,
            "window": asked.days,
            "interval": asked.interval,
            "days": formats.days(asked.days.start, asked.days.end, asked.days.today),
            "notes": asked.view.notes,
            "bar": self.bar,
            "choices": {},
            "kept": kept,
            "ranges": view.RANGES,
            "intervals": view.INTERVALS,
            "comparisons": view.COMPARISONS,
            "dimensions": view.DIMENSIONS,
            "heading": self.heading,
            "about": self.about,
            "fragment": self.fragment,
            "here": f"{self.page}{asked.view.url(format=None)}",
            "suggested": self.title(asked),
        }

    def asks(self, request: Request, asked: Asked, found: Figure) -> dict[str, str]:
        """The same question for programs: by the name of the way, its text."""
        if found.query is None:
            return {}
        query = found.result.query if found.result else found.query
        text = json.dumps(query, indent=2, ensure_ascii=False)
        path = f"{self.base_url(request)}/api/v1/projects/{asked.project.name}/query"
        curl = (
            f'curl {shlex.quote(path)} \\\n  -H "Authorization: Bearer $FOOTFALL_TOKEN" \\\n'
            f"  -d {shlex.quote(json.dumps(query, ensure_ascii=False))}"
        )
        python = (
            (
                "import os\n\nfrom footfall_server.client import Client\n\n"
                f"client = Client({self.base_url(request)!r}, os.environ['FOOTFALL_TOKEN'])\n"
                f"result = client.query({text})\nprint(result.to_pandas())"
            )
            .replace(": null", ": None")
            .replace(": true", ": True")
            .replace(": false", ": False")
        )
        ways = {"JSON": text, "cURL": curl, "Python": python}
        if found.result is not None and found.result.statements:
            ways["SQL"] = "\n\n".join(found.result.statements)
        return ways


def pictured(found: Figure) -> Chart:
    """The chart of a figure that the page draws in HTML, for a picture."""
    assert found.result is not None
    return Chart(found.title, "", vegalite(found.result), 284, found.title, [], [], [])


def pinned(request: Request, own: frozenset[str]) -> Response:
    """The date form sends two fields; the address that they mean holds one range."""
    given = request.query_params
    state = view.parse((p for p in given.multi_items() if p[0] not in ("from", "to", "range")), own)
    ends = sorted((given.get("from", ""), given.get("to", "")))
    wanted = "..".join(ends)
    if view.pinned(wanted) is None:
        return RedirectResponse(request.url.path + state.url(), 303)
    return RedirectResponse(request.url.path + state.url(range=wanted), 303)


def selection(asked: Asked, *, running: bool = True) -> Query:
    """What every query of a view shares; with the day that isn't over unless it would mislead."""
    end = asked.days.running if running and asked.days.running else asked.days.end
    return ask.selection(asked.project, asked.view, asked.days.start, end)


async def event_names(site: Site, asked: Asked) -> list[str]:
    """The events of the view's days, most used first: what builders offer."""
    days, now = asked.days, site.services.clock()
    query = ask.selection(asked.project, View(filters=()), days.start, days.running or days.end)
    try:
        result = await site.services.insights.run(
            asked.project, query | {"report": "events_table"}, now
        )
    except FootfallError:
        return []
    return [str(row["event"]) for row in result.rows[:500]]


__all__ = ["Asked", "Figure", "Insight", "Query", "address", "event_names", "selection"]
