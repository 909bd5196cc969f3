"""`/api/v1/projects/{p}/alerts/{id}/state`: what an alert last found. Alerts are documents."""

from __future__ import annotations

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from footfall_server.api.access import Access
from footfall_server.automation.alerts import KIND
from footfall_server.services import Services


class AlertApi:
    """The handler, over what the server has."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._access = Access(services)

    def routes(self) -> list[Route]:
        return [Route(f"/projects/{{project}}/{KIND}/{{id}}/state", self.state, methods=["GET"])]

    async def state(self, request: Request) -> Response:
        """Whether it fires and since when, the row that fired, why it couldn't be asked or told."""
        project = await self._access.project(request)
        id_ = request.path_params["id"]
        await run_in_threadpool(self._services.documents.get, project, KIND, id_)
        found = await run_in_threadpool(self._services.alerts.state, project, id_)
        return Response(msgspec.json.encode(found), media_type="application/json")
