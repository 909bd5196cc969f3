"""Erasures: by a maintainer's token below `/api/v1`, by who has the id at `/v1/erase`."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from footfall_server.api.access import Access, read_body
from footfall_server.api.bodies import decoded
from footfall_server.erasing import request_erasure
from footfall_server.model.errors import Unauthorized
from footfall_server.services import Services

_MAX_BODY = 2 * 1024 * 1024
_MAX_OWN_BODY = 16 * 1024


T = TypeVar("T")


class Erase(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`install` or `installs`; `block`: refuse what they send from now on."""

    install: str | None = None
    installs: tuple[str, ...] = ()
    block: bool = False


class OwnErase(msgspec.Struct, frozen=True):
    """What `footfall erase` posts. Who knows the id is taken to be the machine that has it."""

    writeKey: str
    install: str
    block: bool = False


class EraseApi:
    """The handlers, over what the server has."""

    def __init__(self, services: Services) -> None:
        self._services, self._eraser = services, services.eraser
        self._access = Access(services)

    def routes(self) -> list[Route]:
        """Below `/api/v1`."""
        path = "/projects/{project}/erase"
        return [
            Route(path, self.erase, methods=["POST"]),
            Route(path, self.receipts, methods=["GET"]),
            Route(f"{path}/{{id}}", self.receipt, methods=["GET"]),
        ]

    def own_routes(self) -> list[Route]:
        """Below `/v1`, beside the paths that clients send events to."""
        return [
            Route("/erase", self.erase_own, methods=["POST"]),
            Route("/erase/{id}", self.own_receipt, methods=["GET"]),
        ]

    async def erase(self, request: Request) -> Response:
        """202 and a receipt, which is durable."""
        grant = await self._access.grant(request, "admin")
        project = grant.project
        wanted = _read(await read_body(request, _MAX_BODY), Erase)
        installs = [*wanted.installs, *([] if wanted.install is None else [wanted.install])]
        receipt = await request_erasure(self._services, project.id, installs, "api", wanted.block)
        actor = f"token {grant.name}"
        await run_in_threadpool(self._services.audit.note, actor, "erase", project, receipt.id)
        place = f"/api/v1/projects/{project.name}/erase/{receipt.id}"
        return _json(receipt.shown() | {"url": self._services.base_url + place}, 202, place)

    async def receipts(self, request: Request) -> Response:
        """The project's receipts, the newest first."""
        project = await self._access.project(request)
        rows = await run_in_threadpool(self._eraser.erasures.all, project)
        return _json({"rows": [row.shown() for row in rows], "cursor": None})

    async def receipt(self, request: Request) -> Response:
        """How far it is: `state` is `done` when every copy is gone."""
        project = await self._access.project(request)
        id_ = request.path_params["id"]
        found = await run_in_threadpool(self._eraser.erasures.get, id_, project)
        return _json(found.shown())

    async def erase_own(self, request: Request) -> Response:
        """202 and a receipt, whose `url` needs no token: nobody can guess its id."""
        wanted = _read(await read_body(request, _MAX_OWN_BODY), OwnErase)
        project = self._services.keys(wanted.writeKey)
        if project is None:
            raise Unauthorized(
                "UNKNOWN_WRITE_KEY", "The write key is not known here, or was revoked."
            )
        receipt = await request_erasure(
            self._services, project, [wanted.install], "user", wanted.block
        )
        await run_in_threadpool(self._note_own, project, receipt.id)
        place = f"/v1/erase/{receipt.id}"
        return _json(receipt.shown() | {"url": self._services.base_url + place}, 202, place)

    def _note_own(self, id_: int, subject: str) -> None:
        for project in self._services.accounts.projects():
            if project.id == id_:
                self._services.audit.note("an install", "erase", project, subject)

    async def own_receipt(self, request: Request) -> Response:
        """How far it is."""
        id_ = request.path_params["id"]
        return _json((await run_in_threadpool(self._eraser.erasures.get, id_)).shown())


def _read(body: bytes, kind: type[T]) -> T:
    return decoded(body, kind, "INVALID_ERASE", malformed="INVALID_JSON")


def _json(body: dict[str, Any], status: int = 200, location: str | None = None) -> Response:
    headers = None if location is None else {"location": location}
    return Response(msgspec.json.encode(body), status, headers, media_type="application/json")
