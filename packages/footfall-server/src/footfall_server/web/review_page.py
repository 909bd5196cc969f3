"""`/p/{project}/review`: risky properties, to be dropped at the door and out of what came."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import cast

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from footfall_server.model.errors import FootfallError, Unprocessable
from footfall_server.model.project import Project
from footfall_server.policies import SETTINGS, privacy_of
from footfall_server.privacy.review import review
from footfall_server.services import Services as Server
from footfall_server.web import forms
from footfall_server.web.site import Served, Site, address

NEWEST = 1_000


class ReviewPage(Site):
    """For owners: it shows what people's machines sent."""

    @property
    def server(self) -> Server:
        """This page works on what the whole server has."""
        return cast(Server, self.services)

    def routes(self) -> list[Served]:
        return [("/p/{project}/review", self.review, ("GET", "POST"))]

    async def review(self, request: Request) -> Response:
        project = await self.project(request, "owner")
        problem = ""
        if request.method == "POST":
            form = await forms.read(request)
            try:
                await self._change(request, project, form)
            except FootfallError as error:
                problem = error.message
            else:
                return RedirectResponse(address(project, "review"), 303)
        settings = await run_in_threadpool(self.services.documents.only, project, SETTINGS)
        dropped = privacy_of(settings).dropped
        schema, page = await asyncio.gather(
            self.services.insights.schema(project, self.services.clock()),
            self.services.insights.events(project, {"limit": str(NEWEST)}),
        )
        newest = [row["properties"] for row in page["rows"]]
        values = await self.frame(request, project, "review")
        values |= {
            "findings": review(schema, newest, dropped),
            "dropped": dropped,
            "looked": len(newest),
            "problem": problem,
        }
        response = self.templates.page("review.html", values, 422 if problem else 200)
        response.headers["cache-control"] = "no-store"
        return response

    async def _change(self, request: Request, project: Project, form: forms.Form) -> None:
        name = form.needed("name", "A property")
        if len(name) > 200:
            raise Unprocessable("INVALID_NAME", "A property's name has at most 200 characters.")
        if form.text("do") == "keep":
            await run_in_threadpool(self._drop, project, name, False)
            await self.note(request, "property.keep", project, json.dumps(name))
            return
        await run_in_threadpool(self._drop, project, name, True)
        await self.note(request, "property.drop", project, json.dumps(name))
        await asyncio.to_thread(self._erase, project, [name])

    def _drop(self, project: Project, name: str, dropped: bool) -> None:
        documents = self.services.documents
        settings = documents.only(project, SETTINGS) or {}
        held = privacy_of(settings)
        names = dict.fromkeys(held.dropped)
        if dropped:
            names[name] = None
        else:
            names.pop(name, None)
        changed = msgspec.structs.replace(held, dropped=tuple(names))
        documents.put_only(project, SETTINGS, {**settings, "privacy": msgspec.to_builtins(changed)})
        self.server.policies.forget()

    def _erase(self, project: Project, names: Sequence[str]) -> None:
        """Out of what came, once the door of every process drops it and the journals are empty."""
        store, drain = self.server.store, self.server.drain
        drain.wait_all(60.0)
        eraser = store.eraser()
        eraser.properties(project.id, names)
        store.changed(project.id)
        eraser.purge("events")
