"""The ingest paths as a raw ASGI application: no framework between the socket and the journal."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import msgspec

from footfall_server.ingest import body as request_body
from footfall_server.ingest.dialects.segment import BATCH_PATHS
from footfall_server.ingest.pipeline import Pipeline
from footfall_server.model.errors import FootfallError, TooMany, Unavailable
from footfall_server.model.event import KINDS

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_JSON = (b"content-type", b"application/json")
_ANY_ORIGIN = (b"access-control-allow-origin", b"*")


def _paths() -> dict[str, str]:
    """Every path of Segment's dialect, bare and below its own base, to its last word."""
    words = KINDS | BATCH_PATHS
    table = {}
    for word in words:
        for path in (f"/v1/{word}", f"/segment/v1/{word}"):
            table[path] = table[f"{path}/"] = word
    return table


class Door:
    """Answers the ingest paths, and hands every other request to `other`."""

    def __init__(self, pipeline: Pipeline, other: App) -> None:
        self._pipeline = pipeline
        self._other = other
        self._paths = _paths()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        word = self._paths.get(scope["path"]) if scope["type"] == "http" else None
        if word is None:
            await self._other(scope, receive, send)
            return
        method = scope["method"]
        if method == "POST":
            await self._post(word, scope, receive, send)
        elif method == "OPTIONS":
            await _preflight(send)
        else:
            error = {"success": False, "code": "METHOD_NOT_ALLOWED", "message": "Use POST here."}
            await _answer(send, 405, msgspec.json.encode(error), [(b"allow", b"POST, OPTIONS")])

    async def _post(self, word: str, scope: Scope, receive: Receive, send: Send) -> None:
        encoding, authorization, declared = b"", b"", None
        for name, value in scope["headers"]:
            if name == b"content-encoding":
                encoding = value
            elif name == b"authorization":
                authorization = value
            elif name == b"content-length" and value.isdigit():
                declared = int(value)
        try:
            body = await request_body.read(receive, declared)
            if encoding or body[:2] == b"\x1f\x8b":
                body = request_body.decompress(body, encoding.decode("latin-1"))
            taken = self._pipeline.segment(word, body, _basic_key(authorization))
            del body
            answer = await self._pipeline.settle(taken)
        except request_body.Disconnected:
            return
        except FootfallError as error:
            self._pipeline.refuse(error)
            await _refuse(send, error)
            return
        await _answer(send, 200, answer)


def _basic_key(authorization: bytes) -> str | None:
    """The user name of Basic authentication; the colon after it may be missing."""
    scheme, _, credentials = authorization.partition(b" ")
    if scheme.lower() != b"basic":
        return None
    try:
        decoded = base64.b64decode(credentials.strip() + b"==", validate=False)
    except (binascii.Error, ValueError):
        return None
    return decoded.partition(b":")[0].decode("utf-8", "replace") or None


async def _refuse(send: Send, error: FootfallError) -> None:
    document = {"success": False, "code": error.code, "message": error.message}
    if error.path is not None:
        document["path"] = error.path
    headers = []
    if isinstance(error, TooMany | Unavailable):
        headers.append((b"retry-after", str(error.retry_after).encode()))
    if error.status == 413:
        headers.append((b"connection", b"close"))  # the rest of the body may never be read
    await _answer(send, error.status, msgspec.json.encode(document), headers)


async def _answer(
    send: Send, status: int, body: bytes, headers: list[tuple[bytes, bytes]] | None = None
) -> None:
    start = [_JSON, (b"content-length", b"%d" % len(body)), _ANY_ORIGIN, *(headers or ())]
    await send({"type": "http.response.start", "status": status, "headers": start})
    await send({"type": "http.response.body", "body": body})


async def _preflight(send: Send) -> None:
    headers = [
        _ANY_ORIGIN,
        (b"access-control-allow-methods", b"POST, OPTIONS"),
        (b"access-control-allow-headers", b"authorization, content-type, content-encoding"),
        (b"access-control-max-age", b"86400"),
        (b"content-length", b"0"),
    ]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
