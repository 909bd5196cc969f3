"""What the commands over the metadata share."""

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
    """What `use` gives for the metadata of a data directory, while a server runs or doesn't."""
    settings = server_settings.read(data=data)
    server_settings.prepare(settings)
    accounts = Accounts(settings.database_url)
    try:
        return use(accounts)
    finally:
        accounts.close()


def say(document: Any, lines: list[str], as_json: bool) -> None:
    """The document as JSON, or the lines."""
    print(json.dumps(document) if as_json else "\n".join(lines))
