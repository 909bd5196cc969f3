"""`/api/v1/projects/{p}/rejected`: what the door refused, and trying it again."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from footfall_server.api.access import Access, read_body
from footfall_server.rejected import RejectedStore, read_selection
from footfall_server.services import Services

_MAX_BODY = 1024 * 1024


class RejectedApi:
    """The handlers, over what the server has."""

    def __init__(self, services: Services) -> None:
        self._rejected = RejectedStore(services)
        self._access = Access(services)

    def routes(self) -> list[Route]:
        path = "/projects/{project}/rejected"
        return [
            Route(path, self.every, methods=["GET"]),
            Route(f"{path}/replay", self.replay, methods=["POST"]),
            Route(f"{path}/{{id}}", self.one, methods=["GET"]),
        ]

    async def every(self, request: Request) -> Response:
        """Newest first; `reason`, `limit`, `cursor`."""
        project = await self._access.project(request)
        return _json(await self._rejected.page(project, dict(request.query_params)))

    async def one(self, request: Request) -> Response:
        project = await self._access.project(request)
        return _json(await self._rejected.one(project, request.path_params["id"]))

    async def replay(self, request: Request) -> Response:
        """Try these again: `{"ids": […]}`, `{"reason": …}`, or `{}` for all."""
        project = await self._access.project(request)
        selection = read_selection(await read_body(request, _MAX_BODY))
        return _json((await self._rejected.replay(project, selection)).document())


def _json(body: dict[str, Any]) -> Response:
    return Response(msgspec.json.encode(body), media_type="application/json")
