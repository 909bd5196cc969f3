"""A backup of a running server: a folder with one folder for each time.

```text
FOLDER/20260131T120000Z/manifest.json   written last: without it the backup isn't one
                        store/          the engine's own backup, or what its base doesn't have
                        metadata.db     projects, keys, people, boards, receipts of erasures
                        erasures.json   the receipts alone, for the restore of an older backup
                        secret-key      by which marks of erased installs are made
```

The journals are emptied into the store first, so all that was acknowledged before is in it; the
metadata follows the store, so that no erasure is missed. Salts and what destinations still have
to get are left out.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import msgspec

from footfall_server.model.errors import Unavailable, Unprocessable
from footfall_server.services import Services

FORM = 1
"""Of the folder's contents; grows when an older program can't restore it."""

_DRAIN_SECONDS = 120.0


class Manifest(msgspec.Struct, frozen=True):
    """`base`: the backup of the same folder that is needed too; `events`: rows of the store."""

    form: int
    name: str
    version: str
    made_at: datetime
    base: str | None
    events: int
    rejected: int
    bytes: int


def back_up(services: Services, folder: Path, *, full: bool = False) -> Manifest:
    """Write one more backup into the folder, made if need be. Blocks; the server goes on.

    What the newest full one holds already is left out, unless `full`. Raises Unprocessable
    FOLDER_NOT_ABSOLUTE, Unavailable (FOLDER_UNWRITABLE, NOT_YET_DRAINED,
    BACKUP_FAILED).
    """
    if not folder.is_absolute():
        raise Unprocessable("FOLDER_NOT_ABSOLUTE", "Name the folder by an absolute path.")
    if not services.drain.wait_all(_DRAIN_SECONDS):
        raise Unavailable(
            "NOT_YET_DRAINED",
            "The store hasn't taken yet what was acknowledged before: try again when it has.",
        )
    at = services.clock()
    base = None if full else _newest_full(folder)
    place = folder / f"{at:%Y%m%dT%H%M%S}{at.microsecond // 1000:03d}Z"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        place.mkdir(mode=0o700)
        try:
            return _written(services, place, base, at)
        except BaseException:
            shutil.rmtree(place, ignore_errors=True)
            raise
    except OSError as error:
        raise Unavailable(
            "FOLDER_UNWRITABLE",
            f"The server can't write the backup to {folder} ({error.strerror}): make it writable "
            "for its user, with room on the disk.",
        ) from error


def _written(services: Services, place: Path, base: Manifest | None, at: datetime) -> Manifest:
    """The store, then the metadata, then the manifest."""
    before = place.parent / base.name / "store" if base else None
    services.store.backup(place / "store", before)
    services.accounts.save(place / "metadata.db")
    _write(place / "erasures.json", msgspec.json.encode(services.eraser.erasures.exported()))
    _write(place / "secret-key", services.secret)
    figures = services.store.figures()
    made = Manifest(
        form=FORM,
        name=place.name,
        version=version("footfall-server"),
        made_at=at,
        base=base.name if base else None,
        events=figures["events"],
        rejected=figures["rejected"],
        bytes=sum(one.stat().st_size for one in place.rglob("*") if one.is_file()),
    )
    for one in place.rglob("*"):
        _sync(one)
    _write(place / "manifest.json", msgspec.json.format(msgspec.json.encode(made), indent=2))
    _sync(place)
    _sync(place.parent)
    return made


def manifests(folder: Path) -> Iterator[Manifest]:
    """The complete backups of a folder, oldest first."""
    for file in sorted(folder.glob("*/manifest.json")):
        try:
            yield msgspec.json.decode(file.read_bytes(), type=Manifest)
        except msgspec.MsgspecError as error:
            raise Unprocessable(
                "BACKUP_UNREADABLE", f"{file} isn't a backup's manifest: {error}."
            ) from None


def _newest_full(folder: Path) -> Manifest | None:
    return max(
        (one for one in manifests(folder) if one.base is None),
        key=lambda one: one.name,
        default=None,
    )


def _write(file: Path, content: bytes) -> None:
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())


def _sync(path: Path) -> None:
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
