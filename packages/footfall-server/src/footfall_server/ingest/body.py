"""The bytes of a request: read within bounds, decompressed within bounds."""

from __future__ import annotations

import asyncio
import sys
import time
import zlib
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import brotli

from footfall_server.ingest.patience import Patience, Reading
from footfall_server.model.errors import BadRequest, TooLarge, UnsupportedMedia

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MAX_BODY = 4 * 1024 * 1024
MAX_DECOMPRESSED = 16 * 1024 * 1024
MAX_DISCARDED = 64 * 1024 * 1024
_MAX_ENCODINGS = 2

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


class Disconnected(Exception):
    """The client went away before its request was complete: nobody waits for an answer."""


def _too_large(limit: int) -> TooLarge:
    most = f"{limit >> 20} MB" if limit >= 1 << 20 else f"{limit >> 10} KB"
    return TooLarge("BODY_TOO_LARGE", f"The body is larger than {most}: send less at a time.")


async def read(
    receive: Receive,
    declared: int | None,
    limit: int = MAX_BODY,
    patience: Patience | None = None,
) -> bytes:
    """The whole body. TooLarge when it has more than `limit` bytes, TooSlow by `patience`.

    What is too large is received to its end all the same, as far as MAX_DISCARDED, and dropped:
    many clients see a reset connection, not the answer, when that comes before they have sent all.
    """
    if patience is None:
        return await _read(receive, declared, limit, None, time.monotonic)
    reading = patience.begin()
    try:
        return await _read(receive, declared, limit, reading, patience.clock)
    except asyncio.CancelledError:
        error = patience.interrupted(reading)
        if error is None:
            raise
        raise error from None
    finally:
        patience.end(reading)


async def _read(
    receive: Receive,
    declared: int | None,
    limit: int,
    reading: Reading | None,
    clock: Callable[[], float],
) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise Disconnected
        chunk = message.get("body", b"")
        size += len(chunk)
        if size <= limit:
            chunks.append(chunk)
        else:
            chunks.clear()
        more = message.get("more_body", False)
        if more and reading is not None:
            reading.heard = clock()
        if not more or max(size, declared or 0) > MAX_DISCARDED:
            break
    if more or size > limit:
        raise _too_large(limit)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def decompress(body: bytes, encoding: str, limit: int = MAX_DECOMPRESSED) -> bytes:
    """The decoded body. `encoding` is the Content-Encoding; gzip also goes by its magic bytes.

    Raises UnsupportedMedia, BadRequest INVALID_COMPRESSION (truncated or mislabelled) and
    TooLarge: decoding stops at `limit` bytes of output, whatever the input claims.
    """
    names = [name for name in encoding.replace(" ", "").lower().split(",") if name != "identity"]
    names = [name for name in names if name]
    if not names and body[:2] == b"\x1f\x8b":
        names = ["gzip"]
    if len(names) > _MAX_ENCODINGS:
        raise UnsupportedMedia(
            "UNSUPPORTED_ENCODING", f"A body may be encoded {_MAX_ENCODINGS} times, not more."
        )
    for name in reversed(names):
        decoder = _DECODERS.get(name)
        if decoder is None:
            raise UnsupportedMedia(
                "UNSUPPORTED_ENCODING",
                f"Content-Encoding {name[:40]!r} is not known here: use gzip, deflate, br or zstd.",
            )
        body = decoder(body, limit)
        if len(body) > limit:
            raise _too_large(limit)
    return body


def _invalid(name: str) -> BadRequest:
    return BadRequest(
        "INVALID_COMPRESSION", f"The body is not complete {name} data, as its encoding says."
    )


def _inflate(body: bytes, limit: int, window: int, name: str) -> bytes:
    decoder = zlib.decompressobj(window)
    try:
        plain = decoder.decompress(body, limit + 1)
    except zlib.error:
        raise _invalid(name) from None
    if len(plain) <= limit and not decoder.eof:
        raise _invalid(name)
    return plain


def _gzip(body: bytes, limit: int) -> bytes:
    return _inflate(body, limit, 31, "gzip")


def _deflate(body: bytes, limit: int) -> bytes:
    # Named after the raw format, sent as zlib by most: the header tells.
    zlib_header = len(body) > 1 and body[0] & 0x0F == 8 and (body[0] << 8 | body[1]) % 31 == 0
    return _inflate(body, limit, 15 if zlib_header else -15, "deflate")


def _brotli(body: bytes, limit: int) -> bytes:
    decoder = brotli.Decompressor()
    plain: bytes = b""
    try:
        plain = decoder.process(body, output_buffer_limit=limit + 1)
        while len(plain) <= limit and not decoder.can_accept_more_data():
            plain += decoder.process(b"", output_buffer_limit=limit + 1 - len(plain))
    except brotli.error:
        raise _invalid("brotli") from None
    if len(plain) <= limit and not decoder.is_finished():
        raise _invalid("brotli")
    return plain


def _zstd(body: bytes, limit: int) -> bytes:
    decoder = zstd.ZstdDecompressor()
    try:
        plain = decoder.decompress(body, limit + 1)
    except zstd.ZstdError:
        raise _invalid("zstd") from None
    if len(plain) <= limit and not decoder.eof:
        raise _invalid("zstd")
    return plain


_DECODERS: dict[str, Callable[[bytes, int], bytes]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": _brotli,
    "zstd": _zstd,
}
