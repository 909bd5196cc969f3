"""`GET /api/v1/projects/{p}/live`: what arrives, as server-sent events."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from footfall_server.api.access import Access
from footfall_server.live import parse_view, stream
from footfall_server.services import Services


class LiveApi:
    """The handler, over what the server has."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._access = Access(services)

    def routes(self) -> list[Route]:
        return [Route("/projects/{project}/live", self.live, methods=["GET"])]

    async def live(self, request: Request) -> Response:
        """Accepted and refused events as they arrive; `event`, `status`, `recent`."""
        project = await self._access.project(request)
        view = parse_view(dict(request.query_params))
        services = self._services
        live = services.pipeline.live
        listener = live.listen(project.id, recent=view.recent)
        return StreamingResponse(
            stream(live, services.policies, project, view, listener),
            media_type="text/event-stream",
            headers={"cache-control": "no-store", "x-accel-buffering": "no"},
        )
