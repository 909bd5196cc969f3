"""A data directory out of a backup. No server may have it yet."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from footfall_server.accounts import Accounts, Erasures
from footfall_server.accounts.copying import load
from footfall_server.model.errors import Conflict, NotFound, Unprocessable
from footfall_server.operations.backup import FORM, Manifest, manifests
from footfall_server.settings import Settings
from footfall_server.store import check_restorable, restore_store


def choose(folder: Path, name: str | None = None) -> Manifest:
    """The backup of this name, by default the newest one. Raises NotFound NO_SUCH_BACKUP and
    Unprocessable BACKUP_TOO_NEW."""
    found = [one for one in manifests(folder) if name in (None, one.name)]
    if not found:
        said = f"named {name} " if name else ""
        raise NotFound("NO_SUCH_BACKUP", f"There is no complete backup {said}in {folder}.")
    chosen = found[-1]
    if chosen.form > FORM:
        raise Unprocessable(
            "BACKUP_TOO_NEW",
            f"{chosen.name} was made by version {chosen.version}: restore it with that one.",
        )
    if chosen.base and not (folder / chosen.base / "manifest.json").exists():
        raise NotFound(
            "NO_SUCH_BACKUP",
            f"{chosen.name} needs {chosen.base}, which isn't in {folder}: bring it back.",
        )
    return chosen


def restore(settings: Settings, folder: Path, chosen: Manifest) -> int:
    """Make the data directory, which must be empty. Returns how many erasures are to be done again
    before anybody looks at it: the next server does them.

    Receipts of every backup in the folder count, later ones too. What an interrupted restore has
    left is removed; until a restore is finished no server starts in the directory. Raises Conflict
    (DATA_NOT_EMPTY, METADATA_NOT_EMPTY, RESTORE_RUNS), Unprocessable RESTORE_ELSEWHERE and
    StoreUnavailable.
    """
    check_restorable(settings.store_url)
    place = folder / chosen.name
    base = folder / chosen.base / "store" if chosen.base else None
    with _unfinished(settings) as again:
        load(place / "metadata.db", settings.database_url, again=again)
        secret = settings.data / "secret-key"
        with open(os.open(secret, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write((place / "secret-key").read_bytes())
        restore_store(settings.store_url, settings.temporary, place / "store", base)
        accounts = Accounts(settings.database_url)
        try:
            return Erasures(accounts).reapply(_receipts(folder))
        finally:
            accounts.close()


@contextmanager
def _unfinished(settings: Settings) -> Iterator[bool]:
    """An empty directory with a mark that goes when all is done; whether one was interrupted."""
    mark = settings.restoring
    again = mark.exists()
    if not again and settings.data.exists() and any(settings.data.iterdir()):
        raise Conflict(
            "DATA_NOT_EMPTY",
            f"There is something in {settings.data} already: name an empty directory with --data.",
        )
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    with mark.open("a") as held:  # the lock goes with the process, however it ends
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Conflict(
                "RESTORE_RUNS", f"Another restore into {settings.data} is at work."
            ) from None
        for one in settings.data.iterdir():
            if one.is_dir():
                shutil.rmtree(one)
            elif one != mark:
                one.unlink()
        try:
            yield again
        except Conflict:
            if not again:  # nothing has been done yet
                mark.unlink()
            raise
        mark.unlink()


def _receipts(folder: Path) -> Iterable[Mapping[str, Any]]:
    for one in manifests(folder):
        yield from msgspec.json.decode((folder / one.name / "erasures.json").read_bytes())
