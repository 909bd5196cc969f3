"""`/api/v1`: questions and their answers, for programs with a bearer token."""

from __future__ import annotations

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from footfall_server.api.access import Access, read_body
from footfall_server.api.forms import FORMS
from footfall_server.api.negotiation import chosen
from footfall_server.api.openapi import document
from footfall_server.declared import beside_manifest
from footfall_server.insights import parse, schema
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
            Route("/projects", self.projects, methods=["GET"]),
            Route("/projects/{project}/query", self.query, methods=["POST"]),
            Route("/projects/{project}/events", self.events, methods=["GET"]),
            Route("/projects/{project}/schema", self.schema, methods=["GET"]),
        ]

    async def openapi(self, request: Request) -> Response:
        return Response(document(self._services.base_url), media_type="application/json")

    async def projects(self, request: Request) -> Response:
        """The project that the token opens: for clients that know nothing but their token."""
        found = await self._access.opened(request)
        row = {
            "project": found.project.name,
            "timezone": found.project.timezone,
            "version_property": found.project.version_property,
            "scope": found.scope,
        }
        return Response(msgspec.json.encode({"rows": [row]}), media_type="application/json")

    async def query(self, request: Request) -> Response:
        """A query's result. `?consistent=1` waits for all that was acknowledged before."""
        project = await self._access.project(request, "read")
        form = chosen(request.headers.get("accept", ""), list(FORMS))
        query = parse(await read_body(request, MAX_QUERY))
        await self._consistent(request)
        result = await self._services.insights.run(project, query, self._services.clock())
        await self._services.insights.check_events(project, query)
        body = await run_in_threadpool(FORMS[form], result)
        return Response(body, media_type=form, headers={"vary": "accept"})

    async def events(self, request: Request) -> Response:
        """The newest events, deduplicated, with their properties as they were sent."""
        grant = await self._access.grant(request)
        project = grant.project
        if install := request.query_params.get("install"):
            note, who = self._services.audit.note, f"token {grant.name}"
            # By its beginning: the log must not keep what may be erased.
            await run_in_threadpool(note, who, "install.view", project, f"{install[:8]}…")
        await self._consistent(request)
        page = await events(self._services.store, project, dict(request.query_params))
        return Response(page, media_type="application/json")

    async def schema(self, request: Request) -> Response:
        """Events and properties as they were sent of late."""
        project = await self._access.project(request)
        within = schema.parse(project, dict(request.query_params), self._services.clock())
        await self._consistent(request)
        found = await schema.schema(self._services.store, project, within)
        found = await run_in_threadpool(beside_manifest, found, self._services.documents, project)
        return Response(msgspec.json.encode(found), media_type="application/json")

    async def _consistent(self, request: Request) -> None:
        if request.query_params.get("consistent", "0") not in ("0", "", "false"):
            await self._services.visible()
