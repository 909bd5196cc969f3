"""`/api/v1/server/…`: what an operator's commands ask of the process that has the store."""

from __future__ import annotations

import time
from pathlib import Path

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from footfall_server.api.access import read_body
from footfall_server.model.errors import Unauthorized, Unprocessable
from footfall_server.operations import backup, inside
from footfall_server.operations.passes import valid
from footfall_server.services import Services

_LARGEST = 16 << 10


class BackupOrder(msgspec.Struct, forbid_unknown_fields=True):
    """`folder`: an absolute path where the server runs; `full`: leave nothing out."""

    folder: str
    full: bool = False


class OperationsApi:
    """The handlers, over what the server has."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def routes(self) -> list[Route]:
        return [
            Route("/server/findings", self.findings, methods=["GET"]),
            Route("/server/backups", self.back_up, methods=["POST"]),
        ]

    async def findings(self, request: Request) -> Response:
        self._check(request)
        found = await run_in_threadpool(inside.inside, self._services)
        return Response(msgspec.json.encode(found), media_type="application/json")

    async def back_up(self, request: Request) -> Response:
        self._check(request)
        try:
            order = msgspec.json.decode(await read_body(request, _LARGEST), type=BackupOrder)
        except msgspec.MsgspecError as error:
            raise Unprocessable("INVALID_BACKUP", f"This can't be done: {error}.") from None
        made = await run_in_threadpool(
            backup.back_up, self._services, Path(order.folder), full=order.full
        )
        return Response(msgspec.json.encode(made), media_type="application/json")

    def _check(self, request: Request) -> None:
        """Raises Unauthorized NO_OPERATOR."""
        kind, _, text = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not valid(self._services.secret, text, time.time()):
            raise Unauthorized(
                "NO_OPERATOR",
                "Only a command on the server's machine, that can read its secret key, may ask"
                " this: footfall-server doctor, footfall-server backup.",
            )
