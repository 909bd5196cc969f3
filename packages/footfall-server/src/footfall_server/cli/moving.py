"""`footfall-server migrate-store`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from footfall_server import settings as server_settings
from footfall_server.accounts import Accounts, Erasures
from footfall_server.cli.progress import bar
from footfall_server.cli.with_accounts import AsJson, Data, say
from footfall_server.model.errors import Conflict


def migrate_store(
    source: Annotated[
        str, typer.Argument(metavar="FROM", help="The embedded store: chdb:///path, or its path.")
    ],
    target: Annotated[
        str,
        typer.Argument(
            metavar="TO",
            help="clickhouse://…, or an embedded store that nobody has open.",
            envvar="FOOTFALL_STORE_URL",
            show_envvar=True,
        ),
    ],
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Copy a store into another one while servers run; again after a kill, or for what came since.

    The data directory is that of FROM's server: its secret key and its receipts of erasures.
    """
    from footfall_server.cli import stores  # the engine, which other commands start without
    from footfall_server.operations.moving import Shown, erased_installs, move

    settings = replace(server_settings.read(data=data), store_url=_url(source))
    target = _url(target)
    if target == settings.store_url:
        raise Conflict("SAME_STORE", "FROM and TO are the same store.")
    until = datetime.now(UTC)
    accounts = Accounts(settings.database_url)
    secret = server_settings.secret_key(settings)
    try:
        with (
            stores.source(settings) as read,
            stores.target(target, settings) as written,
            bar() as progress,
        ):
            task = progress.add_task("rows")

            def begin(rows: int) -> None:
                progress.reset(task, total=rows)

            def advance(day: Any, rows: int) -> None:
                progress.update(task, advance=rows, description=f"{day.table} {day.day}")

            def erased() -> Sequence[Any]:
                return erased_installs(Erasures(accounts), secret)

            moved = move(read, written, erased, until, Shown(begin, advance))
    finally:
        accounts.close()
    line = (
        f"{moved.rows:,} rows of {moved.days:,} days are equal on both sides; {moved.copied:,} "
        "were copied this time."
    )
    document = {"days": moved.days, "rows": moved.rows, "copied": moved.copied}
    say(document, [line], as_json)


def _url(given: str) -> str:
    return given if "://" in given else f"chdb://{Path(given).absolute()}"
