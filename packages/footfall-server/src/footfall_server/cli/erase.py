"""`footfall-server erase`: everything of an install, wherever the server keeps it."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from footfall_server import settings as server_settings
from footfall_server.cli.with_accounts import AsJson, Data, say
from footfall_server.model.errors import Unavailable
from footfall_server.settings import Settings

_POLL_SECONDS = 0.2


def erase(
    name: str,
    install: Annotated[list[str], typer.Option(help="An install id; may be given repeatedly.")],
    block: Annotated[
        bool, typer.Option("--block", help="Refuse what it sends from now on.")
    ] = False,
    timeout: Annotated[float, typer.Option(help="Seconds to wait until it is done.")] = 600,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Erase everything of an install; prints the receipt when every copy is gone."""
    settings = server_settings.read(data=data)
    receipt = erased(settings, name, install, block=block, timeout=timeout)
    lines = [f"Erased {receipt['installs']} install(s) of {name}; receipt {receipt['id']}."]
    for place, said in receipt["places"].items():
        lines.append(f"  {place:10} " + (f"{said['rows']} rows" if "rows" in said else "clean"))
    if block:
        lines.append("  What they send from now on is refused.")
    say({"project": name, **receipt}, lines, as_json)


def erased(
    settings: Settings, name: str, installs: Sequence[str], *, block: bool, timeout: float
) -> dict[str, Any]:
    """The receipt, once every copy is gone.

    Raises NotFound NO_SUCH_PROJECT, and Unavailable ERASE_WAITS when it isn't done in `timeout`
    seconds: it goes on then, as soon as a server runs.
    """
    from footfall_server.cli.reach import fail, project_client

    deadline = time.monotonic() + timeout
    with project_client(settings, name, "admin") as client:
        answer = client.post("/erase", json={"installs": list(installs), "block": block})
        while True:
            if not answer.is_success:
                fail(answer)
            receipt: dict[str, Any] = json.loads(answer.content)
            if receipt["state"] == "done":
                return receipt
            if time.monotonic() > deadline:
                raise Unavailable(
                    "ERASE_WAITS",
                    f"The erasure {receipt['id']} isn't done yet"
                    f" ({receipt.get('problem', receipt['state'])}): it goes on while a server"
                    " runs.",
                )
            time.sleep(_POLL_SECONDS)
            answer = client.get(f"/erase/{receipt['id']}")
