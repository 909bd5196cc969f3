"""A store in a process of its own, since a process can have one embedded engine."""

from __future__ import annotations

import multiprocessing
from collections.abc import Sequence
from datetime import datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from footfall_server.model.errors import FootfallError, Unavailable
from footfall_server.operations.moving import StoreHere
from footfall_server.store import Day, Marks, open_store


class StoreApart:
    """A target of `move`; its process ends with `close`, or with this one."""

    def __init__(self, url: str, temporary: Path) -> None:
        """Raises FootfallError as `open_store`."""
        context = multiprocessing.get_context("spawn")  # an engine doesn't live through a fork
        self._pipe, other = context.Pipe()
        self._process = context.Process(target=_serve, args=(url, temporary, other), daemon=True)
        self._process.start()
        other.close()
        self._answer()

    def days(self, until: datetime) -> list[Day]:
        found: list[Day] = self._ask("days", until)
        return found

    def insert(self, day: Day, lines: bytes, token: str) -> None:
        self._ask("insert", day, lines, token)

    def erase(self, wanted: Sequence[Marks]) -> None:
        self._ask("erase", wanted)

    def close(self) -> None:
        self._pipe.close()
        self._process.join()

    def _ask(self, name: str, *arguments: Any) -> Any:
        self._pipe.send((name, arguments))
        return self._answer()

    def _answer(self) -> Any:
        try:
            failed, found = self._pipe.recv()
        except EOFError:
            raise Unavailable("STORE_ENDED", "The target's process ended: run it again.") from None
        if failed:
            raise FootfallError(*found)
        return found


def _serve(url: str, temporary: Path, pipe: Connection) -> None:
    """Answer what comes until nobody asks any more."""
    try:
        store = open_store(url, temporary)
    except FootfallError as error:
        pipe.send((True, (error.code, error.message)))
        return
    here = StoreHere(store)
    pipe.send((False, None))
    try:
        while True:
            name, arguments = pipe.recv()
            try:
                pipe.send((False, getattr(here, name)(*arguments)))
            except FootfallError as error:
                pipe.send((True, (error.code, error.message)))
    except EOFError:
        pass
    finally:
        store.close()
