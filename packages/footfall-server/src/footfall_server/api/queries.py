"""`/api/v1`: questions and their answers, for programs with a bearer token."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from footfall_server.api.access import Access, read_body
from footfall_server.api.openapi import document
from footfall_server.insights import parse
from footfall_server.insights.listing import events
from footfall_server.services import Services

MAX_QUERY = 256 * 1024


class QueryApi:
    """The handlers, over what the server has."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._access = Access(services)

    def routes(self) -> list[Route]:
        return [
            Route("/openapi.json", self.openapi, methods=["GET"]),
            Route("/projects/{project}/query", self.query, methods=["POST"]),
            Route("/projects/{project}/events", self.events, methods=["GET"]),
        ]

    async def openapi(self, request: Request) -> Response:
        return Response(document(self._services.base_url), media_type="application/json")

    async def query(self, request: Request) -> Response:
        """A query's result. `?consistent=1` waits for all that was acknowledged before."""
        project = await self._access.project(request, "read")
        query = parse(await read_body(request, MAX_QUERY))
        await self._consistent(request)
        result = await self._services.insights.run(project, query, self._services.clock())
        return Response(result.to_json(), media_type="application/json")

    async def events(self, request: Request) -> Response:
        """The newest events, deduplicated, with their properties as they were sent."""
        project = await self._access.project(request)
        await self._consistent(request)
        page = await events(self._services.store, project, dict(request.query_params))
        return Response(page, media_type="application/json")

    async def _consistent(self, request: Request) -> None:
        if request.query_params.get("consistent", "0") not in ("0", "", "false"):
            await self._services.visible()
