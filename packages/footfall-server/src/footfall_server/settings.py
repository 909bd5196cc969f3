"""Where the server keeps its data and how it is reached: from arguments, else the environment."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from footfall_server.model.errors import FootfallError


class SetupError(FootfallError):
    """The server can't start; the message is one line that says what to do. Exit status 2."""

    status = 2


@dataclass(frozen=True, slots=True)
class Settings:
    """`port` 0 takes any free one. URLs: `chdb:///DIR/store`, `sqlite:///DIR/metadata.db`."""

    data: Path
    host: str
    port: int
    store_url: str
    database_url: str
    base_url: str | None
    secret_key: str | None = None

    @property
    def journal(self) -> Path:
        return self.data / "journal.db"

    @property
    def temporary(self) -> Path:
        return self.data / "tmp"

    @property
    def lock(self) -> Path:
        return self.data / "server.lock"


def read(
    environment: Mapping[str, str] = os.environ,
    *,
    data: Path | None = None,
    host: str | None = None,
    port: int | None = None,
) -> Settings:
    """Arguments win over the environment, which wins over the defaults. Raises SetupError."""
    folder = (data or Path(environment.get("FOOTFALL_DATA", "footfall-data"))).absolute()
    if port is None:
        text = environment.get("FOOTFALL_PORT", "8000")
        if not text.isdigit() or int(text) > 65535:
            raise SetupError("INVALID_PORT", f"FOOTFALL_PORT={text!r} is no port: use 0 to 65535.")
        port = int(text)
    return Settings(
        data=folder,
        host=host or environment.get("FOOTFALL_HOST", "127.0.0.1"),
        port=port,
        store_url=environment.get("FOOTFALL_STORE_URL", f"chdb://{folder}/store"),
        database_url=environment.get("FOOTFALL_DATABASE_URL", f"sqlite:///{folder}/metadata.db"),
        base_url=environment.get("FOOTFALL_BASE_URL"),
        secret_key=environment.get("FOOTFALL_SECRET_KEY") or None,
    )


def prepare(settings: Settings) -> None:
    """Make the data directory and see that it can be written. Raises SetupError."""
    probe = settings.data / f".write-test-{secrets.token_hex(4)}"
    try:
        settings.data.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise SetupError(
            "DATA_UNWRITABLE",
            f"The data directory {settings.data} can't be written ({error.strerror}):"
            " make it writable for this user, or name another one with --data.",
        ) from None


def secret(settings: Settings) -> bytes:
    """The server's own secret: FOOTFALL_SECRET_KEY, else a file that is made when it is absent.

    Raises SetupError when it is too short or can't be kept.
    """
    if settings.secret_key is not None:
        if len(settings.secret_key) < 32:
            raise SetupError(
                "WEAK_SECRET_KEY",
                "FOOTFALL_SECRET_KEY is too short: give it 32 characters or more.",
            )
        return settings.secret_key.encode()
    path = settings.data / "secret.key"
    try:
        if not path.exists():
            _make_secret(path)
        found = path.read_bytes().strip()
    except OSError as error:
        raise SetupError(
            "SECRET_KEY_UNREADABLE",
            f"{path} can't be used ({error.strerror}): make it readable for this user.",
        ) from None
    if len(found) < 32:
        raise SetupError(
            "SECRET_KEY_UNREADABLE",
            f"{path} is damaged: restore it from a backup, since marks of erased installs hang on"
            " it; without one, delete it.",
        )
    return found


def _make_secret(path: Path) -> None:
    """Whole or not at all, also when two processes are the first: one of them wins."""
    made = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(32))
        file.flush()
        os.fsync(file.fileno())
    with contextlib.suppress(FileExistsError):
        os.link(made, path)
    made.unlink()
