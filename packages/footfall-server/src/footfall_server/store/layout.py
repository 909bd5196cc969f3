"""Where tables and their rows are: in one engine, or spread over the shards of a cluster.

On a cluster every table is two. `events_local` has the rows: each shard keeps its own, on each of
its replicas. `events` is what statements name: it has no rows, reads all shards and sends each row
of an insert to the shard of its install. So an install is on one shard, whole: a retry falls where
the first attempt did, `FINAL` finds both, and what is said of an install needs no other shard.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from footfall_server.store.statement import spread

DATABASE = "footfall"

# By what the rows of a table are spread. An install's never part.
SHARDED_BY: Mapping[str, str] = {
    "events": "install_key",
    "rejected": "cityHash64(id)",
    "migrations": "number",
}

# A subquery about installs finds on each shard all that there is of the shard's own, and what is
# grouped by install is ready there. An answer without a shard's part would be wrong without saying
# so.
_READING: Mapping[str, str | int | float] = {
    "distributed_product_mode": "local",
    "optimize_skip_unused_shards": 1,
    "optimize_distributed_group_by_sharding_key": 1,
    "skip_unavailable_shards": 0,
}


@dataclass(frozen=True, slots=True)
class Layout:
    """`cluster` is its name in the servers' configuration; None for one engine without others.

    `replicated`: whether Keeper keeps the rows of a shard equal on its servers. `shared`: whether
    other processes may write too.
    """

    database: str = DATABASE
    cluster: str | None = None
    replicated: bool = True
    shared: bool = False

    @property
    def suffix(self) -> str:
        """What the name of a table with rows has behind the name that statements use."""
        return "" if self.cluster is None else "_local"

    def rows_of(self, table: str) -> str:
        """The table that has the rows: what is deleted, merged and counted in parts."""
        return f"{table}{self.suffix}"

    @property
    def on_cluster(self) -> str:
        """A clause that makes every server carry a statement out."""
        return "" if self.cluster is None else f" ON CLUSTER {quoted_name(self.cluster)}"

    def system(self, table: str, *, replicas: bool = True) -> str:
        """A table of the engine about itself, of all servers, or of one of each shard."""
        if self.cluster is None:
            return f"system.{table}"
        function = "clusterAllReplicas" if replicas else "cluster"
        return f"{function}({quoted_text(self.cluster)}, system.{table})"

    def everywhere(self, query: str) -> str:
        """A query as a source: the rows that all servers answer with."""
        if self.cluster is None:
            return f"({query})"
        return f"clusterAllReplicas({quoted_text(self.cluster)}, view({query}))"

    def spread(self, text: str) -> str:
        """A statement whose parts `on_shards` run there. Without a cluster it is as it was."""
        if self.cluster is None:
            return text
        rows = f"{quoted_name(self.database)}.{self.rows_of('events')}"
        name = quoted_text(self.cluster)
        return spread(text, lambda query: f"cluster({name}, view({query}))", rows)

    @property
    def reading(self) -> Mapping[str, str | int | float]:
        """Settings of every query."""
        return {} if self.cluster is None else _READING

    @property
    def words(self) -> dict[str, str]:
        """What the migrations' placeholders stand for."""
        many = self.cluster is not None
        return {
            "local": self.suffix,
            "on_cluster": self.on_cluster.strip(),
            "replicated": "Replicated" if many and self.replicated else "",
        }

    def over_shards(self, table: str) -> str:
        """The statement that makes the table of all shards; it has no rows, so it is made anew
        whenever a table with rows has changed."""
        assert self.cluster is not None
        return (
            f"CREATE OR REPLACE TABLE {table}{self.on_cluster} AS {self.rows_of(table)} "
            f"ENGINE = Distributed({quoted_text(self.cluster)}, currentDatabase(), "
            f"{quoted_text(self.rows_of(table))}, {SHARDED_BY[table]})"
        )


def quoted_name(name: str) -> str:
    """An identifier of the engine."""
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def quoted_text(text: str) -> str:
    """A text of the engine, where it takes no parameters."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
