"""Reading and decompressing request bodies within bounds."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from typing import Any

import brotli
import pytest
from footfall_server.ingest import body
from footfall_server.model.errors import BadRequest, TooLarge, UnsupportedMedia

TEXT = b'{"batch": []}' * 50


def zstd(data: bytes) -> bytes:
    return bytes(body.zstd.compress(data))


def raw_deflate(data: bytes) -> bytes:
    coder = zlib.compressobj(wbits=-15)
    return coder.compress(data) + coder.flush()


CODERS = [
    ("gzip", gzip.compress),
    ("deflate", zlib.compress),
    ("deflate", raw_deflate),
    ("br", brotli.compress),
    ("zstd", zstd),
]


@pytest.mark.parametrize(("name", "compress"), CODERS)
def test_each_encoding_is_decoded(name: str, compress: Any) -> None:
    assert body.decompress(compress(TEXT), name) == TEXT
    assert body.decompress(compress(TEXT), name.upper()) == TEXT


def test_gzip_is_known_by_its_magic_bytes() -> None:
    assert body.decompress(gzip.compress(TEXT), "") == TEXT


def test_encodings_are_undone_in_reverse_order() -> None:
    assert body.decompress(brotli.compress(gzip.compress(TEXT)), "gzip, br") == TEXT


@pytest.mark.parametrize(("name", "compress"), CODERS)
def test_a_bomb_stops_at_the_limit(name: str, compress: Any) -> None:
    with pytest.raises(TooLarge):
        body.decompress(compress(b"\0" * 20_000_000), name, limit=1_000_000)


@pytest.mark.parametrize(("name", "compress"), CODERS)
def test_truncated_data_is_a_bad_request(name: str, compress: Any) -> None:
    whole = compress(TEXT)
    with pytest.raises(BadRequest) as raised:
        body.decompress(whole[: len(whole) // 2], name)
    assert raised.value.code == "INVALID_COMPRESSION"


@pytest.mark.parametrize("name", ["gzip", "br", "zstd"])
def test_mislabelled_data_is_a_bad_request(name: str) -> None:
    with pytest.raises(BadRequest) as raised:
        body.decompress(TEXT, name)
    assert raised.value.code == "INVALID_COMPRESSION"


def test_an_unknown_encoding_is_named() -> None:
    with pytest.raises(UnsupportedMedia) as raised:
        body.decompress(TEXT, "snappy")
    assert "snappy" in raised.value.message


def read(chunks: list[bytes], declared: int | None, limit: int) -> bytes:
    messages = [
        {"type": "http.request", "body": chunk, "more_body": i < len(chunks) - 1}
        for i, chunk in enumerate(chunks)
    ]

    async def receive() -> dict[str, Any]:
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    return asyncio.run(body.read(receive, declared, limit))


def test_chunks_are_put_together() -> None:
    assert read([b"ab", b"", b"cd"], None, 10) == b"abcd"


@pytest.mark.parametrize(
    ("chunks", "declared"), [([b"abcdef"], 6), ([b"abcdef"], None), ([b"abc", b"def"], None)]
)
def test_a_body_over_the_limit_is_refused(chunks: list[bytes], declared: int | None) -> None:
    with pytest.raises(TooLarge):
        read(chunks, declared, 5)
    assert read(chunks, declared, 6) == b"abcdef"


@pytest.mark.parametrize(("limit", "said"), [(256 << 10, "256 KB"), (4 << 20, "4 MB")])
def test_what_a_body_may_have_is_said(limit: int, said: str) -> None:
    with pytest.raises(TooLarge, match=f"larger than {said}"):
        read([bytes(limit + 1)], None, limit)


def test_a_client_that_goes_away_is_nobody_to_answer() -> None:
    with pytest.raises(body.Disconnected):
        read([], None, 5)


def test_an_endless_body_is_not_waited_for() -> None:
    received = 0

    async def receive() -> dict[str, Any]:
        nonlocal received
        received += 1 << 20
        return {"type": "http.request", "body": bytes(1 << 20), "more_body": True}

    with pytest.raises(TooLarge):
        asyncio.run(body.read(receive, None))
    assert received <= body.MAX_DISCARDED + (1 << 20)
