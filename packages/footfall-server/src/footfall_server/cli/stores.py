"""The two stores of `migrate-store`: opened here, in a process of their own, or at a server."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx2
import msgspec

from footfall_server.cli.listening import lock as hold
from footfall_server.cli.reach import fail, server_client
from footfall_server.model.errors import Unavailable
from footfall_server.operations.apart import StoreApart
from footfall_server.operations.moving import Source, StoreHere, Target
from footfall_server.operations.passes import issue
from footfall_server.settings import Settings, SetupError, secret_key
from footfall_server.store import Day, Piece, open_store

_DAYS = msgspec.json.Decoder(list[Day])
_PIECE = msgspec.msgpack.Decoder(Piece)


@contextmanager
def source(settings: Settings) -> Iterator[Source]:
    """FROM, through the server that has it, else opened here."""
    path = Path(unquote(urlsplit(settings.store_url).path)).resolve()
    if not (path / "status").exists() and not (path / "store").exists():
        raise Unavailable("NO_STORE", f"There is no embedded store in {path}.")
    if _served(settings):
        with server_client(settings, None) as client:
            served = Served(client, lambda: issue(secret_key(settings), time.time()))
            if served.path() == path:
                yield served
                return
    store = open_store(settings.store_url, settings.temporary / "move")
    try:
        yield StoreHere(store)
    finally:
        store.close()


@contextmanager
def target(url: str, settings: Settings) -> Iterator[Target]:
    temporary = settings.temporary / "move-target"
    if urlsplit(url).scheme == "chdb":
        path = Path(unquote(urlsplit(url).path))
        apart = StoreApart(url, path.parent / f".{path.name}-incoming")
        try:
            yield apart
        finally:
            apart.close()
        return
    store = open_store(url, temporary)
    try:
        yield StoreHere(store)
    finally:
        store.close()


def _served(settings: Settings) -> bool:
    try:
        hold(settings).close()
    except SetupError:
        return True
    return False


class Served:
    """The store of a running server as a source."""

    def __init__(self, client: httpx2.Client, allowed: Callable[[], str]) -> None:
        """`allowed` makes a pass: each lasts for a minute."""
        self._client, self._allowed = client, allowed

    def path(self) -> Path | None:
        found = msgspec.json.decode(self._ask("GET", "/store"))["path"]
        return None if found is None else Path(found).resolve()

    def days(self, until: datetime) -> list[Day]:
        return _DAYS.decode(self._ask("POST", "/days", {"until": until}))

    def piece(self, day: Day, until: datetime, after: Sequence[str] | None) -> Piece:
        order = {"day": day, "until": until, "after": after}
        return _PIECE.decode(self._ask("POST", "/pieces", order))

    def _ask(self, method: str, path: str, body: Any = None) -> bytes:
        headers = {"authorization": f"Bearer {self._allowed()}"}
        content = None if body is None else msgspec.json.encode(body)
        try:
            answer = self._client.request(method, path, content=content, headers=headers)
        except httpx2.HTTPError as error:
            raise Unavailable(
                "NO_ANSWER",
                f"The server that has the store doesn't answer ({error}): run it again.",
            ) from None
        if not answer.is_success:
            fail(answer)
        return answer.content
