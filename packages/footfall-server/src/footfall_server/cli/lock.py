"""Who has the data directory."""

from __future__ import annotations

import fcntl
import os
from typing import IO

from footfall_server.settings import Settings, SetupError


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
