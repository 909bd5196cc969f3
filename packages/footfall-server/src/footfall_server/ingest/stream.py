"""A long body as lines, read and decompressed piece by piece."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator

from footfall_server.ingest.body import Disconnected, Receive
from footfall_server.ingest.dialects.history import MAX_LINE
from footfall_server.model.errors import BadRequest, UnsupportedMedia

_PIECE = 1024 * 1024
_MAX_WINDOW = 47  # gzip and zlib, told by their headers


async def blocks(receive: Receive, encoding: str, lines: int) -> AsyncIterator[list[bytes]]:
    """Lists of about as many lines of the body as asked for, empty lines left out.

    What is longer than `MAX_LINE` comes as one line that is a byte too long. `encoding` is the
    Content-Encoding: gzip or nothing. Raises UnsupportedMedia, BadRequest INVALID_COMPRESSION,
    and Disconnected when the client goes away.
    """
    splitter = Splitter()
    ready: list[bytes] = []
    async for piece in _plain(receive, encoding.strip().lower()):
        ready += splitter.add(piece)
        while len(ready) >= lines:
            yield ready[:lines]
            ready = ready[lines:]
    ready += splitter.end()
    for start in range(0, len(ready), lines):
        yield ready[start : start + lines]


class Splitter:
    """Pieces → lines; of a line that is too long, only a beginning that says so is kept."""

    def __init__(self) -> None:
        self._rest = b""

    def add(self, piece: bytes) -> list[bytes]:
        *whole, rest = (self._rest + piece).split(b"\n")
        self._rest = rest[: MAX_LINE + 1]
        return [each[: MAX_LINE + 1] for each in whole if each.strip()]

    def end(self) -> list[bytes]:
        rest, self._rest = self._rest, b""
        return [rest] if rest.strip() else []


async def _plain(receive: Receive, encoding: str) -> AsyncIterator[bytes]:
    if encoding not in ("", "identity", "gzip", "x-gzip"):
        raise UnsupportedMedia(
            "UNSUPPORTED_ENCODING",
            f"Content-Encoding {encoding[:40]!r} is not known here: use gzip, or none.",
        )
    decoder: _Gzip | None = None
    first = True
    async for chunk in _chunks(receive):
        if first:
            first = False
            if encoding.endswith("gzip") or chunk[:2] == b"\x1f\x8b":
                decoder = _Gzip()
        if decoder is None:
            yield chunk
        else:
            for piece in decoder.add(chunk):
                yield piece
    if decoder is not None:
        decoder.end()


class _Gzip:
    """Members one after another, as archives are often glued together."""

    def __init__(self) -> None:
        self._decoder = zlib.decompressobj(_MAX_WINDOW)

    def add(self, chunk: bytes) -> list[bytes]:
        pieces = []
        try:
            while chunk:
                if self._decoder.eof:
                    self._decoder = zlib.decompressobj(_MAX_WINDOW)
                pieces.append(self._decoder.decompress(chunk, _PIECE))
                chunk = self._decoder.unconsumed_tail or self._decoder.unused_data
        except zlib.error:
            raise _invalid() from None
        return pieces

    def end(self) -> None:
        if not self._decoder.eof:
            raise _invalid()


def _invalid() -> BadRequest:
    return BadRequest(
        "INVALID_COMPRESSION",
        "The body is not complete gzip data; what came before is taken, and sending all of it "
        "again counts nothing twice.",
    )


async def _chunks(receive: Receive) -> AsyncIterator[bytes]:
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise Disconnected
        chunk: bytes = message.get("body", b"")
        if chunk:
            yield chunk
        if not message.get("more_body", False):
            return
