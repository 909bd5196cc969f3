"""What NannyML logged against what the insights say, event by event."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Count:
    """How often an event happened, and how often with an exception."""

    events: int = 0
    errors: int = 0

    def __add__(self, other: Count) -> Count:
        return Count(self.events + other.events, self.errors + other.errors)


@dataclass(frozen=True, slots=True)
class Line:
    """One event name on both sides."""

    event: str
    logged: Count
    found: Count

    @property
    def equal(self) -> bool:
        return self.logged == self.found


@dataclass(frozen=True, slots=True)
class Comparison:
    """Every event name of either side, by name, and the totals."""

    lines: tuple[Line, ...]
    logged: Count
    found: Count

    @property
    def equal(self) -> bool:
        """Whether NannyML logged something and the insights hold exactly that."""
        return self.logged.events > 0 and all(line.equal for line in self.lines)

    def verdict(self) -> str:
        """One sentence that says whether the insights are complete, and if not, what differs."""
        if not self.logged.events:
            return (
                "NannyML logged nothing. Is NML_DISABLE_USAGE_LOGGING set in a .env file of this"
                " folder or one above it?"
            )
        wrong = [line for line in self.lines if not line.equal]
        if wrong:
            worst = wrong[0]
            return (
                f"The insights differ from what NannyML logged in {len(wrong)} of"
                f" {len(self.lines)} kinds of event, first in “{worst.event}”: logged"
                f" {worst.logged.events} with {worst.logged.errors} errors, found"
                f" {worst.found.events} with {worst.found.errors}."
            )
        return (
            f"NannyML logged {self.logged.events} events of {len(self.lines)} kinds,"
            f" and every one is in the insights."
        )


def read_ledger(lines: Iterable[str]) -> dict[str, Count]:
    """Counts by event name from a ledger's JSON lines `{"event": …, "error": …}`."""
    counts: dict[str, Count] = {}
    for line in lines:
        entry = json.loads(line)
        one = Count(1, int(entry["error"]))
        counts[entry["event"]] = counts.get(entry["event"], Count()) + one
    return counts


def read_ledgers(folder: Path) -> dict[str, Count]:
    """The sum of all ledgers in a folder: one a process."""
    lines: list[str] = []
    for path in sorted(folder.glob("*.jsonl")):
        lines += path.read_text(encoding="utf-8").splitlines()
    return read_ledger(lines)


def read_events_table(rows: Iterable[Mapping[str, Any]]) -> dict[str, Count]:
    """Counts by event name from the rows of the report `events_table`."""
    return {
        row["event"]: Count(
            events=round(row["total"]), errors=round(row["total"] * (row["error_rate"] or 0))
        )
        for row in rows
    }


def compare(logged: Mapping[str, Count], found: Mapping[str, Count]) -> Comparison:
    """Both sides, joined by event name."""
    names = sorted(logged.keys() | found.keys())
    return Comparison(
        lines=tuple(
            Line(name, logged.get(name, Count()), found.get(name, Count())) for name in names
        ),
        logged=sum(logged.values(), Count()),
        found=sum(found.values(), Count()),
    )
