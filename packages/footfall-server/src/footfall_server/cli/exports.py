"""`footfall-server export`: a project's events into a file, or onto the standard output."""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

import httpx2
import msgspec
from rich.progress import Progress

from footfall_server.cli.progress import bar
from footfall_server.cli.reach import TRIES, fail, project_client, wait_of
from footfall_server.insights.archive import FORMATS
from footfall_server.settings import Settings

_PIECE = 5_000
_RETRY = (429, 503)


class _Place(msgspec.Struct):
    time: str
    order: int


class Report(Protocol):
    """Hears how many events there are, and of each number of them that has come."""

    def __call__(self, total: int | None, arrived: int) -> None: ...


def export(
    settings: Settings, project: str, form: str, start: str | None, end: str | None, output: Path
) -> int:
    """Writes the events of the range, oldest first, into a file; returns how many there are.

    What has come stays in a hidden file beside it, from which the same command goes on when it was
    interrupted. The file itself is there when it is whole.
    """
    wanted = {"from": start, "to": end, "consistent": "1"}
    parameters = {name: value for name, value in wanted.items() if value is not None}
    part = _part(output, project, parameters)
    with project_client(settings, project) as client, bar() as progress:
        task = progress.add_task(f"Export {project}", total=None)
        with part.open("a+b") as file:
            done, after = _resumed(file)
            progress.update(task, completed=done)

            def report(total: int | None, arrived: int) -> None:
                progress.update(task, advance=arrived)
                if total is not None:
                    progress.update(task, total=progress.tasks[task].completed + total)

            done += _fetch(client, parameters, after, file, report)
        if form == "ndjson":
            part.replace(output)
            return done
        _convert(part, output, form, done, progress)
    return done


def _part(output: Path, project: str, parameters: dict[str, str]) -> Path:
    """Another question has another file, so that two are never mixed."""
    digest = hashlib.blake2b(repr((project, sorted(parameters.items()))).encode(), digest_size=6)
    return output.with_name(f".{output.name}.{digest.hexdigest()}.part")


def _resumed(file: BinaryIO) -> tuple[int, str | None]:
    """Cuts off a line that isn't whole; how many events there are, and the place of the last."""
    file.seek(0)
    done, whole, last = 0, 0, b""
    for line in file:
        if not line.endswith(b"\n"):
            break
        done, whole, last = done + 1, whole + len(line), line
    file.truncate(whole)
    file.seek(whole)
    return done, _place(last) if last else None


def _place(line: bytes) -> str:
    place = msgspec.json.decode(line, type=_Place)
    return f"{place.time},{place.order}"


def _fetch(
    client: httpx2.Client,
    parameters: dict[str, str],
    after: str | None,
    file: BinaryIO,
    report: Report,
) -> int:
    """Everything that is still to come; goes on by itself after a broken connection."""
    fetched, attempt = 0, 0
    while True:
        asked = {**parameters, **({"after": after} if after else {})}
        try:
            with client.stream("GET", "/export", params=asked) as response:
                if response.status_code in _RETRY and attempt < TRIES:
                    time.sleep(wait_of(response, attempt))
                    attempt += 1
                    continue
                if response.status_code != 200:
                    response.read()
                    fail(response)
                report(int(response.headers["footfall-events"]), 0)
                for lines in _whole_lines(response.iter_bytes()):
                    file.write(lines)
                    count = lines.count(b"\n")
                    fetched, attempt = fetched + count, 0
                    after = _place(lines.rstrip(b"\n").rpartition(b"\n")[2])
                    report(None, count)
            return fetched
        except httpx2.TransportError:
            file.flush()
            attempt += 1
            if attempt > TRIES:
                raise
            time.sleep(min(2.0**attempt, 30))


def _whole_lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        whole, end, rest = (rest + chunk).rpartition(b"\n")
        if end:
            yield whole + end


def _convert(part: Path, output: Path, form: str, total: int, progress: Progress) -> None:
    task = progress.add_task(f"Write {output.name}", total=total)
    made = output.with_name(f".{output.name}.made")
    with part.open("rb") as source, made.open("wb") as target:
        for piece in convert(source, form):
            target.write(piece)
            progress.update(task, advance=_PIECE)
    made.replace(output)
    part.unlink()


def convert(lines: Iterable[bytes], form: str) -> Iterator[bytes]:
    """Lines of an export → the bytes of a file in another format, piece by piece."""
    writer, waiting = FORMATS[form](), []
    for line in lines:
        waiting.append(msgspec.json.decode(line))
        if len(waiting) == _PIECE:
            yield writer.add(waiting)
            waiting = []
    yield writer.add(waiting)
    yield writer.end()


def pour(settings: Settings, project: str, form: str, start: str | None, end: str | None) -> None:
    """The same onto the standard output, as it comes."""
    wanted = {"from": start, "to": end, "format": form, "consistent": "1"}
    parameters = {name: value for name, value in wanted.items() if value is not None}
    with (
        project_client(settings, project) as client,
        client.stream("GET", "/export", params=parameters) as response,
    ):
        if response.status_code != 200:
            response.read()
            fail(response)
        for chunk in response.iter_bytes():
            sys.stdout.buffer.write(chunk)
        sys.stdout.buffer.flush()
