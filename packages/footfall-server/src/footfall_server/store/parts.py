"""What the engine's list of parts tells, without a row being read."""

from __future__ import annotations

from footfall_server.store.layout import Layout
from footfall_server.store.statement import Statement

_MERGE_PARTS = 4
_MERGE_SHARE = 0.1
_MERGE_PARTITIONS = 4
_MERGE_BYTES = 20 * 1024**3


def waiting_partitions(layout: Layout, quiet_seconds: int) -> Statement:
    """Rows `partition_id`: partitions, untouched for so long, that are worth a merge."""
    # A part that was never merged (level 0) may hold repeats: FINAL looks for them.
    return Statement(
        "SELECT partition_id, max(here) AS parts FROM (SELECT hostName() AS server, "
        "partition_id, count() AS here, sum(rows) AS total, "
        f"total - maxIf(rows, level > 0) AS waiting FROM {layout.system('parts')} "
        "WHERE database = {database:String} AND table = {table:String} AND active "
        "GROUP BY server, partition_id "
        "HAVING (here >= {parts:UInt32} OR waiting > total * {share:Float64}) "
        "AND sum(bytes_on_disk) <= {bytes:UInt64} "
        "AND max(modification_time) < now() - {quiet:Int32}) GROUP BY partition_id "
        "ORDER BY parts DESC, partition_id LIMIT {partitions:UInt32}",
        {
            "database": layout.database,
            "table": layout.rows_of("events"),
            "parts": _MERGE_PARTS,
            "share": _MERGE_SHARE,
            "bytes": _MERGE_BYTES,
            "quiet": quiet_seconds,
            "partitions": _MERGE_PARTITIONS,
        },
    )


def rows_by_month(layout: Layout) -> Statement:
    """Rows `partition` (a month, "202601") and `rows`, of the events of all projects."""
    return Statement(
        f"SELECT partition, sum(rows) AS rows FROM {layout.system('parts', replicas=False)} "
        "WHERE database = {database:String} AND table = {table:String} AND active "
        "GROUP BY partition",
        {"database": layout.database, "table": layout.rows_of("events")},
    )


def rows_by_table(layout: Layout) -> Statement:
    """One row: `events`, `rejected`, and `parts` of the events."""
    return Statement(
        "SELECT sumIf(rows, table = {events:String}) AS events,"
        " sumIf(rows, table = {rejected:String}) AS rejected,"
        " countIf(table = {events:String}) AS parts"
        f" FROM {layout.system('parts', replicas=False)}"
        " WHERE database = {database:String} AND active",
        {
            "database": layout.database,
            "events": layout.rows_of("events"),
            "rejected": layout.rows_of("rejected"),
        },
    )
