"""What may be told in public of groups of installs: k-anonymity, rounding, and no complements.

Every count that is told is rounded down to a multiple of k, so it means "at least". A group of
fewer than k installs is hidden. Where hidden groups are the only ones missing from a whole that is
told, the next smallest are hidden with them, until those that are hidden hold at least k installs
and are at least two: else subtraction would tell what was hidden.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

K = 10


@dataclass(frozen=True, slots=True)
class Told:
    """`shown`: counts rounded down, largest first. `hidden`: whether some group isn't told."""

    shown: dict[str, int]
    hidden: bool


def rounded(count: int, k: int = K) -> int | None:
    """Down to a multiple of k; None for fewer than k."""
    return count - count % k if count >= k else None


def parts(counts: Mapping[str, int], k: int = K) -> Told:
    """Groups that together are a whole, each install in one of them."""
    present = sorted((count, name) for name, count in counts.items() if count > 0)
    hidden = [pair for pair in present if pair[0] < k]
    shown = [pair for pair in present if pair[0] >= k]
    while hidden and shown and (len(hidden) < 2 or sum(count for count, _ in hidden) < k):
        hidden.append(shown.pop(0))
    return Told({name: count - count % k for count, name in reversed(shown)}, bool(hidden))


def overlapping(counts: Mapping[str, int], whole: int, k: int = K) -> Told:
    """Groups of a whole that an install may be in several of.

    Where all but a few of the whole are in a group, those few are hidden too: no more is told than
    that the group is the whole less k.
    """
    told: dict[str, int] = {}
    hidden = False
    for name, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])):
        most = count if whole == count else min(count, whole - k)
        value = rounded(most, k)
        if value is None:
            hidden = hidden or count > 0
        else:
            told[name] = value
    return Told(told, hidden)


def about(number: float) -> int:
    """A number of calls, to two significant digits."""
    whole = round(number)
    return int(float(f"{whole:.1e}")) if whole else 0
