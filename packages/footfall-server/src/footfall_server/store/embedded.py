"""The engine inside this process: opening it, its lock, one client a thread.

What it can't do: two processes on one path (the second gets `StoreBusy`), two paths in one
process, or life after a fork (open after forking, never before).
"""

from __future__ import annotations

import fcntl
import os
import resource
import secrets
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import clickhouse_connect
import pyarrow as pa
from clickhouse_connect.driver._backend.chdb_backend import ChdbBackend
from clickhouse_connect.driver._backendclient import SyncBackendClient
from clickhouse_connect.driver.binding import bind_query
from clickhouse_connect.driver.exceptions import ClickHouseError

from footfall_server.model.machine import memory_bytes
from footfall_server.store.errors import StoreBusy, StoreUnavailable
from footfall_server.store.layout import DATABASE, Layout, quoted_text
from footfall_server.store.migrations import migrate

_EMPTY = "default"
_FREE_BYTES = 64 * 1024**2

# What queries read is kept unpacked, in a sixteenth of the memory: that saves a tenth to a fifth of
# the time of reading it again. A query that reads more rows than fit goes past it, as each of its
# blocks would be thrown out before it is needed again; most read some 50 bytes an event.
_CACHE_BYTES = memory_bytes() // 16
_CACHED: Mapping[str, int] = {
    "use_uncompressed_cache": 1,
    "merge_tree_max_rows_to_use_cache": _CACHE_BYTES // 50,
    "merge_tree_max_bytes_to_use_cache": _CACHE_BYTES,
}

# Without the first the engine refuses to back itself up; a guest's text is read-only: it reaches no
# file. The second: where processors are short, taking events in comes before merging what is there.
_CONFIGURATION = (
    "<clickhouse><backups><allowed_path>/</allowed_path></backups>"
    "<os_threads_nice_value_merge_mutate>10</os_threads_nice_value_merge_mutate>"
    f"<uncompressed_cache_size>{_CACHE_BYTES}</uncompressed_cache_size></clickhouse>\n"
)

# What this process has open itself: the lock file can't tell, and a process number means nothing
# between two containers.
_OPEN: set[Path] = set()


class Engine:
    """Clients of one embedded engine, made when a thread first asks."""

    layout = Layout()
    reading = _CACHED

    def __init__(self, path: Path, temporary: Path, configuration: Path) -> None:
        self.path: Path | None = path
        self._folder, self._temporary = path, temporary
        self._options = {"config-file": str(configuration)}
        _OPEN.add(path)
        self._local = threading.local()
        self._lock = threading.Lock()
        self._clients: list[SyncBackendClient] = []

    def client(self, database: str | None = DATABASE) -> SyncBackendClient:
        """This thread's client (about 17 ms the first time)."""
        client: SyncBackendClient | None = getattr(self._local, "client", None)
        if client is None:
            client = cast(
                SyncBackendClient,
                clickhouse_connect.get_client(
                    interface="chdb",
                    path=str(self._folder),
                    database=database,
                    chdb_options=self._options,
                ),
            )
            with self._lock:
                self._clients.append(client)
            if database is not None:
                self._local.client = client
        return client

    def execute(self, text: str, parameters: Mapping[str, Any] | None = None) -> None:
        """One statement without an answer. Raises the client's `ClickHouseError`."""
        client = self.client()
        try:
            client.command(text, parameters=dict(parameters) if parameters else None)
        except ClickHouseError:
            self._discard(client)
            raise

    def insert(self, into: str, settings: str, lines: bytes) -> None:
        """JSON lines into a table and its columns. Raises `ClickHouseError` and `OSError`."""
        path = self._temporary / f"insert-{secrets.token_hex(8)}"
        try:
            path.write_bytes(lines)
            self.execute(
                f"INSERT INTO {into} FROM INFILE {quoted_text(str(path))} SETTINGS {settings} "
                "FORMAT JSONEachRow"
            )
        finally:
            path.unlink(missing_ok=True)

    def stop(self, mark: str) -> None:
        """End the queries with this mark. The engine has no ids of queries: the store's comment
        on each is its mark."""
        self.execute(f"KILL QUERY WHERE Settings['log_comment'] = {quoted_text(mark)} ASYNC")

    def check(self) -> None:
        """Raises `StoreUnavailable` unless the engine answers and the disk can be written."""
        free = os.statvfs(self._folder)
        if free.f_bavail * free.f_frsize < _FREE_BYTES:
            raise StoreUnavailable(
                "STORE_DISK_FULL", f"The disk of {self.path} is full: make room on it."
            )
        probe = self._temporary / f"insert-{secrets.token_hex(8)}"
        try:
            with probe.open("wb") as file:
                file.write(b"footfall")
                os.fsync(file.fileno())
            self.arrow("SELECT count() FROM migrations", {})
        except Exception as error:  # whatever it is: a store that doesn't answer isn't ready
            raise StoreUnavailable(
                "STORE_UNAVAILABLE", f"The store in {self.path} doesn't work: {error}"
            ) from error
        finally:
            probe.unlink(missing_ok=True)

    def backup(self, folder: Path, base: Path | None) -> None:
        """As `Store.backup`."""
        settings = f" SETTINGS base_backup = {_file_place(base)}" if base else ""
        try:
            self.execute(f"BACKUP DATABASE {DATABASE} TO {_file_place(folder)}{settings}")
        except ClickHouseError as error:
            raise StoreUnavailable(
                "BACKUP_FAILED",
                f"The store can't be written to {folder}: see that the server may write there and"
                f" that the disk has room: {error}",
            ) from error

    def arrow(
        self, text: str, parameters: Mapping[str, Any], *, guest: bool = False, mark: str = ""
    ) -> pa.Table:
        """The answer as Arrow; its schema's metadata says `rows_read`.

        A guest's text runs in an empty database: only a qualified name reaches a table.

        The client's own `query_arrow` drops the engine's count of rows read, which reports show,
        so this goes one layer below it.
        """
        client = self.client()
        bound, bind = bind_query(text + "\nFORMAT ArrowStream", dict(parameters), client.server_tz)
        backend = cast(ChdbBackend, client._backend)
        try:
            result = backend._run(
                bound,
                "ArrowStream",
                params={name.removeprefix("param_"): value for name, value in bind.items()},
                database=_EMPTY if guest else client.database,
            )
        except ClickHouseError:
            self._discard(client)
            raise
        table = pa.ipc.open_stream(result.bytes()).read_all()
        return table.replace_schema_metadata({b"rows_read": b"%d" % result.storage_rows_read()})

    def _discard(self, client: SyncBackendClient) -> None:
        """Drops this thread's client after an error.

        The engine keeps what a failed query had already written, and puts it in front of the same
        client's next answer: somebody else's rows, or an answer that reads as empty.
        """
        with self._lock:
            if client in self._clients:
                self._clients.remove(client)
        self._local.client = None
        client.close()

    def close(self) -> None:
        """Closes every client; waits for what still runs."""
        with self._lock:
            clients, self._clients = self._clients, []
            self._local = threading.local()
        for client in clients:
            client.close()
        _OPEN.discard(self._folder)


def open_embedded(path: Path, temporary: Path) -> Engine:
    """The engine on an absolute path, its tables made and migrated if need be.

    Raises `StoreBusy` and `StoreUnavailable`.
    """
    try:
        engine = _engine(path, temporary)
        first = engine.client(database=None)
        first.command(f"CREATE DATABASE IF NOT EXISTS {DATABASE}")
        migrate(
            engine.execute,
            lambda text: set(engine.arrow(text, {}).column(0).to_pylist()),
        )
    except (OSError, ClickHouseError) as error:
        raise StoreUnavailable(
            "STORE_UNAVAILABLE",
            f"The store in {path} can't be opened; check the disk and its permissions: {error}",
        ) from error
    return engine


def restore_embedded(path: Path, temporary: Path, backup: Path, base: Path | None) -> None:
    """As `restore_store`."""
    settings = f" SETTINGS base_backup = {_file_place(base)}" if base else ""
    try:
        if path.exists() and any(path.iterdir()):
            raise StoreUnavailable(
                "STORE_NOT_EMPTY", f"There is a store in {path} already: name an empty directory."
            )
        engine = _engine(path, temporary)
        try:
            engine.client(database=None).command(
                f"RESTORE DATABASE {DATABASE} FROM {_file_place(backup)}{settings}"
            )
        finally:
            engine.close()
    except (OSError, ClickHouseError) as error:
        raise StoreUnavailable(
            "BACKUP_UNREADABLE",
            f"The backup {backup} can't be restored; see that all of its folder is there: {error}",
        ) from error


def _engine(path: Path, temporary: Path) -> Engine:
    """An engine on a path that no other process has, its temporary directory swept."""
    _raise_open_files()
    path.mkdir(parents=True, exist_ok=True)
    path = path.resolve()
    temporary.mkdir(parents=True, exist_ok=True)
    for leftover in temporary.glob("insert-*"):
        leftover.unlink()
    configuration = temporary / "engine.xml"
    configuration.write_text(_CONFIGURATION)
    _probe(path)
    return Engine(path, temporary, configuration)


def _file_place(folder: Path) -> str:
    """A folder as the engine's place of a backup."""
    return f"File({quoted_text(str(folder))})"


def _probe(path: Path) -> None:
    """Asks the engine's own lock file, because its error doesn't name the cause."""
    status = path / "status"
    if path in _OPEN or not status.exists():
        return
    with status.open("r+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = _holder(file.read().decode("utf-8", "replace"))
            raise StoreBusy(
                "STORE_BUSY",
                f"The store in {path} is open in process {holder}. One process can have it at a "
                "time: go through the running server, or stop it first.",
            ) from None


def _holder(status: str) -> str:
    for line in status.splitlines():
        if line.startswith("PID:"):
            return line.removeprefix("PID:").strip()
    return "unknown"


def _raise_open_files() -> None:
    """Each part is a few files, each column of a wide part two: 1,024 are soon used up."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
