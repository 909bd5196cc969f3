"""ClickHouse's servers by HTTP: one, or a cluster of which any server carries statements out.

The statements are those of the embedded engine; what differs is in `layout.py`, and here: how lines
and answers travel, when an insert counts, how a query is stopped.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import clickhouse_connect
import pyarrow as pa
from clickhouse_connect.driver.exceptions import ClickHouseError
from clickhouse_connect.driver.httpclient import HttpClient
from clickhouse_connect.driver.httputil import get_pool_manager

from footfall_server.model.errors import Unprocessable
from footfall_server.store.address import Address
from footfall_server.store.errors import StoreUnavailable, error_code, query_error
from footfall_server.store.layout import Layout, quoted_name, quoted_text
from footfall_server.store.migrations import migrate

_EMPTY = "default"
_CONNECT_SECONDS = 10
_ANSWER_SECONDS = 3_700  # beyond the longest that a statement may take
_CONNECTIONS = 16
# What the client adds to every statement and the embedded engine doesn't have.
_NOT_OURS = ("cast_string_to_dynamic_use_inference", "date_time_input_format")


class Engine:
    """One client for all threads: requests share nothing but connections."""

    reading: Mapping[str, int] = {}

    def __init__(self, address: Address) -> None:
        self.path: Path | None = None
        self._address = address
        self.layout = Layout(
            database=address.database,
            cluster=address.cluster,
            replicated=address.replicated,
            shared=True,
        )
        self._client = cast(
            HttpClient,
            clickhouse_connect.get_client(
                interface="https" if address.secure else "http",
                host=address.host,
                port=address.port,
                username=address.user,
                password=address.password,
                database=_EMPTY,
                connect_timeout=_CONNECT_SECONDS,
                send_receive_timeout=_ANSWER_SECONDS,
                client_name="footfall",
                autogenerate_session_id=False,
                form_encode_query_params=True,
                pool_mgr=get_pool_manager(maxsize=_CONNECTIONS, ca_cert=address.ca),
            ),
        )
        self._client.database = address.database
        for name in _NOT_OURS:
            self._client.params.pop(name, None)

    def execute(self, text: str, parameters: Mapping[str, Any] | None = None) -> None:
        """One statement without an answer. Raises the client's `ClickHouseError`."""
        self._client.command(text, parameters=dict(parameters) if parameters else None)

    def insert(self, into: str, settings: str, lines: bytes) -> None:
        """JSON lines into a table and its columns, when every shard has its own.

        The server writes each shard's rows there before it answers, to as many replicas as the
        address says; it takes the same token again for the same rows.
        """
        if self.layout.cluster is not None:
            settings = f"{settings}, distributed_foreground_insert = 1"
            if self._address.replicated and self._address.quorum != "0":
                settings = f"{settings}, insert_quorum = {quoted_text(self._address.quorum)}"
        statement = f"INSERT INTO {into} SETTINGS {settings} FORMAT JSONEachRow\n"
        self._client.raw_insert(insert_block=statement.encode() + lines, fmt="JSONEachRow")

    def arrow(
        self, text: str, parameters: Mapping[str, Any], *, guest: bool = False, mark: str = ""
    ) -> pa.Table:
        """The answer as Arrow; its schema's metadata says `rows_read`.

        A guest's text runs in a database without our tables. The server makes the answer whole
        before it sends any, so an error in its midst is an error. `mark` is the query's id.
        """
        settings: dict[str, Any] = {"wait_end_of_query": 1}
        if mark:
            settings["query_id"] = mark
        stream = self._client.raw_stream(
            text,
            parameters=dict(parameters),
            settings=settings | ({"database": _EMPTY} if guest else {}),
            fmt="ArrowStream",
            use_database=not guest,
        )
        try:
            answer = cast(Any, stream)
            body = answer.read(decode_content=True)
            summary = json.loads(answer.headers.get("X-ClickHouse-Summary") or "{}")
        finally:
            stream.close()
        table = pa.ipc.open_stream(body).read_all() if body else pa.table({})
        rows = int(summary.get("read_rows", 0))
        return table.replace_schema_metadata({b"rows_read": b"%d" % rows})

    def stop(self, mark: str) -> None:
        """End the query with this id and its parts on the shards."""
        self.execute(
            f"KILL QUERY{self.layout.on_cluster} WHERE query_id = {quoted_text(mark)} "
            f"OR Settings['log_comment'] = {quoted_text(mark)} ASYNC"
        )

    def check(self) -> None:
        """Raises `StoreUnavailable`, or `StoreError`, unless every shard answers and no table is
        read-only."""
        try:
            self.arrow("SELECT count() FROM migrations", {})
            stuck = self.arrow(
                f"SELECT count() AS n FROM {self.layout.system('replicas')} WHERE is_readonly "
                f"AND database = {quoted_text(self.layout.database)}",
                {},
            )
        except ClickHouseError as error:
            raise query_error(error_code(error), str(error)) from error
        if stuck.column("n")[0].as_py():
            raise StoreUnavailable(
                "STORE_READ_ONLY",
                f"ClickHouse at {self._address} can't write: see that Keeper answers.",
            )

    def backup(self, folder: Path, base: Path | None) -> None:
        """Raises `Unprocessable` BACKUP_ELSEWHERE: a server writes to its own disks alone."""
        raise Unprocessable(
            "BACKUP_ELSEWHERE",
            "ClickHouse's servers back themselves up: run its BACKUP DATABASE "
            f"{self.layout.database}{self.layout.on_cluster} there, and save the metadata by "
            "itself (pg_dump, or a copy of metadata.db).",
        )

    def close(self) -> None:
        """Closes the connections. Nothing may be called afterwards."""
        self._client.close()
        self._client.close_connections()


def open_server(address: Address) -> Engine:
    """The servers at an address, the database and its tables made and migrated if need be.

    Raises `StoreUnavailable` (STORE_UNAVAILABLE, STORE_DENIED) and `StoreError`; no message holds
    the password.
    """
    try:
        engine = Engine(address)
    except ClickHouseError as error:
        raise query_error(error_code(error), str(error)) from error
    try:
        layout = engine.layout
        engine._client.command(
            f"CREATE DATABASE IF NOT EXISTS {quoted_name(layout.database)}{layout.on_cluster}",
            use_database=False,
        )
        migrate(
            engine.execute,
            lambda text: set(engine.arrow(text, {}).column(0).to_pylist()),
            layout,
        )
    except ClickHouseError as error:
        engine.close()
        raise query_error(error_code(error), str(error)) from error
    return engine
