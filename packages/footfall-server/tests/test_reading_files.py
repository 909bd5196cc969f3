"""Files as the command line reads and writes them: lists that span lines, broken ends, gzip."""

from __future__ import annotations

import io
import json
from typing import Any

import pyarrow.parquet as pq
import pytest
from footfall_server.cli.exports import _resumed, convert
from footfall_server.cli.imports import members
from footfall_server.insights.archive import read_csv

EVENT = {
    "message_id": "m", "kind": "track", "event": "fit", "install": "i",
    "time": "2026-01-01T00:00:00Z", "original_time": None, "received_at": "2026-01-01T00:00:00Z",
    "time_source": "received", "order": 1, "properties": {"a": [1, None]},
}  # fmt: skip


def read(text: bytes) -> list[Any]:
    return [json.loads(line) for line in members(b"[", io.BytesIO(text))]


@pytest.mark.parametrize("size", [1, 10, 100_000])
def test_a_list_is_read_member_by_member(size: int) -> None:
    wanted = [{"text": "é" * size, "list": [1, "]"]}, {"a": {"b": "}"}}, 12, "x", None]
    assert read(json.dumps(wanted, ensure_ascii=False, indent=1).encode()[1:]) == wanted


def test_a_list_that_is_cut_off_says_so() -> None:
    found = members(b"[", io.BytesIO(b'{"a": 1}, {"b"'))
    assert next(found) == b'{"a": 1}'
    with pytest.raises(ValueError, match="cut off"):
        next(found)


def test_an_interrupted_file_goes_on_after_its_last_whole_line() -> None:
    line = json.dumps(EVENT).encode() + b"\n"
    file = io.BytesIO(line + line + line[:-20])
    assert _resumed(file) == (2, "2026-01-01T00:00:00Z,1")
    assert file.getvalue() == line + line
    assert _resumed(io.BytesIO()) == (0, None)


TEXTS = ["=1+1", "+1", "-1", "@a", "'", "'=1", "''", "\t", "\r\n=", "a", "a,b", '"', "＝1"]


@pytest.mark.parametrize("text", TEXTS)
def test_csv_gives_every_text_back_and_none_as_a_formula(text: str) -> None:
    event = {**EVENT, "event": text, "install": text, "message_id": text}
    written = b"".join(convert([json.dumps(event).encode()], "csv")).decode()
    (line,) = read_csv(io.StringIO(written, newline=""))
    found = json.loads(line)
    assert (found["event"], found["install"], found["message_id"]) == (text, text, text)
    assert found["properties"] == EVENT["properties"]
    assert not any(f",{mark}" in written for mark in "=+-@")


def test_parquet_keeps_instants_and_absence() -> None:
    written = b"".join(convert([json.dumps(EVENT).encode()] * 3, "parquet"))
    (row, *_) = pq.read_table(io.BytesIO(written)).to_pylist()
    assert row["original_time"] is None
    assert row["time"].isoformat() == "2026-01-01T00:00:00+00:00"
