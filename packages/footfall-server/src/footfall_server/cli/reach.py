"""The JSON API for commands: the running server's, else one that runs here while it is needed.

So a command has one way to work, whether the server runs or not: only one process can have the
store. A server of the command's own listens on a socket file that only this user can open.
"""

from __future__ import annotations

import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import httpx2
import msgspec
import uvicorn

from footfall_server.accounts import Accounts, Tokens
from footfall_server.accounts.tokens import Scope
from footfall_server.cli.listening import lock as hold
from footfall_server.model.errors import FootfallError, Unavailable
from footfall_server.operations.passes import issue
from footfall_server.settings import Settings, SetupError, prepare, secret_key

TRIES = 8
_LONGEST_WAIT = 60.0
_TIMEOUT = httpx2.Timeout(120, connect=10)


@contextmanager
def project_client(
    settings: Settings, project: str, scope: Scope = "write"
) -> Iterator[httpx2.Client]:
    """A client whose base is the project's address in the API, allowed in for as long as it lasts.

    Raises SetupError, and NotFound NO_SUCH_PROJECT.
    """
    prepare(settings)
    accounts = Accounts(settings.database_url)
    try:
        opened = accounts.project(project)
        with (
            Tokens(accounts).passing(opened, "a command", scope) as token,
            _server(settings) as (base, transport),
            httpx2.Client(
                base_url=f"{base}/api/v1/projects/{project}",
                headers={"authorization": f"Bearer {token}"},
                transport=transport,
                timeout=_TIMEOUT,
                trust_env=False,
            ) as client,
        ):
            yield client
    finally:
        accounts.close()


@contextmanager
def server_client(settings: Settings, seconds: float | None = 120) -> Iterator[httpx2.Client]:
    """A client for what an operator asks of a whole server; an answer may take `seconds`.

    Raises SetupError.
    """
    prepare(settings)
    with (
        _server(settings) as (base, transport),
        httpx2.Client(
            base_url=f"{base}/api/v1/server",
            headers={"authorization": f"Bearer {issue(secret_key(settings), time.time())}"},
            transport=transport,
            timeout=httpx2.Timeout(seconds, connect=10),
            trust_env=False,
        ) as client,
    ):
        yield client


@contextmanager
def _server(settings: Settings) -> Iterator[tuple[str, httpx2.BaseTransport | None]]:
    try:
        lock = hold(settings)
    except SetupError:
        yield _address(settings), None
        return
    with lock, tempfile.TemporaryDirectory(prefix="footfall-") as folder:
        path = Path(folder) / "server.sock"
        with _own_server(settings, path):
            yield "http://footfall", httpx2.HTTPTransport(uds=str(path))


def _address(settings: Settings) -> str:
    """Where the running server listens. A name in its settings may lead through a proxy: not it."""
    address = settings.data / "address"
    deadline = time.monotonic() + 10
    while not address.exists() and time.monotonic() < deadline:
        time.sleep(0.1)  # it has just been started
    if not address.exists():
        raise Unavailable(
            "NO_ADDRESS", f"A server has {settings.data}, but doesn't say where it listens."
        )
    return address.read_text().strip()


@contextmanager
def _own_server(settings: Settings, path: Path) -> Iterator[None]:
    from footfall_server.api.app import application
    from footfall_server.intake import open_intake
    from footfall_server.services import open_services

    intake = open_intake(
        settings.database_url, settings.journal, secret_key(settings), settings.salts
    )
    services = open_services(settings, "http://footfall", intake)
    try:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
            listener.listen()
            config = uvicorn.Config(
                application(services, _nothing), lifespan="off", log_config=None, access_log=False
            )
            server = uvicorn.Server(config)
            thread = threading.Thread(
                target=server.run, kwargs={"sockets": [listener]}, name="server", daemon=True
            )
            thread.start()
            try:
                yield
            finally:
                server.should_exit = True
                thread.join()
    finally:
        services.close()
        intake.close()


async def _nothing(scope: Any, receive: Any, send: Any) -> None:
    """No pages."""
    await send({"type": "http.response.start", "status": 404, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def wait_of(response: httpx2.Response, attempt: int) -> float:
    """Seconds to wait before trying again: what the server says, else longer each time."""
    said = response.headers.get("retry-after", "")
    return min(float(said) if said.isdigit() else 2.0**attempt, _LONGEST_WAIT)


def fail(response: httpx2.Response) -> NoReturn:
    """Raises the server's own error. The response must have been read."""
    try:
        document = msgspec.json.decode(response.content, type=dict[str, Any])
    except msgspec.MsgspecError:
        document = {}
    raise FootfallError(
        str(document.get("code", "HTTP_ERROR")),
        str(document.get("message", f"The server answered {response.status_code}.")),
    )
