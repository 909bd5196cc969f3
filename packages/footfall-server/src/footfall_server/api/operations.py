"""`/api/v1/server/…`: what an operator's commands ask of the process that has the store."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path
from typing import TypeVar

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
from footfall_server.store import Day, days, piece

_LARGEST = 16 << 10
_LARGEST_MOVE = 1 << 20  # a key may hold a long name, install and id
T = TypeVar("T")


class BackupOrder(msgspec.Struct, forbid_unknown_fields=True):
    """`folder`: an absolute path where the server runs; `full`: leave nothing out."""

    folder: str
    full: bool = False


class DaysOrder(msgspec.Struct, forbid_unknown_fields=True):
    """`until`: what was received later is left out."""

    until: datetime


class PieceOrder(msgspec.Struct, forbid_unknown_fields=True):
    """`after`: the key of the last line of the piece before."""

    day: Day
    until: datetime
    after: list[str] | None = None


class OperationsApi:
    """The handlers, over what the server has."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def routes(self) -> list[Route]:
        return [
            Route("/server/findings", self.findings, methods=["GET"]),
            Route("/server/backups", self.back_up, methods=["POST"]),
            Route("/server/store", self.store, methods=["GET"]),
            Route("/server/days", self.days, methods=["POST"]),
            Route("/server/pieces", self.piece, methods=["POST"]),
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

    async def store(self, request: Request) -> Response:
        """Which store this server has: the embedded one's path, or null."""
        self._check(request)
        path = self._services.store.path
        found = {"path": None if path is None else str(path)}
        return Response(msgspec.json.encode(found), media_type="application/json")

    async def days(self, request: Request) -> Response:
        """Every day of the store, after all that was acknowledged before is in it."""
        self._check(request)
        order = await self._order(request, DaysOrder)
        await self._services.visible()
        found = await run_in_threadpool(days, self._services.store, order.until)
        return Response(msgspec.json.encode(found), media_type="application/json")

    async def piece(self, request: Request) -> Response:
        """A `Piece` of a day."""
        self._check(request)
        order = await self._order(request, PieceOrder)
        found = await run_in_threadpool(
            piece, self._services.store, order.day, order.until, order.after
        )
        return Response(msgspec.msgpack.encode(found), media_type="application/vnd.msgpack")

    async def _order(self, request: Request, kind: type[T]) -> T:
        try:
            return msgspec.json.decode(await read_body(request, _LARGEST_MOVE), type=kind)
        except msgspec.MsgspecError as error:
            raise Unprocessable("INVALID_ORDER", f"This can't be done: {error}.") from None

    def _check(self, request: Request) -> None:
        """Raises Unauthorized NO_OPERATOR."""
        kind, _, text = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not valid(self._services.secret, text, time.time()):
            raise Unauthorized(
                "NO_OPERATOR",
                "Only a command on the server's machine, that can read its secret key, may ask"
                " this: footfall-server doctor, backup, migrate-store.",
            )
