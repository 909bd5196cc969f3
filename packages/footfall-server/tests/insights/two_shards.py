"""A cluster of two shards in one process, for tests.

The engine believes in two servers, which are both itself: it plans and runs a query of the
`Distributed` table twice, and merges. Both read the same `events_local`, so each run is given a
condition that leaves it the rows of its own shard. That no row travels between machines, that there
is one copy of each and that both always answer is what this can't show.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
from footfall_server.insights import Insights, Result
from footfall_server.model.project import Project
from footfall_server.store import EVENTS, Store
from footfall_server.store.embedded import Engine
from footfall_server.store.layout import DATABASE, Layout
from footfall_server.store.migrations import migrate

CLUSTER = "two"

BY = {
    "two": "modulo(install_key, 2) + 1 = shardNum()",
    "by message": "modulo(sipHash64(message_id), 2) + 1 = shardNum()",
}
"""How the rows of events are split. `by message` is wrong: an install's events part."""

_SERVER = "<shard><replica><host>127.0.0.1</host><port>{port}</port></replica></shard>"
_CONFIGURATION = (
    "<clickhouse><tcp_port>{port}</tcp_port><remote_servers><two>{shards}</two></remote_servers>"
    "</clickhouse>"
)


class TwoShards(Engine):
    """The engine in this process as a cluster of two."""

    layout = Layout(cluster=CLUSTER, replicated=False)

    def __init__(self, root: Path, split: str = "two") -> None:
        (root / "temporary").mkdir(parents=True)
        configuration = root / "cluster.xml"
        port = _free_port()  # nobody listens there: a server that is this one needs no connection
        shards = _SERVER.format(port=port) * 2
        configuration.write_text(_CONFIGURATION.format(port=port, shards=shards))
        super().__init__(root / "store", root / "temporary", configuration)
        own = {
            "events_local": BY[split],
            "rejected_local": "modulo(cityHash64(id), 2) + 1 = shardNum()",
        }
        pairs = ", ".join(f"'{DATABASE}.{name}': '{rule}'" for name, rule in own.items())
        self._split = f"additional_table_filters = {{{pairs}}}"

    def execute(self, text: str, parameters: Mapping[str, Any] | None = None) -> None:
        """This process is every server of the cluster."""
        super().execute(text.replace(self.layout.on_cluster, ""), parameters)

    def insert(self, into: str, settings: str, lines: bytes) -> None:
        """Both shards' rows are in one table, whose memory of tokens would take the second shard's
        part of a block for the first one's again: so the block goes there at once."""
        table, _, columns = into.partition(" ")
        super().insert(f"{self.layout.rows_of(table)} {columns}", settings, lines)

    def arrow(
        self, text: str, parameters: Mapping[str, Any], *, guest: bool = False, mark: str = ""
    ) -> pa.Table:
        body, settings, rest = text.rpartition("\nSETTINGS ")
        if settings:  # the store's own; what this module asks has none
            text = f"{body}\nSETTINGS {self._split}, {rest}"
        return super().arrow(text, parameters, guest=guest, mark=mark)


class Whole:
    """The same engine, read as one table: no `Distributed`, no shards."""

    layout = Layout()

    def __init__(self, engine: TwoShards) -> None:
        self._engine = engine

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def arrow(
        self, text: str, parameters: Mapping[str, Any], *, guest: bool = False, mark: str = ""
    ) -> pa.Table:
        text = text.replace(EVENTS, "events_local")
        for table in ("events", "rejected"):
            text = text.replace(f"{table} FINAL", f"{table}_local FINAL")
            text = text.replace(f"FROM {table} ", f"FROM {table}_local ")
        return Engine.arrow(self._engine, text, parameters, guest=guest, mark=mark)


def open_two_shards(root: Path, split: str = "two") -> TwoShards:
    """The engine with its tables made by the migrations."""
    engine = TwoShards(root, split)
    engine.client(database=None).command(f"CREATE DATABASE IF NOT EXISTS {DATABASE}")

    def numbers(text: str) -> set[int]:
        return set(engine.arrow(text, {}).column(0).to_pylist())

    migrate(engine.execute, numbers, engine.layout)
    return engine


class Compared:
    """Answers of two shards, each compared with that of one table."""

    def __init__(self, store: Store) -> None:
        engine = store._engine
        assert isinstance(engine, TwoShards)
        self._one = Store(Whole(engine))

    async def check(self, project: Project, query: Any, now: Any, result: Result) -> None:
        # It hasn't seen what was inserted since; so nothing that it answered may be kept.
        one = await Insights(self._one).run(project, query, now)
        if query.get("report") != "sql":  # its rows come in any order
            assert result.rows == one.rows
        assert sorted(map(repr, result.rows)) == sorted(map(repr, one.rows))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


__all__ = ["BY", "CLUSTER", "Compared", "TwoShards", "Whole", "open_two_shards"]
