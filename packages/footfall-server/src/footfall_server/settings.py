"""Where the server keeps its data and how it is reached: from arguments, else the environment."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from footfall_server.model.errors import FootfallError
from footfall_server.model.machine import memory_bytes
from footfall_server.model.openid import OpenId, is_safe

JOURNAL_BYTES = 8 << 30
"""How much may wait for the store, if the operator says nothing."""
QUERY_BYTES = max(2 << 30, memory_bytes() // 5)
"""The memory that a query may take, if the operator says nothing: four run at a time."""

NAMES = frozenset(
    f"FOOTFALL_{name}"
    for name in (
        "ALLOW_NETWORKS", "BASE_URL", "DATA", "DATABASE_URL", "FILES", "HOST", "IDLE_SECONDS",
        "JOURNAL_BYTES", "OIDC_ALLOWED", "OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET", "OIDC_ISSUER",
        "OIDC_NAME", "OIDC_ONLY", "PORT", "QUERY_BYTES", "QUERY_SECONDS", "REJECTED_DAYS",
        "REQUEST_SECONDS", "ROLE", "SECRET_KEY", "SLOW_QUERY_SECONDS", "STORE_URL", "TOKEN",
        "WORKERS",
    )
)  # fmt: skip
"""Every variable that the server or its commands read."""


class SetupError(FootfallError):
    """The server can't start; the message is one line that says what to do. Exit status 2."""

    status = 2


@dataclass(frozen=True, slots=True)
class Settings:
    """`port` 0 takes any free one. URLs: `chdb:///DIR/store`, `sqlite:///DIR/metadata.db`.

    `journal_bytes`: how much may wait for the store. `idle_seconds`: how long a client may pause
    within a request, or take for its head; `request_seconds`: for all of it. `rejected_days`: how
    long refused events are kept where a project doesn't say. `slow_query_seconds`: queries that
    take as long are logged. `query_seconds`, `query_bytes`: how long one may take, and how much
    memory.
    """

    data: Path
    host: str
    port: int
    store_url: str = field(repr=False)  # URLs may hold a password
    database_url: str = field(repr=False)
    base_url: str | None
    journal_bytes: int = JOURNAL_BYTES
    idle_seconds: float = 20
    request_seconds: float = 120
    rejected_days: int = 30
    slow_query_seconds: float = 5
    query_seconds: float = 30
    query_bytes: int = QUERY_BYTES
    files_folder: Path | None = None
    openid: OpenId | None = None

    @property
    def files(self) -> Path:
        """The folder below which destinations may write files."""
        return self.files_folder or self.data / "files"

    @property
    def journal(self) -> Path:
        return self.data / "journal.db"

    @property
    def journals(self) -> Path:
        """Where each collector process has a journal of its own."""
        return self.data / "journals"

    @property
    def salts(self) -> Path:
        """By which ids are re-keyed for a day; not to be backed up."""
        return self.data / "salts"

    @property
    def outbox(self) -> Path:
        """What destinations still have to get."""
        return self.data / "outbox.db"

    @property
    def followed(self) -> Path:
        """Says until when other servers' erasures were done here too."""
        return self.data / "erasures-followed"

    @property
    def temporary(self) -> Path:
        return self.data / "tmp"

    @property
    def restoring(self) -> Path:
        """Is there while a restore isn't finished."""
        return self.data / "restoring"

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

    def number(name: str, default: float) -> float:
        value = environment.get(name, str(default))
        try:
            found = float(value)
        except ValueError:
            found = 0.0
        if not 0 < found < 2**53:
            raise SetupError("INVALID_NUMBER", f"{name}={value!r} is no number above 0.")
        return found

    return Settings(
        data=folder,
        host=host or environment.get("FOOTFALL_HOST", "127.0.0.1"),
        port=port,
        store_url=environment.get("FOOTFALL_STORE_URL", f"chdb://{folder}/store"),
        database_url=environment.get("FOOTFALL_DATABASE_URL", f"sqlite:///{folder}/metadata.db"),
        base_url=environment.get("FOOTFALL_BASE_URL"),
        journal_bytes=int(number("FOOTFALL_JOURNAL_BYTES", JOURNAL_BYTES)),
        idle_seconds=number("FOOTFALL_IDLE_SECONDS", 20),
        request_seconds=number("FOOTFALL_REQUEST_SECONDS", 120),
        rejected_days=int(max(1, number("FOOTFALL_REJECTED_DAYS", 30))),
        slow_query_seconds=number("FOOTFALL_SLOW_QUERY_SECONDS", 5),
        query_seconds=number("FOOTFALL_QUERY_SECONDS", 30),
        query_bytes=int(number("FOOTFALL_QUERY_BYTES", QUERY_BYTES)),
        files_folder=Path(files).absolute()
        if (files := environment.get("FOOTFALL_FILES"))
        else None,
        openid=read_openid(environment),
    )


def read_openid(environment: Mapping[str, str]) -> OpenId | None:
    """The provider that signs people in; None where there is none. Raises SetupError."""
    given = {
        name: environment.get(f"FOOTFALL_OIDC_{name}", "").strip()
        for name in ("ISSUER", "CLIENT_ID", "CLIENT_SECRET", "NAME", "ALLOWED", "ONLY")
    }
    if not given["ISSUER"] and not given["CLIENT_ID"]:
        if given["ONLY"] == "1":
            raise SetupError(
                "INVALID_OIDC",
                "FOOTFALL_OIDC_ONLY=1 needs FOOTFALL_OIDC_ISSUER and FOOTFALL_OIDC_CLIENT_ID: "
                "nobody could sign in.",
            )
        return None
    if not given["ISSUER"] or not given["CLIENT_ID"]:
        raise SetupError(
            "INVALID_OIDC", "FOOTFALL_OIDC_ISSUER and FOOTFALL_OIDC_CLIENT_ID go together."
        )
    if not is_safe(given["ISSUER"]):
        raise SetupError(
            "INVALID_OIDC", f"FOOTFALL_OIDC_ISSUER={given['ISSUER']!r} is no https address."
        )
    if given["ONLY"] not in ("", "0", "1"):
        raise SetupError(
            "INVALID_OIDC", f"FOOTFALL_OIDC_ONLY={given['ONLY']!r} is neither 0 nor 1."
        )
    return OpenId(
        given["ISSUER"],
        given["CLIENT_ID"],
        given["CLIENT_SECRET"] or None,
        given["NAME"][:60] or "OpenID Connect",
        frozenset(
            part.lower().removeprefix("@") for part in re.split(r"[,\s]+", given["ALLOWED"]) if part
        ),
        given["ONLY"] == "1",
    )


def prepare(settings: Settings) -> None:
    """Make the data directory and see that it can be used. Raises SetupError."""
    if settings.restoring.exists():
        raise SetupError(
            "RESTORE_UNFINISHED",
            f"A restore into {settings.data} isn't finished: wait for it; if it was interrupted,"
            " run it again.",
        )
    probe = settings.data / f".write-test-{secrets.token_hex(4)}"
    try:
        settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise SetupError(
            "DATA_UNWRITABLE",
            f"The data directory {settings.data} can't be written ({error.strerror}):"
            " make it writable for this user, or name another one with --data.",
        ) from None


def secret_key(settings: Settings, environment: Mapping[str, str] = os.environ) -> bytes:
    """`FOOTFALL_SECRET_KEY`, else the one in the data directory, made there the first time."""
    if given := environment.get("FOOTFALL_SECRET_KEY"):
        return given.encode()
    file = settings.data / "secret-key"
    try:
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as made:
            made.write(secrets.token_urlsafe(32))
    except FileExistsError:
        pass
    return file.read_bytes()
