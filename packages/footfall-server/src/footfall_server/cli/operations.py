"""`footfall-server doctor`, `backup` and `restore`."""

from __future__ import annotations

import json
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from footfall_server import settings as server_settings
from footfall_server.cli.with_accounts import AsJson, Data, say
from footfall_server.model.errors import FootfallError, Unavailable
from footfall_server.operations.findings import Finding, ok, wrong
from footfall_server.operations.outside import outside
from footfall_server.settings import Settings, SetupError

_SIGNS = {"ok": "ok    ", "notice": "notice", "wrong": "WRONG "}
_ERASE_SECONDS = 3_600.0
_POLL_SECONDS = 0.2


def doctor(data: Data = None, as_json: AsJson = False) -> None:
    """Check the whole server, whether it runs or not; status 1 when something is wrong."""
    found = _findings(data)
    sick = any(one.level == "wrong" for one in found)
    lines = []
    for one in found:
        lines.append(f"{_SIGNS[one.level]}  {one.about}: {one.text}")
        if one.advice:
            lines.append(f"        → {one.advice}")
    document = {"healthy": not sick, "findings": [msgspec.to_builtins(one) for one in found]}
    say(document, lines, as_json)
    if sick:
        sys.exit(1)


def _findings(data: Path | None) -> list[Finding]:
    try:
        settings = server_settings.read(data=data)
    except SetupError as error:
        return [wrong("configuration", error.message, "Correct it, then look again.")]
    found = outside(settings, os.environ, datetime.now(UTC))
    if any(one.level == "wrong" and one.about in ("data directory", "metadata") for one in found):
        return found  # the rest would be told by the same cause
    return found + _from_server(settings)


def _from_server(settings: Settings) -> list[Finding]:
    from footfall_server.cli.reach import server_client

    try:
        with server_client(settings) as client:
            answer = _asked(client, "GET", "/findings")
            said = ok("server", f"It answers at {str(client.base_url).split('/api/')[0]}.")
            if client.base_url.host == "footfall":
                said = ok("server", "None runs; what follows was seen by opening the store.")
            return [said, *msgspec.convert(answer, list[Finding])]
    except FootfallError as error:
        return [wrong("server", f"{error.message} [{error.code}]", "See the server's log.")]


def plan(
    events_per_day: Annotated[float, typer.Option(help="Such as 1e9.")],
    days: Annotated[int, typer.Option(help="How long they are kept.")] = 365,
    events_per_request: Annotated[float, typer.Option(help="How many come together.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Reckon what a number of events a day needs, from measured unit costs."""
    from footfall_server.operations.capacity import plan as reckon

    made = reckon(events_per_day, days, events_per_request)
    lines = [f"{events_per_day:,.0f} events a day, kept for {days} days"]
    for one in made.figures:
        value = f"{one.value:,.0f}" if one.value >= 100 else f"{one.value:.3g}"
        lines.append(f"  {one.name:16} {value:>12} {one.unit:14} {one.basis:12} {one.how}")
    say(msgspec.to_builtins(made), [*lines, made.advice], as_json)


def backup(
    folder: Annotated[Path, typer.Argument(help="Where the backups are kept, one a folder.")],
    full: Annotated[
        bool, typer.Option("--full", help="Leave nothing out that an earlier one has.")
    ] = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Back everything up while the server runs (or doesn't); after the first time what is new."""
    from footfall_server.cli.reach import server_client

    settings = server_settings.read(data=data)
    order = {"folder": str(folder.absolute()), "full": full}
    with server_client(settings, None) as client:
        made = _asked(client, "POST", "/backups", order)
    kind = f"what is new since {made['base']}" if made["base"] else "everything"
    line = (
        f"{folder / made['name']}: {kind}, {made['events']:,} rows of events, "
        f"{made['bytes'] / 1e6:.1f} MB."
    )
    say(made, [line], as_json)


def restore(
    folder: Annotated[Path, typer.Argument(help="Where the backups are kept.")],
    name: Annotated[
        str | None, typer.Option(help="Which of them.", show_default="the newest")
    ] = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Make an empty data directory what a backup says, without what was erased since."""
    from footfall_server.operations import restore as restoring

    settings = server_settings.read(data=data)
    folder = folder.absolute()
    chosen = restoring.choose(folder, name)
    if settings.restoring.exists():
        print("An earlier restore was interrupted: it begins again.", file=sys.stderr)
    erasures = restoring.restore(settings, folder, chosen)
    if erasures:
        _erase_again(settings)
    document = {"backup": chosen.name, "data": str(settings.data), "erasures": erasures}
    lines = [f"{settings.data} is what {chosen.name} says: {chosen.events:,} rows of events."]
    if erasures:
        lines.append(f"{erasures} erasures were done again.")
    say(document, lines, as_json)


def _erase_again(settings: Settings) -> None:
    """Raises Unavailable ERASE_WAITS."""
    from footfall_server.accounts import Accounts, Erasures
    from footfall_server.cli.reach import server_client

    deadline = time.monotonic() + _ERASE_SECONDS
    accounts = Accounts(settings.database_url)
    try:
        with server_client(settings):
            while Erasures(accounts).unfinished():
                if time.monotonic() > deadline:
                    raise Unavailable(
                        "ERASE_WAITS",
                        "Everything is restored, but not yet erased what was erased since: start "
                        "the server, and see with `footfall-server doctor` when it is.",
                    )
                time.sleep(_POLL_SECONDS)
    finally:
        accounts.close()


def _asked(client: Any, method: str, path: str, body: Any = None) -> Any:
    import httpx2

    from footfall_server.cli.reach import fail

    try:
        answer = client.request(method, path, json=body)
    except httpx2.HTTPError as error:
        raise Unavailable(
            "NO_ANSWER", f"The server that has the data directory doesn't answer ({error})."
        ) from None
    if not answer.is_success:
        fail(answer)
    return json.loads(answer.content)
