"""uvicorn's connection and server, with bounds on what comes before a request's body."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD = 64 * 1024
_LOOK_SECONDS = 1.0


class Connection(HttpToolsProtocol):
    """Knows since when it waits for a head, and how much of it has come."""

    _head_since: float | None = None
    _head_size = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._head_since = time.monotonic()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head_since = time.monotonic()
        self._head_size = 0

    def on_headers_complete(self) -> None:
        self._head_since = None
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._head_since is not None:
            self._head_size += len(data)
            if self._head_size > MAX_HEAD:
                self.refuse(431, "HEAD_TOO_LARGE", f"The head is larger than {MAX_HEAD >> 10} KB.")

    def waits_since(self) -> float | None:
        """When it began to wait for a head; None while a request is being answered."""
        answering = self.cycle is not None and not self.cycle.response_complete
        return None if answering else self._head_since

    def refuse(self, status: int, code: str, message: str) -> None:
        """Answer at once, and close."""
        if self.transport.is_closing():
            return
        body = f'{{"success": false, "status": 0, "code": "{code}", "message": "{message}"}}'
        head = (
            f"HTTP/1.1 {status} Refused\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body.encode())
        self.transport.close()


class Server(uvicorn.Server):
    """`on_stop` is called when it begins to stop, before it waits for what still runs."""

    def __init__(
        self, config: uvicorn.Config, head_seconds: float, on_stop: Callable[[], Any]
    ) -> None:
        super().__init__(config)
        self._head_seconds = head_seconds
        self._on_stop = on_stop

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._on_stop()
        await super().shutdown(sockets)

    async def watch_heads(self) -> None:
        """Close the connections that take too long to say what they want; never ends."""
        while True:
            await asyncio.sleep(min(_LOOK_SECONDS, self._head_seconds / 2))
            late = time.monotonic() - self._head_seconds
            for connection in list(self.server_state.connections):
                if isinstance(connection, Connection):
                    since = connection.waits_since()
                    if since is not None and since < late:
                        connection.refuse(
                            408,
                            "HEAD_TOO_SLOW",
                            f"The head did not come within {self._head_seconds:g} s.",
                        )
