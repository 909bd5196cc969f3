"""The ingest paths as a raw ASGI application: no framework between the socket and the journal."""

from __future__ import annotations

import base64
import binascii
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from time import perf_counter
from typing import Any

import msgspec

from footfall_server.ingest import body as request_body
from footfall_server.ingest.dialects.dialect import Endpoint, Fixed, Request
from footfall_server.ingest.dialects.table import find
from footfall_server.ingest.patience import Patience
from footfall_server.ingest.pipeline import Pipeline
from footfall_server.model.errors import FootfallError, TooMany, Unavailable

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

log = logging.getLogger(__name__)

_JSON = (b"content-type", b"application/json")
_ANY_ORIGIN = [(b"access-control-allow-origin", b"*")]
_BY_DEFAULT = b"authorization, content-type, content-encoding"


class Door:
    """Answers the ingest paths, and hands every other request to `other`."""

    def __init__(self, pipeline: Pipeline, other: App, patience: Patience | None = None) -> None:
        self._pipeline = pipeline
        self._other = other
        self._patience = patience or Patience()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        endpoint = find(scope["path"]) if scope["type"] == "http" else None
        if endpoint is None:
            await self._other(scope, receive, send)
            return
        method = scope["method"]
        if method in endpoint.methods:
            if isinstance(endpoint, Endpoint):
                await self._take(endpoint, scope, receive, send)
            else:
                await _fixed(endpoint, scope, receive, send, self._patience)
        elif method == "OPTIONS":
            await _preflight(endpoint, scope, send)
        else:
            allowed = ", ".join((*endpoint.methods, "OPTIONS"))
            error = {
                "success": False,
                "status": 0,
                "code": "METHOD_NOT_ALLOWED",
                "message": f"Use {' or '.join(endpoint.methods)} here.",
            }
            headers = [(b"allow", allowed.encode()), *_cors(scope)]
            await _answer(send, 405, msgspec.json.encode(error), headers)

    async def _take(self, endpoint: Endpoint, scope: Scope, receive: Receive, send: Send) -> None:
        began = perf_counter()
        encoding, authorization, declared, cors = b"", b"", None, _ANY_ORIGIN
        for name, value in scope["headers"]:
            if name == b"content-encoding":
                encoding = value
            elif name == b"authorization":
                authorization = value
            elif name == b"content-length" and value.isdigit():
                declared = int(value)
            elif name == b"origin":
                cors = _origin(value)
        try:
            body = await request_body.read(receive, declared, endpoint.max_body, self._patience)
            if encoding or body[:2] == b"\x1f\x8b":
                body = request_body.decompress(
                    body, encoding.decode("latin-1"), endpoint.max_decompressed
                )
            request = Request(endpoint.word, body, _basic_key(authorization), scope["query_string"])
            taken = self._pipeline.take(endpoint, request)
            del body, request
            status, answer = await self._pipeline.settle(taken)
        except request_body.Disconnected:
            return
        except FootfallError as error:
            self._pipeline.refuse(error)
            await _refuse(endpoint, send, error, cors)
            return
        except Exception as error:  # the edge: whatever it is, the client must hear of it
            log.exception("an ingest request failed")
            broken = _internal(error)
            self._pipeline.refuse(broken)
            await _refuse(endpoint, send, broken, cors)
            return
        await _answer(send, status, answer, cors)
        self._pipeline.counters.seconds.add(perf_counter() - began)


def _internal(error: Exception) -> FootfallError:
    return FootfallError(
        "INTERNAL_ERROR",
        f"Something went wrong here ({type(error).__name__}); the server's log has it. Nothing "
        "of the request was acknowledged.",
    )


async def _fixed(
    endpoint: Fixed, scope: Scope, receive: Receive, send: Send, patience: Patience
) -> None:
    try:
        await request_body.read(receive, None, patience=patience)
    except request_body.Disconnected:
        return
    except FootfallError:
        pass  # what it says doesn't matter, however long it is
    await _answer(send, *endpoint.reply, _cors(scope))


def _cors(scope: Scope) -> Headers:
    for name, value in scope["headers"]:
        if name == b"origin":
            return _origin(value)
    return _ANY_ORIGIN


def _origin(origin: bytes) -> Headers:
    """Browser clients may send with credentials, which a star forbids. None are read here."""
    return [
        (b"access-control-allow-origin", origin),
        (b"access-control-allow-credentials", b"true"),
        (b"vary", b"Origin"),
    ]


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


async def _refuse(endpoint: Endpoint, send: Send, error: FootfallError, cors: Headers) -> None:
    headers = [*cors]
    if isinstance(error, TooMany | Unavailable):
        headers.append((b"retry-after", str(error.retry_after).encode()))
    if error.status in (408, 413):
        headers.append((b"connection", b"close"))  # the rest of the body may never be read
    await _answer(send, error.status, msgspec.json.encode(endpoint.failure(error)), headers)


async def _answer(send: Send, status: int, body: bytes, headers: Headers) -> None:
    start = [_JSON, (b"content-length", b"%d" % len(body)), *headers]
    await send({"type": "http.response.start", "status": status, "headers": start})
    await send({"type": "http.response.body", "body": body})


async def _preflight(endpoint: Endpoint | Fixed, scope: Scope, send: Send) -> None:
    wanted = dict(scope["headers"]).get(b"access-control-request-headers", _BY_DEFAULT)
    headers = [
        *_cors(scope),
        (b"access-control-allow-methods", ", ".join((*endpoint.methods, "OPTIONS")).encode()),
        (b"access-control-allow-headers", wanted),
        (b"access-control-max-age", b"86400"),
        (b"content-length", b"0"),
    ]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
