"""`/api/v1/projects/{p}/{kind}`: what a project keeps by name."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from footfall_server.accounts import Document, Documents
from footfall_server.api.access import Access, read_body
from footfall_server.api.kinds import KINDS, Kind, content
from footfall_server.services import Services

_MAX_BODY = 256 * 1024


class DocumentApi:
    """The handlers, over what the server has."""

    def __init__(self, services: Services) -> None:
        self._documents = Documents(services.accounts)
        self._access = Access(services)

    def routes(self) -> list[Route]:
        found = []
        for name, kind in KINDS.items():
            found += self._routes(name, kind)
        return found

    def _routes(self, name: str, kind: Kind) -> list[Route]:
        documents = self._documents

        async def every(request: Request) -> Response:
            project = await self._access.project(
                request, None if request.method == "GET" else kind.scope
            )
            if request.method == "GET":
                rows = await run_in_threadpool(documents.all, project, name)
                return _json({"rows": [_shown(kind, one) for one in rows], "cursor": None})
            raw = await read_body(request, _MAX_BODY)
            title, body = await run_in_threadpool(content, kind, raw)  # it may look up a name
            made = await run_in_threadpool(documents.create, project, name, title, body)
            place = f"/api/v1/projects/{project.name}/{name}/{made.id}"
            return _json(_shown(kind, made), 201, {"location": place})

        async def one(request: Request) -> Response:
            project = await self._access.project(
                request, None if request.method == "GET" else kind.scope
            )
            id_ = request.path_params["id"]
            if request.method == "DELETE":
                await run_in_threadpool(documents.delete, project, name, id_)
                return Response(status_code=204)
            if request.method == "GET":
                found = await run_in_threadpool(documents.get, project, name, id_)
            else:
                raw = await read_body(request, _MAX_BODY)
                before = await run_in_threadpool(documents.get, project, name, id_)
                title, body = await run_in_threadpool(content, kind, raw, before.body)
                found = await run_in_threadpool(documents.replace, project, name, id_, title, body)
            return _json(_shown(kind, found))

        path = f"/projects/{{project}}/{name}"
        return [
            Route(path, every, methods=["GET", "POST"]),
            Route(f"{path}/{{id}}", one, methods=["GET", "PUT", "DELETE"]),
        ]


def _shown(kind: Kind, document: Document) -> dict[str, Any]:
    return {
        "id": document.id,
        "name": document.name,
        **kind.shown(document.body),
        "created_at": document.created_at,
        "updated_at": document.updated_at,
    }


def _json(
    body: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    return Response(msgspec.json.encode(body), status, headers, media_type="application/json")
