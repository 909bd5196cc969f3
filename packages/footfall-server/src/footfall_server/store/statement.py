"""What is sent to the engine: a text with bound parameters, and how much it may take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

DATABASE_PARAMETER = "footfall_database"
"""A guest's statement names the store's database as `{footfall_database:Identifier}`."""


@dataclass(frozen=True, slots=True)
class Statement:
    """`text` names its parameters as `{name:Type}`; the engine binds the values.

    A `guest` is (partly) somebody else's text: it runs read-only in an empty database, so that only
    a qualified name reaches a table, and what is wrong with it is an error of theirs.
    """

    text: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    guest: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one query: wall seconds, bytes of memory, rows of the answer."""

    seconds: float = 30
    memory_bytes: int = 2 * 1024**3
    rows: int = 1_000_000

    def settings(self) -> dict[str, str | int | float]:
        """The engine's settings that hold these bounds; going over is an error, never a cut."""
        return {
            "max_execution_time": self.seconds,
            "max_memory_usage": self.memory_bytes,
            "max_result_rows": self.rows,
            "result_overflow_mode": "throw",
            "timeout_overflow_mode": "throw",
        }
