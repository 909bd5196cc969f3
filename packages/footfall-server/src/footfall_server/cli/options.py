"""What commands have in common: their options, the metadata, and how they print."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from footfall_server import settings as server_settings
from footfall_server.accounts import Accounts

Data = Annotated[
    Path | None,
    typer.Option("--data", help="The data directory.", envvar="FOOTFALL_DATA", show_default=False),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
T = TypeVar("T")


def with_accounts(data: Path | None, use: Callable[[Accounts], T]) -> T:
    """What `use` gives, with the metadata open for it."""
    settings = server_settings.read(data=data)
    server_settings.prepare(settings)
    accounts = Accounts(settings.database_url)
    try:
        return use(accounts)
    finally:
        accounts.close()


def print_result(document: Any, lines: list[str], as_json: bool) -> None:
    """The document as JSON, or the lines for people."""
    if as_json:
        print(json.dumps(document))
    else:
        print("\n".join(lines))
