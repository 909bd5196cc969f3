"""Installs by version, Python, system or runtime: segments in their order, and lists of shares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from footfall_server.insights.chart import label_of, newest_first
from footfall_server.insights.result import Row

OTHER = "$other"
NAMES = {
    "": "(empty)",
    "aks": "AKS",
    "ci": "CI",
    "docker": "Docker",
    "eks": "EKS",
    "kubernetes": "Kubernetes",
    "native": "Native",
    "notebook": "Notebook",
    "script": "Script",
    "Darwin": "macOS",
}


@dataclass(frozen=True, slots=True)
class Share:
    """One bar: `value` is the segment as sent, `width` is in percent of the longest bar."""

    value: str
    label: str
    installs: float
    share: float | None
    width: float

    @property
    def selectable(self) -> bool:
        return self.value != OTHER


def label(value: str) -> str:
    """What a page calls a segment."""
    return NAMES.get(value) or label_of(value)


def segment(row: Row) -> str:
    """The one segment of a row that is broken down by one property."""
    return str(row["segment"][0]) if row["segment"] else ""


def largest_first(rows: Sequence[Row]) -> list[str]:
    """Segments by installs over the whole range; Other comes last, ties go by name."""
    whole = {segment(row): row["value"] or 0 for row in rows if row["bucket"] is None}
    return sorted(whole, key=lambda value: (value == OTHER, -whole[value], value))


def shares(rows: Sequence[Row], active: float | None, *, versions: bool) -> list[Share]:
    """The folded rows as bars; the share is of all active installs, so shares may exceed 100%."""
    whole = {segment(row): float(row["value"] or 0) for row in rows if row["bucket"] is None}
    order = largest_first(rows)
    if versions:
        named = {label(value): value for value in whole}
        order = [named[name] for name in newest_first(named)]
    longest = max(whole.values(), default=0)
    return [
        Share(
            value,
            label(value),
            whole[value],
            whole[value] / active if active else None,
            100 * whole[value] / longest,
        )
        for value in order
        if whole[value]
    ]
