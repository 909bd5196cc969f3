"""Commands that need the store: through the server that has it, else by opening it."""

from __future__ import annotations

import contextlib
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from footfall_server import settings as server_settings
from footfall_server.accounts import Accounts, Tokens
from footfall_server.cli.listening import lock
from footfall_server.model.errors import FootfallError, Unavailable
from footfall_server.settings import Settings

_SECONDS = 600


class Remote:
    """A project of the running server, asked over HTTP."""

    def __init__(self, address: str, name: str, token: str) -> None:
        self._base = f"{address}/api/v1/projects/{name}"
        self._token = token

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The answer's JSON. Raises the server's own error, and Unavailable SERVER_UNREACHABLE."""
        request = urllib.request.Request(  # noqa: S310 - the address is the server's own file's
            f"{self._base}{path}",
            None if body is None else json.dumps(body).encode(),
            {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"},
            method=method,
        )
        try:
            with urllib.request.urlopen(request, timeout=_SECONDS) as response:  # noqa: S310
                return json.loads(response.read() or b"null")
        except urllib.error.HTTPError as error:
            with error:
                problem = json.loads(error.read())
            raise FootfallError(problem["code"], problem["message"]) from None
        except OSError as error:
            raise Unavailable(
                "SERVER_UNREACHABLE",
                f"The server on {self._base.partition('/api')[0]} has the data directory and "
                f"doesn't answer ({error}): try again, or stop it.",
            ) from None


@contextlib.contextmanager
def running(data: Path | None, name: str) -> Iterator[Remote | Settings]:
    """The running server's project; where none runs, the settings to open the data with.

    In that case no server can start until this ends. Raises NotFound NO_SUCH_PROJECT.
    """
    settings = server_settings.read(data=data)
    server_settings.prepare(settings)
    with contextlib.closing(Accounts(settings.database_url)) as accounts:
        project = accounts.project(name)
        try:
            held = lock(settings)
        except server_settings.SetupError:
            address = (settings.data / "address").read_text().strip()
            tokens = Tokens(accounts)
            token = tokens.create(project, "a command, while it runs")
            try:
                yield Remote(address, name, token)
            finally:
                tokens.forget(token)
            return
        with held:
            yield settings
