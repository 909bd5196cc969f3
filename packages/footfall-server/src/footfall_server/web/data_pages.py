"""What an owner decides about the data: how long it stays, what is kept of an install, where it
goes beside this server."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import cast

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from footfall_server.accounts import Document
from footfall_server.automation.destinations.document import KIND, Destination, check
from footfall_server.model.errors import FootfallError, Unprocessable
from footfall_server.model.privacy import Privacy
from footfall_server.model.project import Project
from footfall_server.policies import SETTINGS, privacy_of
from footfall_server.services import Services as Server
from footfall_server.web import forms
from footfall_server.web.forms import Form
from footfall_server.web.site import Served, Site, address

IDENTITIES = {
    "install": "Its id, as it was sent",
    "daily": "One that stands for it until the day ends (UTC)",
    "none": "Nothing",
}
TYPES = {
    "webhook": "Webhook",
    "segment": "Segment",
    "posthog": "PostHog",
    "files": "Files on this server",
    "s3": "S3 or compatible",
}
_Change = Callable[[Request, Project, Form], Awaitable[None]]


class DataPages(Site):
    """`/p/{project}/data`."""

    @property
    def server(self) -> Server:
        """This page works on what the whole server has."""
        return cast(Server, self.services)

    def routes(self) -> list[Served]:
        return [("/p/{project}/data", self.data, ("GET", "POST"))]

    async def data(self, request: Request) -> Response:
        """Privacy and destinations; a POST changes one thing."""
        project = await self.project(request, "owner")
        problem, form = "", Form([])
        if request.method == "POST":
            form = await forms.read(request)
            try:
                change = forms.chosen(form, self._changes())
                await change(request, project, form)
            except FootfallError as error:
                problem = error.message
            else:
                return RedirectResponse(address(project, "data"), 303)
        documents = self.services.documents
        settings = await run_in_threadpool(documents.only, project, SETTINGS)
        kept = await run_in_threadpool(documents.all, project, KIND)
        states = await asyncio.gather(
            *(run_in_threadpool(self.server.forwarding.state, one.id) for one in kept)
        )
        values = await self.frame(request, project, "data")
        values |= {
            "privacy": privacy_of(settings),
            "identities": IDENTITIES,
            "types": TYPES,
            "rows": list(zip(kept, states, strict=True)),
            "form": form,
            "problem": problem,
        }
        return self.templates.page("data.html", values, 422 if problem else 200)

    def _changes(self) -> dict[str, _Change]:
        return {
            "privacy": self._privacy,
            "destination.create": self._create,
            "destination.enable": self._switch,
            "destination.disable": self._switch,
            "destination.delete": self._delete,
        }

    async def _privacy(self, request: Request, project: Project, form: Form) -> None:
        """What the form doesn't show (the dropped properties) stays."""
        days = form.text("events_days")
        if days and not days.isdecimal():
            raise Unprocessable("INVALID_PRIVACY", "Days are a whole number, or empty: for ever.")
        await run_in_threadpool(self._keep, project, int(days[:9]) if days else None, form)
        self.server.policies.forget()
        kept = f"{days} days" if days else "for ever"
        await self.note(request, "privacy.change", project, f"events are kept {kept}")

    def _keep(self, project: Project, days: int | None, form: Form) -> None:
        documents = self.services.documents
        settings = documents.only(project, SETTINGS) or {}
        wanted = msgspec.to_builtins(privacy_of(settings))
        wanted |= {"events_days": days, "identity": form.text("identity")}
        try:
            settings["privacy"] = msgspec.to_builtins(msgspec.convert(wanted, Privacy))
        except msgspec.ValidationError as error:
            raise Unprocessable("INVALID_PRIVACY", f"This can't be kept: {error}.") from None
        documents.put_only(project, SETTINGS, settings)

    async def _create(self, request: Request, project: Project, form: Form) -> None:
        given = {
            name: form.text(name)
            for name in ("name", "type", "url", "secret", "access_key", "region")
            if form.text(name)
        }
        try:
            wanted = msgspec.convert(given, Destination)
        except msgspec.ValidationError as error:
            raise Unprocessable("INVALID_DESTINATION", f"This can't be kept: {error}.") from None
        await run_in_threadpool(self._made, project, wanted)
        await self.note(request, "destination.create", project, wanted.name)

    def _made(self, project: Project, wanted: Destination) -> None:
        check(wanted)
        body = msgspec.to_builtins(wanted)
        name = body.pop("name")
        self.services.documents.create(project, KIND, name, body)

    async def _found(self, project: Project, form: Form) -> Document:
        return await run_in_threadpool(self.services.documents.get, project, KIND, form.text("id"))

    async def _switch(self, request: Request, project: Project, form: Form) -> None:
        found = await self._found(project, form)
        body = {**found.body, "enabled": form.text("do") == "destination.enable"}
        await run_in_threadpool(
            self.services.documents.replace, project, KIND, found.id, found.name, body
        )
        await self.note(request, form.text("do"), project, found.name)

    async def _delete(self, request: Request, project: Project, form: Form) -> None:
        found = await self._found(project, form)
        await run_in_threadpool(self.services.documents.delete, project, KIND, found.id)
        await self.note(request, "destination.delete", project, found.name)
