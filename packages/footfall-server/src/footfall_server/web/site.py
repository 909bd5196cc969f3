"""What all pages share: who asks, which project, and the shell around the content."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from footfall_server.model.errors import Forbidden, NotFound
from footfall_server.model.project import Project
from footfall_server.model.visitor import MACHINE, Role, Visitor
from footfall_server.web.gate import visitor
from footfall_server.web.render import Templates
from footfall_server.web.services import Services

Handler = Callable[[Request], Awaitable[Response]]
Served = tuple[str, Handler, tuple[str, ...]]
"""A path, what answers it, and the methods."""


NAVIGATION = (
    (
        "",
        (
            ("overview", "overview", "Overview"),
            ("live", "live", "Live"),
            ("boards", "board", "Boards"),
        ),
    ),
    (
        "Insights",
        (
            ("trends", "trend", "Trends"),
            ("funnels", "funnel", "Funnels"),
            ("retention", "retention", "Retention"),
            ("flows", "flow", "Flows"),
            ("lifecycle", "cycle", "Lifecycle"),
            ("cohorts", "compare", "Cohorts"),
        ),
    ),
    (
        "Library",
        (
            ("events", "event", "Events"),
            ("releases", "release", "Release health"),
            ("support", "matrix", "Support matrix"),
            ("exceptions", "alert", "Exceptions"),
            ("annotations", "calendar", "Releases and notes"),
            ("installs", "lock", "Installs"),
            ("schema", "filter", "Schema"),
            ("rejected", "x", "Rejected"),
            ("review", "check", "Privacy review"),
        ),
    ),
    (
        "Share",
        (("public", "public", "Transparency page"), ("traction", "report", "Funder report")),
    ),
)
"""The sidebar's groups: path, icon and text of each page."""


class Site:
    """The base of every group of pages."""

    def __init__(self, services: Services, templates: Templates) -> None:
        self.services = services
        self.templates = templates

    def routes(self) -> list[Served]:
        raise NotImplementedError

    def base_url(self, request: Request) -> str:
        """Where clients reach this server, without a slash at the end."""
        return (self.services.base_url or str(request.base_url)).rstrip("/")

    async def project(self, request: Request, role: Role = "viewer") -> Project:
        """The project in the path, for a visitor who has the role in it.

        Raises NotFound for a project that isn't theirs to see, Forbidden ROLE_NEEDED.
        """
        name, who = request.path_params["project"], visitor(request)
        unseen = NotFound("NO_SUCH_PROJECT", f"There is no project {name!r} that you can see.")
        try:
            found = await run_in_threadpool(self.services.accounts.project, name)
        except NotFound:
            raise unseen from None
        if not who.may(found.id):
            raise unseen
        if not who.may(found.id, role):
            raise Forbidden(
                "ROLE_NEEDED",
                f"This needs the role {role}; yours is {who.role(found.id)}. An owner of the "
                "project can change it.",
            )
        return found

    async def visible(self, request: Request) -> list[Project]:
        """The projects that the visitor may see, by name."""
        who = visitor(request)
        found = await run_in_threadpool(self.services.accounts.projects)
        return sorted(
            (project for project in found if who.may(project.id)), key=lambda one: one.name
        )

    def around(self, request: Request) -> dict[str, Any]:
        """What every page needs: who looks, and what its forms carry."""
        who: Visitor = request.scope.get("footfall.visitor", Visitor(""))
        return {
            "visitor": who,
            "open_to_machine": who is MACHINE,
            "form_token": request.scope.get("footfall.form_token", ""),
        }

    async def frame(self, request: Request, project: Project, page: str) -> dict[str, Any]:
        """What the shell around a project's page needs."""
        boards = await run_in_threadpool(self.services.documents.all, project, "boards")
        return {
            **self.around(request),
            "project": project,
            "boards": boards,
            "projects": await self.visible(request),
            "page": page,
            "navigation": NAVIGATION,
            "role": visitor(request).role(project.id),
            "now": self.services.clock(),
        }

    async def happenings(self, project: Project) -> list[tuple[date, str]]:
        """The days of a project's releases and notes, with what to call each."""
        found = await run_in_threadpool(self.services.documents.all, project, "annotations")
        return [
            (date.fromisoformat(one.body["date"]), str(one.body.get("version") or one.name))
            for one in found
        ]

    async def note(
        self, request: Request, action: str, project: Project | None, subject: str = ""
    ) -> None:
        """Write down who did something."""
        who = visitor(request).name
        await run_in_threadpool(self.services.audit.note, who, action, project, subject)


def address(project: Project, page: str) -> str:
    return f"/p/{quote(project.name, safe='')}/{page}"


def moved(request: Request, to: str) -> Response:
    """Send a reader on; htmx would put the other page inside this one, so it is told to go."""
    if "hx-request" in request.headers:
        return Response(status_code=200, headers={"hx-redirect": to})
    return RedirectResponse(to, 303)
