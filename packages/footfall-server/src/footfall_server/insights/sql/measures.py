"""Measures as aggregates. Weighted where events are counted, never where installs are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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


def measure(name: str, number: str, code: str) -> str:
    """The aggregate of a measure that is no percentile, as a nullable float; `number` and `code`
    are the property's."""
    body = {
        "total": TOTAL,
        "unique": UNIQUE,
        "per_install": f"{TOTAL} / nullIf({UNIQUE}, 0)",
        "sum": f"ifNull(sum({number} * weight), 0)",
        "avg": f"sum({number} * weight) / nullIf(sumIf(weight, isNotNull({number})), 0)",
        "min": f"min({number})",
        "max": f"max({number})",
        "distinct": f"uniqExactIf({code}, {code} != '')",
        "error_rate": f"sumIf(weight, exception_occurred_code = 'jtrue') / nullIf({TOTAL}, 0)",
    }[name]
    return f"toNullable(toFloat64({body}))"


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Exact percentiles of a property, as SQL in steps.

    A `source` has the columns of `kept`; `stepped` adds a column `levels` (of nullable floats, one
    a level; null without values, and with more than `keep`) and `count`, how many values they
    stand on. Every column's name ends with `of`. In steps, as a text that holds itself many times
    over takes the engine longer to read than to answer.
    """

    levels: Sequence[float]
    keep: int
    of: str = ""

    @property
    def values(self) -> str:
        return f"levels{self.of}"

    @property
    def count(self) -> str:
        return f"count{self.of}"

    def kept(self, number: str) -> list[str]:
        """Aggregates: up to `keep` values of the weight 1, up to `keep` pairs of a value with
        another weight (so bounded that places are whole numbers), and how many there are."""
        value, present = f"assumeNotNull({number})", f"isNotNull({number})"
        own = "least(greatest(weight, 0), 1e7)"
        return [
            f"groupArrayIf({self.keep})({value}, {present} AND weight = 1) AS plain{self.of}",
            f"groupArrayIf({self.keep})(({value}, {own}), {present} AND weight != 1) "
            f"AS weighted{self.of}",
            f"countIf({present}) AS {self.count}",
        ]

    def stepped(self, source: str) -> str:
        """Without pairs R type 7, else the smallest value whose cumulated weight reaches the
        level."""
        steps = self._by_table() if self.keep == FEW_VALUES else self._by_place()
        for step in steps:
            source = f"SELECT *, {', '.join(step)} FROM ({source})"
        return source

    def _by_table(self) -> list[list[str]]:
        """By the engine's table of distinct values. It takes whole weights: billionths."""
        plain, weighted = f"plain{self.of}", f"weighted{self.of}"
        levels = ", ".join(map(str, self.levels))
        even = f"arrayReduce('quantilesExactInclusive({levels})', {plain})"
        slack = ", ".join(f"{level * _SLACK:.12f}" for level in self.levels)
        ones = f"arrayWithConstant(length({plain}), toUInt64(1e9))"
        whole = f"arrayMap(pair -> toUInt64(round(pair.2 * 1e9)), {weighted})"
        uneven = (
            f"arrayReduce('quantilesExactWeighted({slack})', "
            f"arrayConcat({plain}, {weighted}.1), arrayConcat({ones}, {whole}))"
        )
        none = f"arrayResize([]::Array(Nullable(Float64)), {len(self.levels)})"
        known = f"{self.count} BETWEEN 1 AND {self.keep}"
        found = f"multiIf(NOT ({known}), {none}, empty({weighted}), {even}, {uneven})"
        return [[f"{found} AS {self.values}"]]

    def _by_place(self) -> list[list[str]]:
        """Few values have a weight of their own. Whatever those are, the answer lies among them or
        between two places of the sorted plain values, as far apart as they weigh together: so few
        are looked at one by one."""
        of, size = self.of, f"length(plain{self.of})"
        sorted_ = [
            f"arraySort(plain{of}) AS ordered{of}",
            f"arraySum(weighted{of}.2) AS heavy{of}",
            # By its place, not by `if`: what stands in a branch is computed anew.
            f"1 + ({self.count} BETWEEN 1 AND {self.keep}) * (2 - empty(weighted{of})) AS way{of}",
        ]
        places, bounds, near, found = [], [], [], []
        for number, level in enumerate(self.levels):
            at = f"{of}_{number}"
            places += [
                f"{level} * ({size} - 1) AS place{at}",
                f"{level * _SLACK:.12f} * ({size} + heavy{of}) AS reached{at}",
            ]
            bounds += [
                f"ordered{of}[toInt64(floor(place{at})) + 1] AS low{at}",
                f"ordered{of}[toInt64(ceil(place{at})) + 1] AS high{at}",
                f"greatest(toInt64(ceil(reached{at} - heavy{of})), 1) AS first{at}",
                f"greatest(toInt64(ceil(reached{at})), 1) - first{at} + 1 AS wide{at}",
            ]
            slice_ = f"arraySlice(ordered{of}, first{at}, greatest(wide{at}, 0))"
            ones = f"arrayMap(value -> (value, toFloat64(1)), {slice_})"
            near += [f"arraySort(pair -> pair.1, arrayConcat({ones}, weighted{of})) AS near{at}"]
            even = f"low{at} + (high{at} - low{at}) * (place{at} - floor(place{at}))"
            reached = f"sum -> sum >= reached{at} - first{at} + 1"
            uneven = f"near{at}[arrayFirstIndex({reached}, arrayCumSum(near{at}.2))].1"
            found.append(f"[NULL, {even}, {uneven}][way{of}]")
        return [sorted_, places, bounds, near, [f"[{', '.join(found)}] AS {self.values}"]]


# A billionth of slack, so that the rounding of a sum doesn't move the answer.
_SLACK = 1 - 1e-9


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
