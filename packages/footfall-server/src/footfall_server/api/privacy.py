"""`/api/v1/projects/{p}/privacy`: how long a project's events are kept."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from footfall_server.api.access import Access, read_body
from footfall_server.api.bodies import decoded
from footfall_server.model.privacy import Privacy
from footfall_server.model.project import Project
from footfall_server.policies import SETTINGS, privacy_of
from footfall_server.privacy.retention import events_before
from footfall_server.services import Services

_MAX_BODY = 16 * 1024


class PrivacyApi:
    """The handlers, over what the server has."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._access = Access(services)

    def routes(self) -> list[Route]:
        return [Route("/projects/{project}/privacy", self.privacy, methods=["GET", "PUT"])]

    async def privacy(self, request: Request) -> Response:
        """What holds, the receipt of the oldest event that is kept, and how many are overdue.

        What a PUT leaves out is as it is by default.
        """
        writes = request.method == "PUT"
        grant = await self._access.grant(request, "admin" if writes else None)
        project = grant.project
        if writes:
            wanted = decoded(
                await read_body(request, _MAX_BODY), Privacy, "INVALID_PRIVACY",
                malformed="INVALID_JSON",
            )  # fmt: skip
            await run_in_threadpool(self._keep, project, wanted, f"token {grant.name}")
            self._services.policies.forget()
        return Response(
            msgspec.json.encode(await run_in_threadpool(self._shown, project)),
            media_type="application/json",
        )

    def _keep(self, project: Project, wanted: Privacy, actor: str) -> None:
        settings = self._services.documents.only(project, SETTINGS) or {}
        settings["privacy"] = msgspec.to_builtins(wanted)
        self._services.documents.put_only(project, SETTINGS, settings)
        days = "for ever" if wanted.events_days is None else f"{wanted.events_days} days"
        self._services.audit.note(actor, "privacy.change", project, f"events are kept {days}")

    def _shown(self, project: Project) -> dict[str, Any]:
        held = privacy_of(self._services.documents.only(project, SETTINGS))
        before = events_before(self._services.clock(), held.events_days)
        oldest, overdue = self._services.store.age_of_events(project.id, before)
        return {
            **msgspec.to_builtins(held),
            "deleted_before": before,
            "oldest_received_at": oldest,
            "overdue_events": overdue,
        }
