"""A server's address, and the statements that make a cluster's tables: the engine can read them."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow as pa
import pytest
from footfall_server.store import Marks, Store, StoreUnavailable
from footfall_server.store.address import read_address
from footfall_server.store.layout import Layout
from footfall_server.store.migrations import migrate, migrations
from footfall_server.store.server import Engine as ServerEngine

SNAPSHOT = Path(__file__).parent / "cluster.sql"
PRODUCTION = Layout(cluster="production", shared=True)


def made(layout: Layout) -> list[str]:
    """Every statement that makes the tables of an empty cluster."""
    ran: list[str] = []
    migrate(ran.append, lambda _: set(), layout)
    return ran


def test_a_clusters_tables_are_these(store: Store) -> None:
    """Written anew by FOOTFALL_SNAPSHOTS=write. No server ran them; the engine parses each."""
    statements = made(PRODUCTION)
    found = ";\n\n".join(statements) + ";\n"
    if os.environ.get("FOOTFALL_SNAPSHOTS") == "write":
        SNAPSHOT.write_text(found)
    assert found == SNAPSHOT.read_text()
    for statement in statements:
        head = statement.partition("VALUES")[0] if statement.startswith("INSERT") else statement
        read = store._engine.arrow(f"EXPLAIN AST {head}", {}).column(0).to_pylist()
        assert re.match(r"(Create|Alter|Insert)Query", read[0]), read[0]


def test_every_statement_is_for_all_servers_of_the_cluster() -> None:
    for statement in made(PRODUCTION):
        if not statement.startswith("INSERT INTO migrations"):
            assert " ON CLUSTER `production`" in statement
    tables = "\n".join(made(PRODUCTION))
    assert tables.count("ReplicatedReplacingMergeTree") == 3
    assert "ON CLUSTER" not in "\n".join(made(Layout()))
    assert "Distributed" not in "\n".join(made(Layout()))


class Recording:
    """An engine that runs nothing: it keeps what it is told, and finds something always."""

    layout = PRODUCTION
    reading: Mapping[str, int] = {}
    path = None

    def __init__(self) -> None:
        self.told: list[tuple[str, Any]] = []

    def execute(self, text: str, parameters: Any = None) -> None:
        self.told.append((text, parameters or {}))

    def arrow(self, text: str, parameters: Any, **_: Any) -> pa.Table:
        self.told.append((text, parameters or {}))
        if "AS digest" in text:
            row = {"mark": "ab", "digest": "cd", "key": 1, "rows": 2}
            return pa.Table.from_pylist([row])
        waits = "state != 'Active'" in text  # for old parts: there are none any more
        counts = dict.fromkeys(("n", "found", "parts", "events", "rejected"), int(not waits))
        return pa.Table.from_pylist([{**counts, "partition_id": "202601", "name": "7"}])

    def close(self) -> None:
        pass


def test_what_a_cluster_is_told_later_is_for_all_servers_too(store: Store) -> None:
    engine = Recording()
    far = Store(engine)  # type: ignore[arg-type]
    when = datetime(2026, 1, 1, tzinfo=UTC)
    far.expire_events(when, but={2: when})
    far.delete_rejected(1, [str(UUID(int=1))])
    far._merge("202601")
    far.maintain()
    far.figures()
    eraser = far.eraser()
    marks = Marks(1, b"secret", ["ab"])
    eraser.events(marks)
    eraser.rejected(marks)
    eraser.properties(1, ["path"])
    eraser.purge("events")
    far.close()
    told = [*engine.told, (stopped(), {})]
    changes = [one for one, _ in told if not one.lstrip().startswith("SELECT")]
    assert any("APPLY DELETED MASK" in one for one in changes)
    assert {one.split()[0] for one in changes} == {"DELETE", "OPTIMIZE", "ALTER", "KILL"}
    for statement, parameters in told:
        head = statement.partition("\nSETTINGS")[0]
        assert store._engine.arrow(f"EXPLAIN AST {head}", parameters).num_rows
        if statement in changes:
            assert " ON CLUSTER `production` " in statement
            assert "KILL" in statement or "_local ON CLUSTER" in statement
        elif "system." in statement:
            assert re.search(r"cluster(AllReplicas)?\('production', ", statement)


def stopped() -> str:
    """How a server is told to end a query."""
    engine = object.__new__(ServerEngine)
    engine.layout = PRODUCTION
    told: list[str] = []
    engine.execute = told.append  # type: ignore[assignment,method-assign]
    engine.stop("mark")
    return told[0]


def test_a_cluster_that_has_everything_is_left_as_it_is() -> None:
    ran: list[str] = []

    def numbers(text: str) -> set[int]:
        return {0} if "system.tables" in text else {one.number for one in migrations()}

    assert migrate(ran.append, numbers, PRODUCTION) == []
    assert len(ran) == 2


def test_a_server_that_joined_later_gets_its_tables() -> None:
    ran: list[str] = []
    everything = {one.number for one in migrations()}
    migrate(ran.append, lambda text: {4} if "system.tables" in text else everything, PRODUCTION)
    assert any("events_local" in one and one.startswith("CREATE TABLE IF NOT") for one in ran)


def test_an_address_is_read_whole() -> None:
    found = read_address(
        "clickhouse://foot%40fall:pa%2Fss@db.example.org:9443/usage?cluster=main&secure=1&quorum=2"
    )
    assert (found.host, found.port, found.user, found.password) == (
        "db.example.org", 9443, "foot@fall", "pa/ss",
    )  # fmt: skip
    assert (found.database, found.cluster, found.secure, found.quorum) == (
        "usage", "main", True, "2",
    )  # fmt: skip
    assert "pa/ss" not in repr(found) + str(found)
    plain = read_address("clickhouse://h")
    assert (plain.port, plain.user, plain.database, plain.cluster) == (
        8123, "default", "footfall", None,
    )  # fmt: skip
    assert read_address("clickhouse://h?secure=1").port == 8443


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("clickhouse://u:secret@h:port/x", "port"),
        ("clickhouse://u:secret@/x", "host"),
        ("clickhouse://u:secret@h/x'y", "database"),
        ("clickhouse://u:secret@h/x?cluster=a'b", "cluster"),
        ("clickhouse://u:secret@h/x?shards=2", "shards"),
        ("clickhouse://u:secret@h/x?secure=yes", "secure"),
        ("clickhouse://u:secret@h/x?quorum=most", "quorum"),
        ("clickhouse://u:secret@h/x?ca=/etc/hosts", "secure=1"),
        ("clickhouse://u:secret@h/x?secure=1&ca=/no/such/file", "ca"),
        ("clickhouse://u:secret@h/x?secure=1&ca=hosts", "ca"),
    ],
)
def test_what_is_wrong_with_an_address_is_told_without_its_password(url: str, why: str) -> None:
    with pytest.raises(StoreUnavailable) as refused:
        read_address(url)
    assert refused.value.code == "STORE_URL"
    assert why in refused.value.message
    assert "secret" not in refused.value.message
