"""Requests that a collector doesn't answer itself, handed to the process that has the store.

They travel over a socket in the data directory, which only this server's user can open.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2

from footfall_server.cli.running import App
from footfall_server.settings import SetupError

_LONGEST = 100  # a socket's address has 104 to 108 bytes
_LOCAL = b"footfall-from-loopback"
_HOP = frozenset(
    {b"connection", b"keep-alive", b"transfer-encoding", b"upgrade", b"te", b"trailer"}
)
_STARTING = (
    b'{"type":"about:blank","title":"Service Unavailable","status":503,"code":"STARTING",'
    b'"message":"The insights are not up yet: try again in a second."}'
)


def socket_path(data: Path) -> str:
    """Where the relay's socket lies. Raises SetupError when no address could name it."""
    path = data / "relay.sock"
    if len(os.fsencode(path)) <= _LONGEST:
        return str(path)
    if sys.platform == "linux":  # by an open folder's number, however long its name is
        return f"/proc/self/fd/{os.open(data, os.O_RDONLY | os.O_DIRECTORY)}/relay.sock"
    raise SetupError(
        "DATA_PATH_TOO_LONG",
        f"The path of {data} is too long for --workers: choose a shorter one with --data.",
    )


def listen(data: Path) -> socket.socket:
    """The end at which the relayed requests arrive."""
    path = socket_path(data)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        listener.bind(path)
    finally:
        os.umask(before)
    listener.listen(2_048)
    return listener


class Arrival:
    """In front of the application that gets relayed requests: who asked is as the relay says."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            local = any(name == _LOCAL for name, _ in scope["headers"])
            headers = [each for each in scope["headers"] if each[0] != _LOCAL]
            scope = {**scope, "headers": headers, "client": ("127.0.0.1", 0) if local else None}
        await self._app(scope, receive, send)


class Relay:
    """An ASGI application that asks another process. Bodies are streamed both ways."""

    def __init__(self, data: Path) -> None:
        self._client = httpx2.AsyncClient(
            transport=httpx2.AsyncHTTPTransport(
                uds=socket_path(data), limits=httpx2.Limits(max_connections=100)
            ),
            timeout=httpx2.Timeout(None, connect=5),
        )

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        query = scope["query_string"]
        target = scope.get("raw_path") or scope["path"].encode()
        headers = [each for each in scope["headers"] if each[0] not in _HOP and each[0] != _LOCAL]
        if _from_loopback(scope):
            headers.append((_LOCAL, b"1"))
        request = httpx2.Request(
            scope["method"],
            httpx2.URL(scheme="http", host="relay", raw_path=target + (b"?" + query) * bool(query)),
            headers=headers,
            content=_body(receive) if _has_body(headers, scope) else None,
        )
        try:
            answer = await self._client.send(request, stream=True, follow_redirects=False)
        except httpx2.TransportError:
            await _starting(send)
            return
        try:
            kept = [(name.lower(), value) for name, value in answer.headers.raw]
            kept = [each for each in kept if each[0] not in _HOP]
            await send(
                {"type": "http.response.start", "status": answer.status_code, "headers": kept}
            )
            async for chunk in answer.aiter_raw():
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            await answer.aclose()


def _from_loopback(scope: Any) -> bool:
    """Whether this machine asks; the address itself goes no further."""
    try:
        return ipaddress.ip_address(scope["client"][0]).is_loopback
    except (TypeError, ValueError):
        return False


def _has_body(headers: list[tuple[bytes, bytes]], scope: Any) -> bool:
    names = {name for name, _ in (*headers, *scope["headers"])}
    return b"content-length" in names or b"transfer-encoding" in names


async def _body(receive: Any) -> AsyncIterator[bytes]:
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise httpx2.TransportError("the client has gone")
        if chunk := message.get("body"):
            yield chunk
        if not message.get("more_body"):
            return


async def _starting(send: Any) -> None:
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", b"%d" % len(_STARTING)),
        (b"retry-after", b"1"),
    ]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": _STARTING})
