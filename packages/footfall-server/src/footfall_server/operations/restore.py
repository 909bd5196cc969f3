"""A data directory out of a backup. No server may have it yet."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
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

    Receipts of every backup in the folder count, later ones too. Raises Conflict (DATA_NOT_EMPTY,
    METADATA_NOT_EMPTY), Unprocessable RESTORE_ELSEWHERE and StoreUnavailable.
    """
    check_restorable(settings.store_url)
    if settings.data.exists() and any(settings.data.iterdir()):
        raise Conflict(
            "DATA_NOT_EMPTY",
            f"There is something in {settings.data} already: name an empty directory with --data.",
        )
    place = folder / chosen.name
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    secret = settings.data / "secret-key"
    with open(os.open(secret, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write((place / "secret-key").read_bytes())
    base = folder / chosen.base / "store" if chosen.base else None
    restore_store(settings.store_url, settings.temporary, place / "store", base)
    load(place / "metadata.db", settings.database_url)
    accounts = Accounts(settings.database_url)
    try:
        return Erasures(accounts).reapply(_receipts(folder))
    finally:
        accounts.close()


def _receipts(folder: Path) -> Iterable[Mapping[str, Any]]:
    for one in manifests(folder):
        yield from msgspec.json.decode((folder / one.name / "erasures.json").read_bytes())
