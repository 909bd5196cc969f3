"""How sure a share of installs is."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist

_Z = NormalDist().inv_cdf(0.975)


def wilson(count: int, of: int) -> tuple[float | None, float | None]:
    """The 95 % Wilson score interval of a share; nothing of nothing has none."""
    if not of:
        return None, None
    share, square = count / of, _Z * _Z
    middle = (share + square / (2 * of)) / (1 + square / of)
    spread = _Z / (1 + square / of) * sqrt(share * (1 - share) / of + square / (4 * of * of))
    # At both ends the formula gives 0 and 1, but for the rounding.
    low = 0.0 if count == 0 else middle - spread
    high = 1.0 if count == of else middle + spread
    return low, high


def slope(points: list[tuple[float, float]]) -> float | None:
    """The least-squares slope through (x, y); None of fewer than two points."""
    if len(points) < 2:
        return None
    x = sum(at for at, _ in points) / len(points)
    y = sum(height for _, height in points) / len(points)
    spread = sum((at - x) ** 2 for at, _ in points)
    return sum((at - x) * (height - y) for at, height in points) / spread
