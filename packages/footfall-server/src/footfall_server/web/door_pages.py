"""What comes to the door: live, what it refused, and what was declared of it."""

from __future__ import annotations

import json
from typing import Any, cast

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from footfall_server import live
from footfall_server.declared import beside_manifest
from footfall_server.model.errors import FootfallError, Unprocessable
from footfall_server.model.manifest import parse_manifest
from footfall_server.model.reason import MESSAGES, Reason
from footfall_server.policies import MANIFEST
from footfall_server.rejected import RejectedStore, Selection
from footfall_server.services import Services as Server
from footfall_server.web import forms
from footfall_server.web.site import Served, Site, address

MODES = {
    "observe": "Observe: take everything",
    "warn": "Warn: take it, count and show what isn’t declared",
    "enforce": "Enforce: refuse what isn’t declared",
}


class DoorPages(Site):
    """`live`, `rejected` and `schema` of a project."""

    @property
    def server(self) -> Server:
        """These pages work on what the whole server has."""
        return cast(Server, self.services)

    def routes(self) -> list[Served]:
        return [
            ("/p/{project}/live", self.live, ("GET",)),
            ("/p/{project}/live/stream", self.stream, ("GET",)),
            ("/p/{project}/rejected", self.rejected, ("GET", "POST")),
            ("/p/{project}/schema", self.schema, ("GET", "POST")),
        ]

    async def live(self, request: Request) -> Response:
        """The page; its stream follows by itself."""
        project = await self.project(request)
        shown = request.query_params.get("show", "")
        shown = shown if shown in ("accepted", "rejected") else ""
        event = request.query_params.get("event", "").strip()[:200]
        values = await self.frame(request, project, "live")
        values |= {"shown": shown, "event": event}
        return self.templates.page("live.html", values)

    async def stream(self, request: Request) -> Response:
        """What arrives, as server-sent events; see `footfall_server.live`."""
        project = await self.project(request)
        view = live.parse_view(dict(request.query_params))
        source = self.server.pipeline.live
        listener = source.listen(project.id, recent=view.recent)
        return StreamingResponse(
            live.stream(source, self.server.policies, project, view, listener),
            media_type="text/event-stream",
            headers={"cache-control": "no-store", "x-accel-buffering": "no"},
        )

    async def rejected(self, request: Request) -> Response:
        """What was refused, by reason; a POST lets it walk the door's steps again."""
        project = await self.project(request)
        store, problem = RejectedStore(self.server), ""
        done: dict[str, Any] | None = None
        if request.method == "POST":
            await self.project(request, "editor")
            form = await forms.read(request)
            ids = form.every("id") or None
            selection = Selection(ids=ids, reason=None if ids else form.text("reason") or None)
            try:
                done = (await store.replay(project, selection)).document()
            except FootfallError as error:
                problem = error.message
            await self.note(request, "rejected.replay", project, form.text("reason") or "all")
        given = {
            name: request.query_params[name]
            for name in ("reason", "cursor")
            if request.query_params.get(name)
        }
        page = await store.page(project, {**given, "limit": "50"})
        values = await self.frame(request, project, "rejected")
        values |= {
            "rows": page["rows"],
            "cursor": page["cursor"],
            "reason": given.get("reason", ""),
            "reasons": {str(one): MESSAGES.get(one, "") for one in Reason},
            "done": done,
            "problem": problem,
        }
        return self.templates.page("rejected.html", values, 422 if problem else 200)

    async def schema(self, request: Request) -> Response:
        """What was sent, beside what is declared; a POST changes the manifest or its mode."""
        project = await self.project(request)
        problem = ""
        if request.method == "POST":
            await self.project(request, "owner")
            form = await forms.read(request)
            try:
                await run_in_threadpool(self._declare, project, form)
            except FootfallError as error:
                problem = error.message
            else:
                self.server.policies.forget()
                await self.note(request, "manifest.change", project, form.text("mode"))
                return RedirectResponse(address(project, "schema"), 303)
        found = await self.services.insights.schema(project, self.services.clock())
        documents = self.services.documents
        found = await run_in_threadpool(beside_manifest, found, documents, project)
        saved = await run_in_threadpool(documents.only, project, MANIFEST)
        values = await self.frame(request, project, "schema")
        values |= {
            "schema": found,
            "saved": saved,
            "modes": MODES,
            "text": json.dumps(saved["manifest"], indent=2, ensure_ascii=False) if saved else "",
            "problem": problem,
        }
        return self.templates.page("schema.html", values, 422 if problem else 200)

    def _declare(self, project: Any, form: forms.Form) -> None:
        documents = self.services.documents
        if form.text("do") == "forget":
            documents.delete_only(project, MANIFEST)
            return
        mode, text = form.text("mode"), form.text("manifest")
        try:
            manifest = msgspec.json.decode(text.encode())
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Unprocessable("MALFORMED_JSON", f"The manifest isn't JSON: {error}.") from None
        _, body = parse_manifest(msgspec.json.encode({"mode": mode, "manifest": manifest}))
        documents.put_only(project, MANIFEST, body)
