"""What is sent to the engine: a text with bound parameters, and how much it may take."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from footfall_server.store.changes import Span

EVENTS = "events/*rows*/"
"""The table of events in a text, where it can be told from a name of somebody's."""

_SHARDS, _TOGETHER = "/*each shard:*/(", "/*:each shard*/)"


def on_shards(query: str) -> str:
    """A query as a source, `(query)`: on a cluster each shard answers it from its own rows.

    Its rows must be right without those of other shards: of events, of installs (all events of an
    install are on one shard), or sums that the text around it sums up. It reads `EVENTS` alone.
    """
    return f"{_SHARDS}{query}{_TOGETHER}"


def spread(text: str, source: Callable[[str], str], rows: str) -> str:
    """A text in which each `on_shards(query)` is `source(query)`, which reads the table `rows`."""
    first, *parts = text.split(_SHARDS)
    found = [first]
    for part in parts:
        query, _, rest = part.partition(_TOGETHER)
        found += [source(query.replace(EVENTS, rows)), rest]
    return "".join(found)


DATABASE_PARAMETER = "footfall_database"
"""A guest's statement names the store's database as `{footfall_database:Identifier}`."""


@dataclass(frozen=True, slots=True)
class Statement:
    """`text` names its parameters as `{name:Type}`; the engine binds the values.

    A `guest` is (partly) somebody else's text: it runs read-only in an empty database, so that only
    a qualified name reaches a table, and what is wrong with it is an error of theirs.

    `spans`: of which instants of their time events are read; None if it may be any.
    """

    text: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    guest: bool = False
    spans: tuple[Span, ...] | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one query: wall seconds, bytes of memory, rows of the answer.

    Groups of more than three quarters of the memory, and sorts of more than half, go on in
    temporary files, twice as slow, of at most `disk_bytes`.
    """

    seconds: float = 30
    memory_bytes: int = 2 * 1024**3
    rows: int = 1_000_000
    disk_bytes: int = 20 * 1024**3

    def settings(self) -> dict[str, str | int | float]:
        """The engine's settings that hold these bounds; going over is an error, never a cut."""
        return {
            "max_execution_time": self.seconds,
            "max_memory_usage": self.memory_bytes,
            "max_bytes_before_external_group_by": self.memory_bytes * 3 // 4,
            "max_bytes_before_external_sort": self.memory_bytes // 2,
            "max_temporary_data_on_disk_size_for_query": self.disk_bytes,
            "max_result_rows": self.rows,
            "result_overflow_mode": "throw",
            "timeout_overflow_mode": "throw",
        }
