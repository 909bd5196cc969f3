"""What is served: each page from its request to its answer."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, replace
from datetime import timedelta
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from footfall_server.model.project import Project
from footfall_server.web import ask, formats, view
from footfall_server.web.charts import marked
from footfall_server.web.export import export, script
from footfall_server.web.overview import Overview, Quiet, latest, load, local_day
from footfall_server.web.site import Served, Site, address, moved
from footfall_server.web.view import View

# What the SDK sends with a call: field, example, why.
FIELDS = (
    ("event", "fit", "What was used"),
    ("library_version", "2.4.1", "Adoption of releases"),
    ("python_version, os_type", "3.12.4, Linux", "What to keep supporting"),
    ("runtime_environment, ci, ephemeral", "notebook, false, false", "People and machines apart"),
    ("run_time, process_run_time", "1.31, 1.02 (seconds)", "Speed per release"),
    ("exception_occurred, exception_type", "true, ValueError", "The type only, never the message"),
    ("userId", "an id of the install for this library alone", "Counting installs, retention"),
    ("session_id, parent, weight", "an id of the process, fit, 1", "Order, nesting, sampling"),
    ("timestamp, messageId", "2026-11-03T09:30:00Z, an id", "Time; a repeat counts once"),
    ("properties that you declare", "kind=density", "Only those"),
)


@dataclass(frozen=True, slots=True)
class ProjectRow:
    """One project of the list, over 28 days and today."""

    name: str
    events: float
    installs: float
    last_seen: str


class Pages(Site):
    """The list of projects, and a project's overview and setup."""

    def routes(self) -> list[Served]:
        return [
            ("/", self.projects, ("GET",)),
            ("/p/{project}", self.enter, ("GET",)),
            ("/p/{project}/", self.enter, ("GET",)),
            ("/p/{project}/overview", self.overview, ("GET",)),
            ("/p/{project}/setup", self.setup, ("GET",)),
            ("/p/{project}/setup/status", self.setup_status, ("GET",)),
        ]

    async def projects(self, request: Request) -> Response:
        """`/`: every project, and how to create one."""
        now = self.services.clock()
        found = await self.visible(request)
        rows = await asyncio.gather(*(self.project_row(project) for project in found))
        since = now.date() - timedelta(days=28)
        rows = sorted(rows, key=lambda row: row.name)
        values = {**self.around(request), "rows": rows, "since": since}
        return self.templates.page("projects.html", values)

    async def project_row(self, project: Project) -> ProjectRow:
        now = self.services.clock()
        today = local_day(project, now).date()
        start = today - timedelta(days=28)
        everyone = View(filters=())
        total = ask.selection(project, everyone, start, today) | {
            "report": "trends",
            "series": ask.SERIES[:1],
            "interval": "month",
            "fold": True,
        }
        events, installs = await asyncio.gather(
            self.services.insights.run(project, ask.everything(project, today, start), now),
            self.services.insights.run(project, total, now),
        )
        seen = max((str(row["last_seen"]) for row in events.rows), default=None)
        whole = [row["value"] for row in installs.rows if row["bucket"] is None]
        return ProjectRow(
            project.name,
            sum(row["total"] for row in events.rows),
            sum(value or 0 for value in whole),
            formats.seen(seen, now, project.timezone) if seen else "none in these days",
        )

    async def enter(self, request: Request) -> Response:
        """`/p/{project}` leads to its overview."""
        return RedirectResponse(address(await self.project(request), "overview"), 303)

    async def overview(self, request: Request) -> Response:
        """`/p/{project}/overview`, or a file of it; a project without events opens its setup."""
        parameters = request.query_params
        if "from" in parameters or "to" in parameters:
            return self.pinned(request)
        project = await self.project(request)
        state = view.parse(parameters.multi_items())
        now = self.services.clock()
        shown = await load(self.services.insights, project, state, now)
        if isinstance(shown, Quiet) and shown.last is None:
            return moved(request, address(project, "setup"))
        if isinstance(shown, Overview):
            days, end = await self.happenings(project), shown.window.running or shown.window.end
            shown = replace(shown, main=marked(shown.main, days, shown.window.start, end))
        if state.format and isinstance(shown, Overview):
            name = f"{project.name}-installs-{shown.window.start}-{shown.window.end}"
            if state.format == "py":
                return script(project, shown.source.query, self.base_url(request), name)
            return await export(shown.source, shown.main, state.format, name)
        values = await self.frame(request, project, "overview")
        quiet = isinstance(shown, Quiet)
        values |= {
            "view": state,
            "quiet": shown if quiet else None,
            "overview": None if quiet else shown,
            "window": shown.window,
            "interval": shown.interval,
            "explanation": explanation(state, shown),
            "notes": notes(state, shown.interval),
            "days": formats.days(shown.window.start, shown.window.end, shown.window.today),
            "choices": {} if isinstance(shown, Quiet) else shown.shares,
            "kept": [pair for pair in parameters.multi_items() if pair[0] in KEPT],
            "ranges": view.RANGES,
            "intervals": view.INTERVALS,
            "comparisons": view.COMPARISONS,
            "dimensions": view.DIMENSIONS,
            "bar": frozenset({"interval", "compare", "breakdown"}),
            "here": f"overview{state.url(format=None)}",
            "suggested": "Active installs",
        }
        return self.templates.page("overview.html", values)

    def pinned(self, request: Request) -> Response:
        """The date form sends two fields; the address that they mean holds one range."""
        given = request.query_params
        state = view.parse(p for p in given.multi_items() if p[0] not in ("from", "to", "range"))
        wanted = f"{given.get('from', '')}..{given.get('to', '')}"
        if view.pinned(wanted) is None:
            wanted = f"{given.get('to', '')}..{given.get('from', '')}"
        if view.pinned(wanted) is None:
            return RedirectResponse(f"{request.url.path}?range={quote(wanted, safe='.')}", 303)
        return RedirectResponse(request.url.path + state.url(range=wanted), 303)

    async def setup(self, request: Request) -> Response:
        """`/p/{project}/setup`: key, snippet, and a wait for the first event."""
        project = await self.project(request)
        now = self.services.clock()
        keys = await run_in_threadpool(self.services.accounts.write_keys, project)
        values = await self.frame(request, project, "setup")
        values |= {
            "keys": [key for key in keys if not key.revoked],
            "last": await latest(self.services.insights, project, now),
            "endpoint": self.base_url(request),
            "opt_out": re.sub(r"[^A-Z0-9]", "_", project.name.upper()) + "_DISABLE_USAGE_LOGGING",
            "fields": FIELDS,
        }
        return self.templates.page("setup.html", values)

    async def setup_status(self, request: Request) -> Response:
        """204 while nothing has come; then a word to htmx to open the overview."""
        project = await self.project(request)
        if await latest(self.services.insights, project, self.services.clock()) is None:
            return Response(status_code=204)
        return Response(status_code=200, headers={"hx-redirect": address(project, "overview")})


KEPT = ("breakdown", "compare", "event", "filter", "interval")


def notes(state: View, interval: str) -> list[str]:
    """What of the address this page could not do."""
    told = list(state.notes)
    if state.interval not in (None, interval):
        asked, given = (view.INTERVALS[name].lower() for name in (str(state.interval), interval))
        told.append(f"These days can't be shown {asked}; they are shown {given}.")
    return told


def explanation(state: View, shown: Overview | Quiet) -> str:
    """The line under the title: what is compared, who is counted, what came today."""
    words = []
    window = shown.window
    if window.young:
        words.append("Figures cover today so far; changes appear with the first complete day.")
    elif state.compare == "previous":
        length = "day" if window.days == 1 else f"{window.days} days"
        words.append(f"Change is against the {length} before.")
    elif state.compare == "year":
        words.append("Change is against the same days a year before.")
    if state.excludes_ci:
        words.append("CI runs are left out.")
    if isinstance(shown, Overview) and window.running:
        calls = "call" if shown.today == 1 else "calls"
        words.append(f"Today so far: {formats.count(shown.today)} {calls}.")
    return " ".join(words)
