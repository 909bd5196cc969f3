"""How long something takes, counted by bounds: cheap enough for every request."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Histogram:
    """`add(seconds)`, by one thread; anyone may read."""

    __slots__ = ("bounds", "counts", "sum")

    def __init__(self, bounds: tuple[float, ...] = SECONDS) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        """Of the values up to each bound and over the one before; at last of those over all."""
        self.sum = 0.0

    def add(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value

    @staticmethod
    def total(parts: Sequence[Histogram]) -> Histogram:
        """What several have counted, with the bounds that all of them have."""
        whole = Histogram(parts[0].bounds)
        for part in parts:
            whole.sum += part.sum
            whole.counts = [a + b for a, b in zip(whole.counts, part.counts, strict=True)]
        return whole

    def cumulated(self) -> list[tuple[str, float]]:
        """As Prometheus has it: (bound, how many up to it)."""
        total, rows = 0, []
        for bound, count in zip((*map(str, self.bounds), "+Inf"), self.counts, strict=True):
            total += count
            rows.append((bound, float(total)))
        return rows
