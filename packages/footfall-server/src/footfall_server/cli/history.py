"""The commands `export` and `import`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from footfall_server import settings as server_settings
from footfall_server.cli.with_accounts import AsJson, Data, say
from footfall_server.model.errors import BadRequest


class FileFormat(StrEnum):
    """What an export is written as."""

    NDJSON = "ndjson"
    CSV = "csv"
    PARQUET = "parquet"


class ArchiveFormat(StrEnum):
    """Whose archive an import reads."""

    FOOTFALL = "footfall"
    MIXPANEL = "mixpanel"
    POSTHOG = "posthog"
    SEGMENT = "segment"


_DAY = "A date or an RFC 3339 instant."


def export(
    name: str,
    start: Annotated[str | None, typer.Option("--from", help=f"{_DAY} Inside.")] = None,
    end: Annotated[
        str | None, typer.Option("--to", help=f"{_DAY} A date is inside, an instant outside.")
    ] = None,
    form: Annotated[
        FileFormat | None,
        typer.Option("--format", help="By default what the file's name says, else NDJSON."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file; the standard output if absent.")
    ] = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Write a project's events as NDJSON, CSV or Parquet. An interrupted export goes on."""
    from footfall_server.cli import exports

    settings = server_settings.read(data=data)
    chosen = form or _by_name(output)
    if output is None:
        exports.pour(settings, name, chosen, start, end)
        return
    events = exports.export(settings, name, chosen, start, end, output)
    say({"events": events, "file": str(output)}, [f"Wrote {events:,} events to {output}."], as_json)


def import_(
    name: str,
    files: Annotated[list[Path], typer.Argument(help="NDJSON, JSON, CSV or Parquet; gzip too.")],
    form: Annotated[
        ArchiveFormat, typer.Option("--format", help="Whose archive it is.")
    ] = ArchiveFormat.FOOTFALL,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Read events into a project. Each counts once, however often it is read."""
    from footfall_server.cli import imports

    found = imports.import_files(server_settings.read(data=data), name, form, files)
    document = {"lines": found.lines, "accepted": found.accepted, "rejected": found.rejected}
    text = f"Took {found.accepted:,} of {found.lines:,} events."
    if found.rejected:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in found.reasons.most_common())
        text += f" {found.rejected:,} were rejected ({reasons}); they are kept with their reasons."
    say({**document, "reasons": dict(found.reasons)}, [text], as_json)
    if found.rejected and not found.accepted:
        raise BadRequest(
            "NOTHING_IMPORTED", "No line was an event: see that --format names the archive's kind."
        )


def _by_name(output: Path | None) -> str:
    suffix = output.suffix.removeprefix(".") if output else ""
    return suffix if suffix in list(FileFormat) else FileFormat.NDJSON
