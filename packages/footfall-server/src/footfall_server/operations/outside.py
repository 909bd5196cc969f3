"""What can be checked without the store: settings, files, disk, metadata. Changes nothing."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from footfall_server.accounts.migrations import newest, revision
from footfall_server.operations.findings import Finding, notice, ok, wrong
from footfall_server.settings import NAMES, Settings

_EARLIEST = datetime(2026, 1, 1, tzinfo=UTC)
_SHORTEST_SECRET = 32
_REMOTE = {"nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "fuse.s3fs", "9p", "ceph", "glusterfs"}


def outside(settings: Settings, environment: Mapping[str, str], now: datetime) -> list[Finding]:
    """Everything of these; the data directory need not exist."""
    return [
        *_configuration(settings, environment),
        *_directory(settings),
        *_secret(settings, environment),
        *_clock(settings, now),
        *_metadata(settings),
    ]


def _configuration(settings: Settings, environment: Mapping[str, str]) -> Iterator[Finding]:
    unknown = sorted(
        name for name in environment if name.startswith("FOOTFALL_") and name not in NAMES
    )
    if unknown:
        yield notice(
            "configuration",
            f"{', '.join(unknown)}: no setting of the server has such a name.",
            "Correct the name, or unset it if it is another program's.",
        )
    base = urlsplit(settings.base_url or "")
    if settings.base_url and (base.scheme not in ("http", "https") or not base.hostname):
        yield wrong(
            "configuration",
            f"FOOTFALL_BASE_URL={settings.base_url!r} is no address.",
            "Set it to where people reach the pages, such as https://footfall.example.org.",
        )
    elif base.scheme == "http" and base.hostname not in ("localhost", "127.0.0.1", "::1"):
        yield notice(
            "configuration",
            f"{settings.base_url} is without encryption.",
            "Put a reverse proxy with TLS in front, and set FOOTFALL_BASE_URL to its address.",
        )
    elif settings.host not in ("127.0.0.1", "localhost", "::1") and not settings.base_url:
        yield notice(
            "configuration",
            f"It listens on {settings.host} and doesn't know by which name it is reached.",
            "Set FOOTFALL_BASE_URL: links and cookies depend on it.",
        )
    else:
        yield ok("configuration", f"The data directory is {settings.data}.")


def _directory(settings: Settings) -> Iterator[Finding]:
    folder = settings.data
    if not folder.is_dir():
        yield wrong(
            "data directory",
            f"There is no directory {folder}.",
            "Name the right one with --data or FOOTFALL_DATA; a first `serve` makes it.",
        )
        return
    if settings.restoring.exists():
        yield wrong(
            "data directory",
            "A restore into it isn't finished.",
            "Wait for it; if it was interrupted, run it again.",
        )
        return
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        yield wrong(
            "data directory",
            f"{folder} can't be written by this user.",
            "Run this as the server's user, or give the directory to it (chown).",
        )
        return
    if folder.stat().st_mode & stat.S_IRWXO:
        yield notice(
            "data directory", f"Everybody on this machine may look into {folder}.",
            f"chmod o= {folder}",
        )  # fmt: skip
    kind = _filesystem(folder)
    if kind in _REMOTE:
        yield wrong(
            "data directory",
            f"{folder} is on a network file system ({kind}), where locks and memory maps fail.",
            "Move it to a local disk.",
        )
    yield from _disk(folder)


def _disk(folder: Path) -> Iterator[Finding]:
    room = os.statvfs(folder)
    free, share = room.f_bavail * room.f_frsize, room.f_bavail / max(1, room.f_blocks)
    said = f"{free / 1e9:.1f} GB ({share:.0%}) are free."
    if free < 256 << 20:
        yield wrong("disk", said, "Make room now: soon nothing is acknowledged any more.")
    elif share < 0.05 or free < 2 << 30:
        yield notice("disk", said, "Make room: merging needs as much again as the largest part.")
    else:
        yield ok("disk", said)
    if room.f_files and room.f_favail / room.f_files < 0.02:
        yield notice("disk", "Inodes run out.", "Each part is a few files: make room for more.")


def _filesystem(folder: Path) -> str:
    """The type of the file system as Linux lists it; '' elsewhere."""
    best, kind = "", ""
    try:
        lines = Path("/proc/mounts").read_text().splitlines()
    except OSError:
        return ""
    for line in lines:
        _, place, name, *_ = line.split(" ")
        inside = place == "/" or str(folder) == place or str(folder).startswith(f"{place}/")
        if inside and len(place) >= len(best):
            best, kind = place, name
    return kind


def _secret(settings: Settings, environment: Mapping[str, str]) -> Iterator[Finding]:
    given, file = environment.get("FOOTFALL_SECRET_KEY"), settings.data / "secret-key"
    if given:
        if len(given) < _SHORTEST_SECRET:
            yield wrong(
                "secret key",
                f"FOOTFALL_SECRET_KEY has {len(given)} characters.",
                "Use 32 random ones or more. A new key signs everybody out, and no longer knows "
                "which installs were blocked or erased.",
            )
        else:
            yield ok("secret key", "It is given by the environment.")
        return
    try:
        seen = file.stat()
    except OSError:
        yield ok("secret key", "There is none yet: the first start makes it.")
        return
    if seen.st_mode & 0o077:
        yield wrong(
            "secret key", f"Others than its owner may read {file}.",
            f"chmod 600 {file}; if somebody may have read it, delete it and start the server anew.",
        )  # fmt: skip
    elif seen.st_size < _SHORTEST_SECRET:
        yield wrong("secret key", f"{file} is too short.", "Restore it from a backup.")
    else:
        yield ok("secret key", "Only its owner may read it.")


def _clock(settings: Settings, now: datetime) -> Iterator[Finding]:
    if now < _EARLIEST:
        yield wrong(
            "clock", f"It says {now:%Y-%m-%d %H:%M} UTC.",
            "Set it, and have it kept by NTP: events are stamped with it.",
        )  # fmt: skip


def _metadata(settings: Settings) -> Iterator[Finding]:
    file = settings.database_url.removeprefix("sqlite:///")
    if file != settings.database_url and not Path(file).exists():
        yield ok("metadata", "There is none yet: the first start makes it.")
        return
    try:
        found = revision(settings.database_url)
    except Exception as error:  # whatever a driver raises: it can't be opened
        yield wrong(
            "metadata",
            f"The database can't be opened ({type(error).__name__}).",
            "Check FOOTFALL_DATABASE_URL, that its server runs, and the installed driver "
            "(footfall-server[postgresql]).",
        )
        return
    if found is not None and found > newest():
        yield wrong(
            "metadata",
            f"Its schema is revision {found}; this version knows {newest()}.",
            "Install the version of footfall-server that was here before, or a newer one.",
        )
    elif found != newest():
        yield notice(
            "metadata",
            f"Its schema is revision {found or 'none'}, this version's is {newest()}.",
            "Back up, then start the server: it brings the schema up to date.",
        )
    else:
        yield ok("metadata", f"Its schema is revision {found}, this version's.")
