"""Measures as aggregates. Weighted where events are counted, never where installs are."""

from __future__ import annotations

from collections.abc import Sequence

from footfall_server.insights.queries import PERCENTILES

# While a bucket holds no more values than this, its percentiles are exact.
EXACT_VALUES = 100_000

TOTAL = "sum(weight)"
UNIQUE = "uniqExact(install_key)"


def measure(name: str, number: str, code: str) -> str:
    """The aggregate of a measure, as a nullable float; `number`, `code` are the property's."""
    simple = {
        "total": TOTAL,
        "unique": UNIQUE,
        "per_install": f"{TOTAL} / nullIf({UNIQUE}, 0)",
        "sum": f"ifNull(sum({number} * weight), 0)",
        "avg": f"sum({number} * weight) / nullIf(sumIf(weight, isNotNull({number})), 0)",
        "min": f"min({number})",
        "max": f"max({number})",
        "distinct": f"uniqExactIf({code}, {code} != '')",
        "error_rate": f"sumIf(weight, exception_occurred_code = 'jtrue') / nullIf({TOTAL}, 0)",
    }
    body = simple.get(name) or percentile(PERCENTILES[name], number)
    return f"toNullable(toFloat64({body}))"


def values_of(number: str) -> str:
    """How many values a percentile stands on."""
    return f"countIf(isNotNull({number}))"


def percentile(at: float, number: str) -> str:
    """R type 7 while all weights are 1; else the smallest value whose cumulated weight reaches p.

    Both exact up to `EXACT_VALUES`; above, a t-digest.
    """
    present = f"isNotNull({number})"
    values = f"groupArrayIf({EXACT_VALUES + 1})(assumeNotNull({number}), {present})"
    weights = f"groupArrayIf({EXACT_VALUES + 1})(weight, {present})"
    even = f"minIf(weight, {present}) = 1 AND maxIf(weight, {present}) = 1"
    # The engine's digest takes whole weights: thousandths are fine enough for a sample's share.
    # All levels at once, so that the percentiles of one property share one digest.
    levels = list(PERCENTILES.values())
    digest = (
        f"quantilesTDigestWeightedIf({', '.join(map(str, levels))})({number}, "
        f"toUInt32(least(round(weight * 1000), 4e9)), {present})[{levels.index(at) + 1}]"
    )
    return (
        f"multiIf({values_of(number)} = 0, NULL, "
        f"{values_of(number)} > {EXACT_VALUES}, toFloat64({digest}), "
        f"{even}, arrayReduce('quantileExactInclusive({at})', {values}), "
        f"{exact_weighted((at,), values, weights)}[1])"
    )


def exact_weighted(levels: Sequence[float], values: str, weights: str) -> str:
    """Of arrays: the smallest value whose cumulated weight reaches each level, as an array.

    The function takes whole weights, whose sum must fit, so they are billionths; and a billionth of
    slack, so that the rounding of a sum doesn't move the answer.
    """
    slack = ", ".join(f"{level * (1 - 1e-9):.12f}" for level in levels)
    whole = f"arrayMap(w -> toUInt64(round(least(greatest(w, 0), 1e7) * 1e9)), {weights})"
    return f"arrayReduce('quantilesExactWeighted({slack})', {values}, {whole})"
