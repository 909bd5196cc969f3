"""Public figures: what an adversary who sees all of them can find out of a hidden group."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

from footfall_server.privacy.anonymity import Told, about, overlapping, parts, rounded
from hypothesis import given, settings
from hypothesis import strategies as st

K = 10
NAMES = "abcde"


def possible(told: Told, whole: int | None, names: str) -> dict[str, set[int]]:
    """For each hidden group every size that agrees with all that was told.

    The adversary knows the names of all groups (others might be there, which only helps to hide),
    the rounding, and the rule by which groups are hidden. `whole` is the rounded total.
    """
    hidden = [name for name in names if name not in told.shown]
    most = (whole or 0) + K - 1
    found: dict[str, set[int]] = {name: set() for name in hidden}
    low = sum(told.shown.values())
    high = low + (K - 1) * len(told.shown)
    for sizes in product(range(most + 1), repeat=len(hidden)):
        rest = sum(sizes)
        # Some total between the bounds has to be left for the groups that are shown.
        if rest + low > most or rest + high < (whole or 0):
            continue
        if _would_hide(dict(zip(hidden, sizes, strict=True)), told):
            for name, size in zip(hidden, sizes, strict=True):
                found[name].add(size)
    return found


def _would_hide(sizes: Mapping[str, int], told: Told) -> bool:
    """Whether groups of these sizes can have been hidden together, beside those shown."""
    most = {name: count + K - 1 for name, count in told.shown.items()}
    return set(parts({**sizes, **most}, K).shown) == set(told.shown)


@settings(max_examples=80, deadline=None)
@given(
    st.one_of(
        st.lists(st.integers(0, 60), min_size=2, max_size=2),
        st.lists(st.integers(0, 14), min_size=3, max_size=3),
    )
)
def test_no_hidden_group_is_pinned_down(counts: list[int]) -> None:
    names = NAMES[: len(counts)]
    cells = dict(zip(names, counts, strict=True))
    total = sum(counts)
    told = parts(cells, K)
    for name, sizes in possible(told, rounded(total, K), names).items():
        assert cells[name] in sizes
        below = {size for size in sizes if 0 < size < K}
        # Neither its size nor that it is a small group at all is certain.
        if 0 < cells[name] < K:
            assert len(below) > 1
            assert sizes - below


@given(st.dictionaries(st.sampled_from(NAMES), st.integers(0, 500), max_size=5))
def test_what_is_shown_is_never_more_than_there_is_nor_a_small_group(
    counts: dict[str, int],
) -> None:
    told = parts(counts, K)
    for name, count in told.shown.items():
        assert count % K == 0
        assert K <= count <= counts[name]
    hidden = {name: n for name, n in counts.items() if n > 0 and name not in told.shown}
    assert told.hidden == bool(hidden)
    assert all(n >= K for name, n in counts.items() if name in told.shown)
    if hidden and told.shown:
        assert len(hidden) >= 2
        assert sum(hidden.values()) >= K


@given(st.integers(K, 500), st.lists(st.integers(0, 500), max_size=4))
def test_of_overlapping_groups_the_few_outside_are_hidden(whole: int, counts: list[int]) -> None:
    cells = {NAMES[place]: min(count, whole) for place, count in enumerate(counts)}
    told = overlapping(cells, whole, K)
    for name, count in told.shown.items():
        assert K <= count <= cells[name]
        outside = whole - cells[name]
        if 0 < outside < K:
            assert whole - count >= K


def test_calls_are_told_to_two_digits() -> None:
    assert [about(n) for n in (0, 7, 64_123, 1_951_000)] == [0, 7, 64_000, 2_000_000]
