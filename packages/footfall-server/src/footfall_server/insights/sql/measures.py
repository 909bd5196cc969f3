"""Measures as aggregates. Weighted where events are counted, never where installs are."""

from __future__ import annotations

from collections.abc import Sequence

from footfall_server.insights.queries import PERCENTILES

# While a bucket holds no more values than this, its percentiles are promised to be exact.
EXACT_VALUES = 100_000

# Of a range with so few events all values are kept; with so many too (80 MB, several times over
# while they are merged and sorted), and they are sorted: that takes longer to plan and a third of
# the time to carry out. Beyond, groups of more than `EXACT_VALUES` have theirs of rounded values.
FEW_VALUES, MOST_VALUES = 1_000_000, 10_000_000

TOTAL = "sum(weight)"
UNIQUE = "uniqExact(install_key)"

_LEVELS = list(PERCENTILES.values())


def measure(name: str, number: str, code: str, keep: int) -> str:
    """The aggregate of a measure, as a nullable float; `number`, `code` are the property's.

    A percentile of more than `keep` values is null: see `approximate`.
    """
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
    body = simple.get(name) or f"{percentiles((PERCENTILES[name],), number, keep)}[1]"
    return f"toNullable(toFloat64({body}))"


def values_of(number: str) -> str:
    """How many values a percentile stands on."""
    return f"countIf(isNotNull({number}))"


def percentiles(levels: Sequence[float], number: str, keep: int) -> str:
    """The aggregate of the value of each level, as an array of nullable floats.

    Null without values, and with more than `keep`.
    """
    plain, weighted = values_kept(number, keep)
    return percentiles_of(levels, plain, weighted, values_of(number), keep)


def values_kept(number: str, keep: int) -> tuple[str, str]:
    """Aggregates: up to `keep` values of the weight 1, and up to `keep` pairs of a value with
    another weight (so bounded that places are whole numbers)."""
    value, present = f"assumeNotNull({number})", f"isNotNull({number})"
    own = "least(greatest(weight, 0), 1e7)"
    return (
        f"groupArrayIf({keep})({value}, {present} AND weight = 1)",
        f"groupArrayIf({keep})(({value}, {own}), {present} AND weight != 1)",
    )


def percentiles_of(
    levels: Sequence[float], plain: str, weighted: str, count: str, keep: int
) -> str:
    """As `percentiles`, of arrays: values of the weight 1; pairs of a value with its own weight.

    Without pairs R type 7, else the smallest value whose cumulated weight reaches the level.
    """
    if keep == FEW_VALUES:
        even = f"arrayReduce('quantilesExactInclusive({', '.join(map(str, levels))})', {plain})"
        by_table = _by_table(levels, plain, weighted)
        none = f"arrayResize([]::Array(Nullable(Float64)), {len(levels)})"
        known = f"{count} BETWEEN 1 AND {keep}"
        return f"multiIf(NOT ({known}), {none}, empty({weighted}), {even}, {by_table})"
    ordered = f"arraySort({plain})"
    # By its place, not by `if`: what stands in a branch is computed anew wherever it is used.
    way = f"1 + ({count} BETWEEN 1 AND {keep}) * (2 - empty({weighted}))"
    found = []
    for level in levels:
        place = f"({level} * (length({plain}) - 1))"
        low, high = (f"{ordered}[toInt64({one}({place})) + 1]" for one in ("floor", "ceil"))
        even = f"{low} + ({high} - {low}) * ({place} - floor({place}))"
        found.append(f"[NULL, {even}, {_by_place(level, plain, weighted, ordered)}][{way}]")
    return f"[{', '.join(found)}]"


# A billionth of slack, so that the rounding of a sum doesn't move the answer.
_SLACK = 1 - 1e-9


def _by_table(levels: Sequence[float], plain: str, weighted: str) -> str:
    """By the engine's table of distinct values. It takes whole weights, so they are billionths."""
    slack = ", ".join(f"{level * _SLACK:.12f}" for level in levels)
    ones = f"arrayWithConstant(length({plain}), toUInt64(1e9))"
    whole = f"arrayMap(pair -> toUInt64(round(pair.2 * 1e9)), {weighted})"
    return (
        f"arrayReduce('quantilesExactWeighted({slack})', "
        f"arrayConcat({plain}, {weighted}.1), arrayConcat({ones}, {whole}))"
    )


def _by_place(level: float, plain: str, weighted: str, ordered: str) -> str:
    """Few values have a weight of their own. Whatever those are, the answer lies among them or
    between two places of the sorted plain values, as far apart as they weigh together: so few are
    looked at one by one."""
    total = f"arraySum({weighted}.2)"
    reached = f"({level * _SLACK:.12f} * (length({plain}) + {total}))"
    first = f"greatest(toInt64(ceil({reached} - {total})), 1)"
    last = f"greatest(toInt64(ceil({reached})), 1)"
    near = f"arraySlice({ordered}, {first}, greatest({last} - {first} + 1, 0))"
    near = f"arrayMap(value -> (value, toFloat64(1)), {near})"
    pairs = f"arraySort(pair -> pair.1, arrayConcat({near}, {weighted}))"
    place = f"arrayFirstIndex(sum -> sum >= {reached} - {first} + 1, arrayCumSum({pairs}.2))"
    return f"{pairs}[{place}].1"


def approximate(name: str, number: str) -> str:
    """The aggregate of a percentile of any number of values, of rounded ones, as a nullable float.

    The percentiles of one property share one table of values.
    """
    levels = ", ".join(map(str, _LEVELS))
    place = _LEVELS.index(PERCENTILES[name]) + 1
    return (
        f"toNullable(quantilesExactWeightedIf({levels})"
        f"({rounded(number)}, {thousandths('weight')}, isNotNull({number}))[{place}])"
    )


_MANTISSA, _KEPT = 52, 9
_LARGEST = 1.7976931348623157e308


def rounded(number: str) -> str:
    """To ten binary digits: at most a thousandth off, whole numbers up to 1,024 not at all. So
    some thousand distinct values stand for any number of them."""
    dropped = _MANTISSA - _KEPT
    bits = f"reinterpretAsUInt64(assumeNotNull({number})) + {1 << (dropped - 1)}"
    value = f"reinterpretAsFloat64(bitAnd({bits}, {(1 << 64) - (1 << dropped)}))"
    return f"greatest(least({value}, {_LARGEST}), -{_LARGEST})"


def thousandths(weight: str) -> str:
    """The engine's table takes whole weights: thousandths are fine enough for a sample's share."""
    return f"toUInt32(least(round(greatest({weight}, 0) * 1000), 4e9))"
