"""Sparklines: inline SVG paths on a 100 × 32 field, which cost no library."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

TOP, FLOOR, BASE = 4.0, 28.0, 32.0


class Spark(NamedTuple):
    """Path data: the line over complete buckets, the area under it, the dashed unfinished ends."""

    line: str
    fill: str
    part: str


class Point(NamedTuple):
    value: float | None
    incomplete: bool = False


def spark(points: Sequence[Point]) -> Spark | None:
    """The paths, or None when fewer than two buckets hold a value. Gaps stay gaps."""
    values = [p.value for p in points if p.value is not None]
    if len(values) < 2:
        return None
    low, high = min(values), max(values)
    step = 100 / (len(points) - 1)

    def place(index: int, value: float) -> str:
        height = (value - low) / (high - low) if high > low else 0.5
        return f"{index * step:.1f} {FLOOR - height * (FLOOR - TOP):.1f}"

    line, fill, part = "", "", ""
    for run in runs(points):
        places = [place(i, points[i].value or 0.0) for i in run]
        whole = [at for i, at in zip(run, places, strict=True) if not points[i].incomplete]
        if len(whole) > 1:
            line += "M" + "L".join(whole)
            first, last = whole[0].split()[0], whole[-1].split()[0]
            fill += "M" + "L".join(whole) + f"L{last} {BASE:g}L{first} {BASE:g}Z"
        for k in range(1, len(run)):
            if points[run[k - 1]].incomplete or points[run[k]].incomplete:
                part += f"M{places[k - 1]}L{places[k]}"
    return Spark(line, fill, part)


def runs(points: Sequence[Point]) -> list[list[int]]:
    """The indices of neighbouring points that hold a value."""
    found: list[list[int]] = [[]]
    for index, point in enumerate(points):
        if point.value is None:
            found.append([])
        else:
            found[-1].append(index)
    return [run for run in found if run]
