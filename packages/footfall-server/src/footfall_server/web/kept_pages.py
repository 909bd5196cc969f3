"""What a project keeps beside its events: releases and notes, cohorts."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from footfall_server.accounts import Document
from footfall_server.insights import cohorts as cohort_types
from footfall_server.model.errors import FootfallError, Unprocessable
from footfall_server.model.project import Project
from footfall_server.web import forms
from footfall_server.web.forms import Form
from footfall_server.web.site import Served, Site, address

ANNOTATIONS, COHORTS = "annotations", "cohorts"
MOST_BEHAVIOURS = 5


class KeptPages(Site):
    """`/p/{project}/annotations` and `/p/{project}/cohorts`."""

    def routes(self) -> list[Served]:
        return [
            ("/p/{project}/annotations", self.annotations, ("GET", "POST")),
            ("/p/{project}/cohorts", self.cohorts, ("GET", "POST")),
        ]

    async def annotations(self, request: Request) -> Response:
        """Days on which something happened: drawn as rules in charts over time."""
        return await self._page(request, ANNOTATIONS, self._annotation)

    async def cohorts(self, request: Request) -> Response:
        """Installs by what they did of late, known to every report by a name."""
        return await self._page(request, COHORTS, self._cohort)

    async def _page(self, request: Request, kind: str, read: Any) -> Response:
        project, problem, form = await self.project(request), "", Form([])
        if request.method == "POST":
            await self.project(request, "editor")
            form = await forms.read(request)
            try:
                await run_in_threadpool(self._keep, project, kind, form, read)
            except FootfallError as error:
                problem = error.message
            else:
                return RedirectResponse(address(project, kind), 303)
        documents = await run_in_threadpool(self.services.documents.all, project, kind)
        values = await self.frame(request, project, kind)
        values |= {"problem": problem, "form": form, "rows": documents}
        if kind == COHORTS:
            sizes = await asyncio.gather(*(self._size(project, one) for one in documents[:50]))
            values |= {
                "sizes": dict(zip([one.id for one in documents], sizes, strict=False)),
                "events": await self._events(project),
                "places": range(MOST_BEHAVIOURS),
            }
        else:
            values["rows"] = sorted(documents, key=lambda one: one.body["date"], reverse=True)
        return self.templates.page(f"{kind}.html", values, 422 if problem else 200)

    def _keep(self, project: Project, kind: str, form: Form, read: Any) -> None:
        if form.text("do") == "delete":
            self.services.documents.delete(project, kind, form.text("id"))
            return
        name, body = read(form)
        self.services.documents.create(project, kind, name, body)

    def _annotation(self, form: Form) -> tuple[str, dict[str, Any]]:
        text = form.needed("date", "A day")
        try:
            day = date.fromisoformat(text)
        except ValueError:
            raise Unprocessable("INVALID_DATE", f"{text!r} isn't a day.", path="/date") from None
        version = form.text("version")
        name = form.text("name") or version
        if not name:
            raise Unprocessable("MISSING_FIELD", "A version or a few words are needed.")
        kind = "release" if version else "note"
        body = {"date": day.isoformat(), "kind": kind, "version": version or None}
        return name, {**body, "description": ""}

    def _cohort(self, form: Form) -> tuple[str, dict[str, Any]]:
        name, behaviours = form.needed("name", "A name"), []
        fields = zip(form.every("event"), form.every("at_least"), form.every("days"), strict=False)
        for event, at_least, days in fields:
            if not at_least.strip().isdecimal() or not days.strip().isdecimal():
                continue
            behaviours.append(
                {"event": event.strip() or None, "at_least": int(at_least), "days": int(days)}
            )
        if not behaviours:
            raise Unprocessable("MISSING_FIELD", "Say what the installs did, how often and when.")
        body = {"any" if form.text("which") == "any" else "all": behaviours}
        cohort_types.definition(name, body)
        return name, body

    async def _size(self, project: Project, cohort: Document) -> int | None:
        try:
            return await self.services.insights.cohort_size(
                project, {"name": cohort.name, **cohort.body}, self.services.clock()
            )
        except FootfallError:
            return None

    async def _events(self, project: Project) -> list[str]:
        now = self.services.clock()
        query = {
            "report": "events_table",
            "from": now.date().replace(year=now.year - 1, day=1).isoformat(),
            "to": now.date().isoformat(),
        }
        try:
            result = await self.services.insights.run(project, query, now)
        except FootfallError:
            return []
        return [str(row["event"]) for row in result.rows[:500]]
