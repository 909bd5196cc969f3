"""`/api/v1/projects/{p}/manifest` and `/limits`: what a project allows at the door."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from footfall_server.accounts import Documents
from footfall_server.api.access import Access, read_body
from footfall_server.api.bodies import decoded
from footfall_server.ingest.policy import Limits
from footfall_server.model.errors import NotFound
from footfall_server.model.manifest import parse_manifest
from footfall_server.model.project import Project
from footfall_server.policies import MANIFEST, SETTINGS, limits_of
from footfall_server.services import Services

_MAX_BODY = 256 * 1024


class PolicyApi:
    """The handlers, over what the server has."""

    def __init__(self, services: Services) -> None:
        self._documents = Documents(services.accounts)
        self._policies = services.policies
        self._access = Access(services)

    def routes(self) -> list[Route]:
        path = "/projects/{project}"
        return [
            Route(f"{path}/manifest", self.manifest, methods=["GET", "PUT", "DELETE"]),
            Route(f"{path}/limits", self.limits, methods=["GET", "PUT"]),
        ]

    async def manifest(self, request: Request) -> Response:
        """`{"mode": "observe|warn|enforce", "manifest": …}`; a change holds at once."""
        project = await self._access.project(request)
        if request.method == "DELETE":
            await run_in_threadpool(self._documents.delete_only, project, MANIFEST)
            self._policies.forget()
            return Response(status_code=204)
        if request.method == "PUT":
            _, body = parse_manifest(await read_body(request, _MAX_BODY))
            await run_in_threadpool(self._documents.put_only, project, MANIFEST, body)
            self._policies.forget()
            return _json(body)
        found = await run_in_threadpool(self._documents.only, project, MANIFEST)
        if found is None:
            raise NotFound(
                "NO_MANIFEST",
                "The project has no manifest: PUT what `usage.manifest()` gives, or use "
                "`footfall-server project manifest NAME FILE`.",
            )
        return _json(found)

    async def limits(self, request: Request) -> Response:
        """The project's limits; what a PUT leaves out is as it is for all."""
        project = await self._access.project(request)
        if request.method == "PUT":
            limits = decoded(await read_body(request, _MAX_BODY), Limits, "INVALID_LIMITS")
            await run_in_threadpool(self._keep, project, limits)
            self._policies.forget()
            return _json(msgspec.to_builtins(limits))
        settings = await run_in_threadpool(self._documents.only, project, SETTINGS)
        return _json(msgspec.to_builtins(limits_of(settings)))

    def _keep(self, project: Project, limits: Limits) -> None:
        settings = self._documents.only(project, SETTINGS) or {}
        settings["limits"] = msgspec.to_builtins(limits)
        self._documents.put_only(project, SETTINGS, settings)


def _json(body: Any) -> Response:
    return Response(msgspec.json.encode(body), media_type="application/json")
