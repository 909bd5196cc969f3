"""What stands for an id within a day, and can't be followed into the next."""

from __future__ import annotations

import contextlib
import hmac
import os
import secrets
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

from footfall_server.model.errors import Unavailable
from footfall_server.model.privacy import Identity

_BYTES = 32


class Salts:
    """A random salt for each day (UTC), in a file of its own, which is destroyed with the day.

    Every process of a data directory uses the same one; a restart within the day finds it again.
    Ids are re-keyed by HMAC-SHA-256 of the salt, for each project differently.
    """

    def __init__(self, folder: Path, random: Callable[[int], bytes] = secrets.token_bytes) -> None:
        self._folder, self._random = folder, random
        self._day: date | None = None
        self._salt = b""

    def __call__(self, project: int, identity: Identity, now: datetime) -> Callable[[str], str]:
        """What stands for an id in this project at this moment.

        Raises Unavailable SALT_UNAVAILABLE.
        """
        if identity == "none":
            return _anonymous
        if identity == "install":
            return str
        day = now.astimezone(UTC).date()
        if day != self._day:
            try:
                self.destroy(now)
                self._salt, self._day = self._open(day), day
            except OSError as error:
                raise Unavailable(
                    "SALT_UNAVAILABLE",
                    f"The day's salt can't be kept ({error.strerror}): make {self._folder}"
                    " writable. Nothing was taken.",
                ) from None
        salt = self._salt

        def rekey(install: str) -> str:
            text = b"%d:%s" % (project, install.encode("utf-8", "replace"))
            return hmac.digest(salt, text, "sha256").hex()[:32]

        return rekey

    def destroy(self, now: datetime) -> int:
        """Destroy the salts of other days than today's; how many. Any thread may call it."""
        day = now.astimezone(UTC).date()
        gone = 0
        for path in self._folder.glob("*"):
            if path.name != day.isoformat():
                with contextlib.suppress(FileNotFoundError):
                    _shred(path)
                    gone += 1
        return gone

    def _open(self, day: date) -> bytes:
        """The day's salt; whole or not at all, also when two processes are the first."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        path = self._folder / day.isoformat()
        if not path.exists():
            made = self._folder / f".{secrets.token_hex(8)}"
            descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(self._random(_BYTES))
            with contextlib.suppress(FileExistsError):
                os.link(made, path)
            made.unlink()
        return path.read_bytes()


def _shred(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(bytes(_BYTES))
        os.fsync(file.fileno())
    path.unlink()


def _anonymous(install: str) -> str:
    return "anonymous"
