"""`footfall-server rejected list|show|replay NAME`."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Protocol
from urllib.parse import quote, urlencode

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from footfall_server.cli.remote import Remote, running
from footfall_server.cli.with_accounts import AsJson, Data, T, say
from footfall_server.model.errors import FootfallError

if TYPE_CHECKING:
    from footfall_server.rejected import RejectedStore
    from footfall_server.settings import Settings

rejected = typer.Typer(help="What the door refused, and trying it again.", no_args_is_help=True)

Reason = Annotated[str | None, typer.Option(help="Only those refused for this reason.")]


class _Way(Protocol):
    """Both ways to the rejected store answer alike."""

    def page(self, parameters: Mapping[str, str]) -> dict[str, Any]: ...
    def one(self, id_: str) -> dict[str, Any]: ...
    def replay(self, selection: dict[str, Any]) -> dict[str, Any]: ...


@rejected.command("list")
def rejected_list(
    name: str,
    reason: Reason = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many.")] = 20,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """List refused events, newest first."""
    parameters = {"limit": str(limit), **({"reason": reason} if reason else {})}
    page = _ask(data, name, lambda way: way.page(parameters))
    if as_json:
        print(json.dumps(page))
        return
    if not page["rows"]:
        print("Nothing was refused.")
        return
    table = Table("id", "received", "reason", "message", box=None, pad_edge=False)
    for row in page["rows"]:
        texts = (row["id"], row["received_at"], row["reason"], row["message"])
        table.add_row(*[Text(text) for text in texts])
    Console().print(table)
    if page["cursor"]:
        print(f"There are more than {limit}: --limit shows them.")


@rejected.command("show")
def rejected_show(
    name: str,
    id_: Annotated[str, typer.Argument(metavar="ID")],
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Show a refused event with what was sent."""
    row = _ask(data, name, lambda way: way.one(id_))
    lines = [
        f"{field:<12} {row[field]}"
        for field in ("id", "received_at", "dialect", "reason", "message")
    ]
    say(row, [*lines, "", row["body"]], as_json)


@rejected.command("replay")
def rejected_replay(
    name: str,
    ids: Annotated[list[str] | None, typer.Argument(metavar="[ID]...")] = None,
    reason: Reason = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Try refused events again: these, or those of a reason, or all."""
    selection: dict[str, Any] = {"ids": ids} if ids else {"reason": reason} if reason else {}
    total: dict[str, Any] = {"replayed": 0, "accepted": 0, "refused": 0, "reasons": {}}

    def all_of_them(way: _Way) -> None:
        cursor: str | None = None
        while True:
            more = {"cursor": cursor} if cursor else {}
            done = way.replay(selection | more)
            for field in ("replayed", "accepted", "refused"):
                total[field] += done[field]
            for each, count in done["reasons"].items():
                total["reasons"][each] = total["reasons"].get(each, 0) + count
            cursor = done["cursor"]
            if cursor is None:
                return

    _ask(data, name, all_of_them)
    lines = [f"{total['accepted']} accepted, {total['refused']} refused again."]
    lines += [f"  {each}  {count}" for each, count in sorted(total["reasons"].items())]
    say(total, lines, as_json)


def _ask(data: Path | None, name: str, use: Callable[[_Way], T]) -> T:
    with running(data, name) as found:
        if isinstance(found, Remote):
            return use(_There(found))
        return _here(found, name, use)


def _here(settings: Settings, name: str, use: Callable[[_Way], T]) -> T:
    from footfall_server.intake import open_intake
    from footfall_server.rejected import RejectedStore
    from footfall_server.services import open_services
    from footfall_server.settings import secret_key

    intake = open_intake(
        settings.database_url, settings.journal, secret_key(settings), settings.salts
    )
    services = open_services(settings, "", intake)
    try:
        with contextlib.closing(asyncio.new_event_loop()) as loop:
            store = RejectedStore(services)
            return use(_Here(store, services.accounts.project(name), loop.run_until_complete))
    finally:
        carried = services.close()
        intake.close()
        if not carried:
            raise FootfallError(
                "STORE_BEHIND", "The store did not take everything: start the server to go on."
            )


class _Here:
    def __init__(
        self,
        store: RejectedStore,
        project: Any,
        run: Callable[[Coroutine[Any, Any, Any]], Any],
    ) -> None:
        self._store, self._project, self._run = store, project, run

    def page(self, parameters: Mapping[str, str]) -> dict[str, Any]:
        found: dict[str, Any] = self._run(self._store.page(self._project, parameters))
        return found

    def one(self, id_: str) -> dict[str, Any]:
        found: dict[str, Any] = self._run(self._store.one(self._project, id_))
        return found

    def replay(self, selection: dict[str, Any]) -> dict[str, Any]:
        from footfall_server.rejected import read_selection

        chosen = read_selection(json.dumps(selection).encode())
        done: dict[str, Any] = self._run(self._store.replay(self._project, chosen)).document()
        return done


class _There:
    def __init__(self, remote: Remote) -> None:
        self._remote = remote

    def page(self, parameters: Mapping[str, str]) -> dict[str, Any]:
        found: dict[str, Any] = self._remote.call("GET", f"/rejected?{urlencode(parameters)}")
        return found

    def one(self, id_: str) -> dict[str, Any]:
        found: dict[str, Any] = self._remote.call("GET", f"/rejected/{quote(id_, safe='')}")
        return found

    def replay(self, selection: dict[str, Any]) -> dict[str, Any]:
        done: dict[str, Any] = self._remote.call("POST", "/rejected/replay", selection)
        return done
