"""`footfall-server import`: events of an archive into a project, each once, however often."""

from __future__ import annotations

import codecs
import csv
import gzip
import hashlib
import io
import json
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, cast

import httpx2
import msgspec

from footfall_server.cli.progress import bar
from footfall_server.cli.reach import TRIES, fail, project_client, wait_of
from footfall_server.insights.archive import read_csv, read_parquet
from footfall_server.model.errors import BadRequest, NotFound
from footfall_server.settings import Settings

_LINES, _BYTES = 5_000, 8 * 1024 * 1024
_MAX_MEMBER = 4 * 1024 * 1024
_RETRY = (429, 503)
_SPACE = b" \t\r\n"


@dataclass
class Imported:
    """What became of the lines so far; `lines` are those that the server has answered."""

    lines: int = 0
    accepted: int = 0
    rejected: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    def add(self, tally: dict[str, Any]) -> None:
        self.lines += tally["lines"]
        self.accepted += tally["accepted"]
        self.rejected += tally["rejected"]
        self.reasons.update(tally["reasons"])


def import_files(settings: Settings, project: str, form: str, paths: list[Path]) -> Imported:
    """Reads each file as a stream. An interrupted import goes on where it was with the same call.

    Raises NotFound NO_SUCH_FILE before anything is read, and BadRequest UNREADABLE_FILE.
    """
    for path in paths:
        if not path.is_file():
            raise NotFound("NO_SUCH_FILE", f"There is no file {path}.")
    whole = Imported()
    with project_client(settings, project) as client, bar() as progress:
        for path in paths:
            size = path.stat().st_size
            task = progress.add_task(path.name, total=size)

            def report(place: int, task: Any = task) -> None:
                progress.update(task, completed=place)

            state = _state(settings, project, form, path)
            found = _one(client, form, path, state, report)
            progress.update(task, completed=size)
            state.unlink(missing_ok=True)
            whole.add(vars(found))
    return whole


def _one(
    client: httpx2.Client, form: str, path: Path, state: Path, report: Callable[[int], None]
) -> Imported:
    found = _remembered(state)
    skip = found.lines
    with path.open("rb") as raw:
        for lines in _batches(_lines(path, raw, form)):
            if skip >= len(lines):
                skip -= len(lines)
                continue
            found.add(_send(client, form, lines[skip:]))
            skip = 0
            _remember(state, found)
            report(raw.tell())
    return found


def _state(settings: Settings, project: str, form: str, path: Path) -> Path:
    """Where an import of this file, as it is now, has got to."""
    known = path.stat()
    what = (project, form, str(path.resolve()), known.st_size, known.st_mtime_ns)
    digest = hashlib.blake2b(repr(what).encode(), digest_size=12).hexdigest()
    folder = settings.data / "imports"
    folder.mkdir(exist_ok=True)
    return folder / f"{digest}.json"


def _remembered(state: Path) -> Imported:
    try:
        document = json.loads(state.read_bytes())
        return Imported(**{**document, "reasons": Counter(document["reasons"])})
    except (OSError, ValueError, TypeError, KeyError):
        return Imported()


def _remember(state: Path, found: Imported) -> None:
    new = state.with_suffix(".new")
    new.write_text(json.dumps(vars(found)))
    new.replace(state)


def _send(client: httpx2.Client, form: str, lines: list[bytes]) -> dict[str, Any]:
    body = b"\n".join(lines)
    attempt = 0
    while True:
        try:
            response = client.post("/import", params={"format": form}, content=body)
        except httpx2.TransportError:
            attempt += 1
            if attempt > TRIES:
                raise
            time.sleep(min(2.0**attempt, 30))
            continue
        if response.status_code == 200:
            return msgspec.json.decode(response.content, type=dict[str, Any])
        if response.status_code not in _RETRY or attempt >= TRIES:
            fail(response)
        time.sleep(wait_of(response, attempt))
        attempt += 1


def _batches(lines: Iterator[bytes]) -> Iterator[list[bytes]]:
    batch: list[bytes] = []
    size = 0
    for line in lines:
        batch.append(line)
        size += len(line)
        if len(batch) >= _LINES or size >= _BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _lines(path: Path, raw: BinaryIO, form: str) -> Iterator[bytes]:
    """The events of a file as lines of JSON, whatever it is: gzip is known by its first bytes."""
    try:
        if path.suffix == ".parquet":
            yield from read_parquet(path)
            return
        packed = raw.peek(2)[:2] == b"\x1f\x8b" if hasattr(raw, "peek") else False
        file = cast("BinaryIO", gzip.GzipFile(fileobj=raw)) if packed else raw
        if ".csv" in path.suffixes:
            text = io.TextIOWrapper(file, "utf-8-sig", errors="replace", newline="")
            try:
                yield from read_csv(text)
            finally:
                text.detach()  # else it would close the file with itself
            return
        yield from _json_lines(file)
    except (OSError, EOFError, ValueError, csv.Error, zlib.error) as error:
        raise BadRequest(
            "UNREADABLE_FILE",
            f"{path} can't be read to its end ({error}); what came before is imported, and the "
            "same command goes on there.",
        ) from error


def _json_lines(file: BinaryIO) -> Iterator[bytes]:
    """Lines, or the members of one list that spans them."""
    first = b""
    for line in file:
        if line.strip(_SPACE):
            first = line.lstrip(b"\xef\xbb\xbf")
            break
    if first.lstrip(_SPACE).startswith(b"["):
        yield from members(first, file)
        return
    if first:
        yield first.strip(_SPACE)
    for line in file:
        if line.strip(_SPACE):
            yield line.strip(_SPACE)


def members(first: bytes, file: BinaryIO) -> Iterator[bytes]:
    """The members of a JSON list, one after another, as lines of JSON.

    Raises ValueError where the list isn't JSON any more, or a member is larger than 4 MB.
    """
    decoder = json.JSONDecoder()
    text = first.decode().lstrip().removeprefix("[")
    reader = codecs.getincrementaldecoder("utf-8")()
    ended = False
    while True:
        text = text.lstrip(" \t\r\n,")
        if text.startswith("]"):
            return
        try:
            member, end = decoder.raw_decode(text)
            # A number at the very end may go on; objects and lists are whole when they close.
            if end == len(text) and not ended and not isinstance(member, dict | list):
                raise json.JSONDecodeError("it may go on", text, end)
        except json.JSONDecodeError:
            if ended or len(text) > _MAX_MEMBER:
                raise ValueError("the list is cut off, or isn't JSON") from None
            more = file.read(64 * 1024)
            ended = not more
            text += reader.decode(more, final=ended)
            continue
        yield json.dumps(member).encode()
        text = text[end:]
