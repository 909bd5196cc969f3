"""Opening a store by its URL: `chdb:///path` in this process, `clickhouse://host/…` on servers."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from footfall_server.model.errors import Unprocessable
from footfall_server.store.address import SCHEME, read_address
from footfall_server.store.embedded import open_embedded, restore_embedded
from footfall_server.store.errors import StoreUnavailable
from footfall_server.store.server import open_server
from footfall_server.store.store import Store


def open_store(url: str, temporary: Path) -> Store:
    """Opens the store of a URL, made and migrated if need be.

    `temporary` is a directory on the embedded store's disk for the files that inserts pass through;
    leftovers in it are removed. Raises `StoreBusy` when another process has the embedded store,
    `StoreUnavailable` when the store can't be opened or its address read.
    """
    if urlsplit(url).scheme == SCHEME:
        return Store(open_server(read_address(url)))
    return Store(open_embedded(_path(url), temporary))


def restore_store(url: str, temporary: Path, backup: Path, base: Path | None) -> None:
    """Makes the store of a URL, which must be empty, out of what `Store.backup` wrote.

    `base` is where the backup's base is now. Raises `StoreBusy`, `StoreUnavailable` when the backup
    can't be read or the store isn't empty, `Unprocessable` RESTORE_ELSEWHERE.
    """
    if urlsplit(url).scheme == SCHEME:
        raise Unprocessable(
            "RESTORE_ELSEWHERE",
            "A ClickHouse server restores itself: run its RESTORE there; or restore into an "
            "embedded store, then `footfall-server migrate-store` it.",
        )
    restore_embedded(_path(url), temporary, backup, base)


def _path(url: str) -> Path:
    parts = urlsplit(url)
    path = Path(unquote(parts.path))
    if parts.scheme != "chdb" or parts.netloc or not path.is_absolute():
        raise StoreUnavailable(
            "STORE_URL",
            f"{parts.scheme}://… isn't a store's address; use chdb:///absolute/path/store or "
            "clickhouse://user:password@host:8123/footfall?cluster=NAME.",
        )
    return path
