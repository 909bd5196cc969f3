"""The port and the data directory: who else has them, said in one clear line."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import sys
from typing import IO

from footfall_server.settings import Settings, SetupError

_BACKLOG = 2_048


def lock(settings: Settings) -> IO[str]:
    """One server a data directory. The lock goes with the process, however it ends.

    Raises SetupError DATA_IN_USE.
    """
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


def listen(host: str, port: int, count: int = 1) -> list[socket.socket]:
    """`count` sockets on one port (0: any free one), among which the system shares connections out.

    Where it can't (only Linux does), all share one. Raises SetupError PORT_IN_USE, CANNOT_LISTEN.
    """
    first = _listener(host, port)
    if count == 1 or sys.platform != "linux":
        return [first, *(first.dup() for _ in range(count - 1))]
    # The first one was bound alone, so nobody else has the port; those that share it come after.
    port = first.getsockname()[1]
    first.close()
    return [_listener(host, port, shared=True) for _ in range(count)]


def _listener(host: str, port: int, *, shared: bool = False) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
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
    return listener


def url(host: str, listener: socket.socket) -> str:
    """Where people reach it."""
    port = listener.getsockname()[1]
    if host in ("0.0.0.0", "::", ""):  # noqa: S104 - for people, who can't open these
        return f"http://127.0.0.1:{port}"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
