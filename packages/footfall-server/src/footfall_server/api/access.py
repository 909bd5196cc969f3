"""Who asks: the bearer token of a request, and the project that it opens."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from footfall_server.accounts.tokens import Grant, Scope
from footfall_server.ingest import body as request_body
from footfall_server.model.errors import Forbidden, NotFound, Unauthorized
from footfall_server.model.project import Project
from footfall_server.services import Services


class Access:
    """Checks tokens against what the server has."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def project(self, request: Request, scope: Scope | None = None) -> Project:
        """The project in the path, if the token opens it. Another's is as good as none.

        The scope that is needed: `read` to look, `write` to change anything, unless one is named.
        Raises Unauthorized MISSING_TOKEN and UNKNOWN_TOKEN, Forbidden SCOPE_TOO_SMALL, NotFound
        NO_SUCH_PROJECT.
        """
        return (await self.grant(request, scope)).project

    async def opened(self, request: Request) -> Grant:
        """What the token opens, whatever the path. Raises Unauthorized."""
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not token.strip():
            raise Unauthorized(
                "MISSING_TOKEN", "No API token: send it as `Authorization: Bearer TOKEN`."
            )
        found = await run_in_threadpool(self._services.tokens.grant, token.strip())
        if found is None:
            raise Unauthorized(
                "UNKNOWN_TOKEN",
                "The API token is not known here, or was revoked: create one with "
                "`footfall-server project token NAME`.",
            )
        return found

    async def grant(self, request: Request, scope: Scope | None = None) -> Grant:
        """What the token opens, checked as in `project`."""
        needed = scope or ("read" if request.method in ("GET", "HEAD") else "write")
        found = await self.opened(request)
        name = request.path_params["project"]
        if found.project.name != name:
            raise NotFound("NO_SUCH_PROJECT", f"There is no project {name!r} for this token.")
        if not found.allows(needed):
            raise Forbidden(
                "SCOPE_TOO_SMALL",
                f"This token may {found.scope}; this needs one with the scope {needed}.",
            )
        return found


async def read_body(request: Request, limit: int) -> bytes:
    """The whole body. Raises TooLarge beyond `limit` bytes."""
    declared = request.headers.get("content-length", "")
    length = int(declared) if declared.isdigit() else None
    return await request_body.read(request.receive, length, limit)
