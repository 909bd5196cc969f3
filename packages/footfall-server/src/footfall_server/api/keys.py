"""`/api/v1/projects/{p}/keys`: write keys, which are public by nature, made, read and revoked."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from footfall_server.accounts import WriteKey
from footfall_server.api.access import Access, read_body
from footfall_server.api.bodies import decoded
from footfall_server.model.errors import NotFound
from footfall_server.services import Services

_MAX_BODY = 4_096


class NewKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`key` is for clients that have theirs built in; else one is made."""

    name: str
    key: str | None = None


class KeyApi:
    """The handlers, over what the server has."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._access = Access(services)

    def routes(self) -> list[Route]:
        path = "/projects/{project}/keys"
        return [
            Route(path, self.keys, methods=["GET", "POST"]),
            Route(f"{path}/{{key}}", self.key, methods=["GET", "DELETE"]),
        ]

    async def keys(self, request: Request) -> Response:
        """All keys, or a further one."""
        project = await self._access.project(request, None if request.method == "GET" else "admin")
        accounts = self._services.accounts
        if request.method == "GET":
            found = await run_in_threadpool(accounts.write_keys, project)
            return _json({"rows": [_shown(one) for one in found], "cursor": None})
        new = decoded(await read_body(request, _MAX_BODY), NewKey, "INVALID_KEY")
        made = await run_in_threadpool(
            accounts.add_write_key, project.name, new.key, new.name[:100] or "added"
        )
        return _json(await self._one(request, project, made), 201)

    async def key(self, request: Request) -> Response:
        """One key; DELETE revokes it, within seconds."""
        project = await self._access.project(request, None if request.method == "GET" else "admin")
        found = await self._one(request, project, request.path_params["key"])
        if request.method == "GET":
            return _json(found)
        accounts = self._services.accounts
        await run_in_threadpool(accounts.revoke_write_key, project, found["key"])
        return Response(status_code=204)

    async def _one(self, request: Request, project: Any, key: str) -> dict[str, Any]:
        for one in await run_in_threadpool(self._services.accounts.write_keys, project):
            if one.key == key:
                return _shown(one)
        raise NotFound("NO_SUCH_KEY", "The project has no such write key.")


def _shown(key: WriteKey) -> dict[str, Any]:
    return {
        "key": key.key,
        "name": key.name,
        "created_at": key.created_at,
        "last_used_at": key.last_used_at,
        "revoked": key.revoked,
    }


def _json(body: dict[str, Any], status: int = 200) -> Response:
    return Response(msgspec.json.encode(body), status, media_type="application/json")
