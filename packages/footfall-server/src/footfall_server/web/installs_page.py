"""The history of one install, and its erasure."""

from __future__ import annotations

from typing import Any, cast

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from footfall_server.accounts import Receipt
from footfall_server.erasing import request_erasure
from footfall_server.model.errors import FootfallError
from footfall_server.model.project import Project
from footfall_server.services import Services as Server
from footfall_server.web import forms
from footfall_server.web.site import Served, Site, address

STATES = {"waiting": "waits for its turn", "running": "is being done", "done": "done"}
RECEIPTS = 20


class InstallsPage(Site):
    """`/p/{project}/installs`: the history of one anonymous id; who looked is written down.

    An owner may have all of it erased; the receipt has an address of its own.
    """

    @property
    def server(self) -> Server:
        """Erasing needs what the whole server has."""
        return cast(Server, self.services)

    def routes(self) -> list[Served]:
        return [
            ("/p/{project}/installs", self.show, ("GET", "POST")),
            ("/p/{project}/installs/erased/{receipt}", self.receipt, ("GET",)),
        ]

    async def show(self, request: Request) -> Response:
        """The history; a POST, an owner's, asks for the erasure and leads to its receipt."""
        project, problem = await self.project(request), ""
        install = request.query_params.get("install", "").strip()[:200]
        if request.method == "POST":
            await self.project(request, "owner")
            form = await forms.read(request)
            install = form.text("install")
            try:
                made = await request_erasure(
                    self.server, project.id, [install], "page", form.text("block") == "1"
                )
            except FootfallError as error:
                problem = error.message
            else:
                await self.note(request, "erase", project, made.id)
                return RedirectResponse(address(project, f"installs/erased/{made.id}"), 303)
        rows: list[dict[str, Any]] = []
        cursor = None
        if install and not problem:
            parameters = {"install": install, "limit": "100"}
            if given := request.query_params.get("cursor"):
                parameters["cursor"] = given
            found = await self.services.insights.events(project, parameters)
            rows, cursor = found["rows"], found["cursor"]
            # The log names the install by its beginning: it must not keep what may be erased.
            await self.note(request, "install.view", project, f"{install[:8]}…")
        values = await self.frame(request, project, "installs")
        values |= {"install": install, "rows": rows, "cursor": cursor, "problem": problem}
        values["receipts"] = await self._receipts(project) if values["role"] == "owner" else []
        page = self.templates.page("installs.html", values, 422 if problem else 200)
        page.headers["cache-control"] = "no-store"
        return page

    async def _receipts(self, project: Project) -> list[dict[str, Any]]:
        found = await run_in_threadpool(self.server.eraser.erasures.all, project)
        return [_shown(one) for one in found[:RECEIPTS]]

    async def receipt(self, request: Request) -> Response:
        """How far an erasure is, place by place. Nothing on it tells an install."""
        project = await self.project(request, "owner")
        id_ = request.path_params["receipt"]
        found = await run_in_threadpool(self.server.eraser.erasures.get, id_, project)
        values = await self.frame(request, project, "installs")
        values["receipt"] = _shown(found)
        page = self.templates.page("erased.html", values)
        page.headers["cache-control"] = "no-store"
        return page


def _shown(receipt: Receipt) -> dict[str, Any]:
    places = {
        name: {**place, "words": STATES.get(place.get("state", ""), place.get("state", ""))}
        for name, place in receipt.places.items()
    }
    shown = {"problem": "", **receipt.shown()}
    return shown | {"places": places, "words": STATES.get(receipt.state, receipt.state)}
