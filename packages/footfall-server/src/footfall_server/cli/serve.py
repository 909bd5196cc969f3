"""`footfall-server serve`: everything in one process, until a signal stops it."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import gc
import logging
import os
import signal
import socket
from typing import IO

import uvicorn
import uvloop

from footfall_server.api.app import application
from footfall_server.cli.logs import configure
from footfall_server.services import Services, open_services
from footfall_server.settings import Settings, SetupError, prepare
from footfall_server.web import pages

log = logging.getLogger("footfall_server")
_MAINTENANCE_SECONDS = 300


def serve(settings: Settings) -> None:
    """Run until SIGINT or SIGTERM; then stop accepting, finish, carry on what is left, return.

    Raises SetupError with one clear line when it can't start; nothing is changed then.
    """
    prepare(settings)
    configure()
    with lock(settings):
        listener = _listen(settings.host, settings.port)
        port = listener.getsockname()[1]
        address = f"http://{_literal(settings.host)}:{port}"
        services = open_services(settings, settings.base_url or address)
        try:
            (settings.data / "address").write_text(f"{address}\n")
            _run(services, listener, address)
        finally:
            listener.close()
            if not services.close():
                log.warning("the store did not take everything: the rest follows at the next start")


def _run(services: Services, listener: socket.socket, address: str) -> None:
    config = uvicorn.Config(
        application(services, pages(services)),
        loop="uvloop",
        http="httptools",
        lifespan="off",
        access_log=False,
        log_config=None,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=30,
        backlog=2048,
    )
    server = uvicorn.Server(config)

    def stop(number: int, frame: object) -> None:
        server.should_exit = True

    # They hold until uvicorn has its own, and again when it hands the signal on after it has
    # finished: so the exit status stays 0.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    # A request's events live for milliseconds: collecting the young often finds nothing.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)

    async def main() -> None:
        upkeep = asyncio.create_task(_maintain(services))
        try:
            await server.serve(sockets=[listener])
        finally:
            upkeep.cancel()

    print(f"Footfall is listening on {address}", flush=True)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())


async def _maintain(services: Services) -> None:
    """Now and then merge what reading would otherwise have to merge each time."""
    while True:
        await asyncio.sleep(_MAINTENANCE_SECONDS)
        try:
            await asyncio.to_thread(services.store.maintain)
        except Exception:
            log.exception("maintenance failed; it is tried again later")


def lock(settings: Settings) -> IO[str]:
    """One server a data directory. The lock goes with the process, however it ends."""
    file = settings.lock.open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.seek(0)
        holder = file.read().strip() or "another process"
        file.close()
        raise SetupError(
            "DATA_IN_USE",
            f"The data directory {settings.data} is in use by process {holder}:"
            " stop that server, or name another directory with --data.",
        ) from None
    file.truncate(0)
    file.write(f"{os.getpid()}\n")
    file.flush()
    return file


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(2048)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise SetupError(
                "PORT_IN_USE",
                f"Port {port} on {host} is in use: stop what listens there, or choose another "
                "port with --port.",
            ) from None
        raise SetupError(
            "CANNOT_LISTEN",
            f"Can't listen on {host} port {port} ({error.strerror}): choose another --host or "
            "--port.",
        ) from None
    listener.set_inheritable(True)
    return listener


def _literal(host: str) -> str:
    if host in ("0.0.0.0", "::", ""):  # noqa: S104 - for people, who can't open these
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host
