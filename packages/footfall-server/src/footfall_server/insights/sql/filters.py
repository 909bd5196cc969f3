"""Filters as conditions. Every condition is 0 or 1, never null, so that negation is two-valued."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime

from footfall_server.insights.queries import Filter, Installs, Value
from footfall_server.insights.queries.common import inside, moment
from footfall_server.insights.sql.binder import Binder
from footfall_server.insights.sql.column import (
    FLAGS,
    Cohorts,
    Column,
    column,
    elements,
    is_list,
    value_code,
)
from footfall_server.model.event import KINDS

# Which codes of a property satisfy a version filter, found by ordering them outside the engine.
VersionKey = tuple[str, str, str]
Versions = Mapping[VersionKey, list[str]]

_INSTALLS: Mapping[Installs, str] = {
    "all": "",
    "persistent": "ephemeral_code != 'jtrue'",
    "ephemeral": "ephemeral_code = 'jtrue'",
    "ci": "ci_code = 'jtrue'",
    "human": "ci_code != 'jtrue'",
}
_COMPARE = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_EARLIEST, _LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2299, 12, 31, tzinfo=UTC)
_VERSION_OPS = frozenset({"version_gte", "version_lt"})
_NEGATED = {"not_in": "in", "not_contains": "contains", "is_not_set": "is_set"}


def installs_condition(installs: Installs) -> str:
    """Judged event by event; '' for all."""
    return _INSTALLS[installs]


def walk(filters: Iterable[Filter]) -> Iterable[Filter]:
    """Every condition inside, groups unfolded."""
    for one in filters:
        if one.property is not None:
            yield one
        yield from walk(inside(one))


def asks_for_kind(condition: Filter) -> bool:
    """Whether `kind` means the wire's (identify, page …) and not a property of that name."""
    return (
        condition.property == "kind"
        and bool(condition.values)
        and all(isinstance(value, str) and value in KINDS for value in condition.values)
    )


def version_keys(filters: Iterable[Filter]) -> set[VersionKey]:
    """The version filters that must be resolved before: (property, op, version)."""
    return {
        (one.property or "", one.op or "", str(one.values[0]))
        for one in walk(filters)
        if one.op in _VERSION_OPS
    }


class Conditions:
    """Compiles filters of one statement."""

    def __init__(self, binder: Binder, versions: Versions) -> None:
        self._binder = binder
        self._versions = versions

    def every(self, filters: Iterable[Filter]) -> list[str]:
        """One condition a filter, to be and-ed."""
        return [self.one(each) for each in filters]

    def one(self, filter_: Filter) -> str:
        if filter_.any is not None:
            return self._joined(filter_.any, "OR", "0")
        if filter_.all is not None:
            return self._joined(filter_.all, "AND", "1")
        if filter_.not_ is not None:
            return f"NOT ({self.one(filter_.not_)})"
        if asks_for_kind(filter_):
            values = self._binder.texts([str(value) for value in filter_.values])
            return f"kind {'IN' if filter_.op == 'in' else 'NOT IN'} {values}"
        return self._condition(filter_)

    def _joined(self, filters: Iterable[Filter], word: str, empty: str) -> str:
        return f"({f' {word} '.join(self.every(filters)) or empty})"

    def _condition(self, filter_: Filter) -> str:
        op = filter_.op or ""
        if op in _NEGATED:
            return f"NOT ({self._positive(filter_, _NEGATED[op])})"
        return self._positive(filter_, op)

    def _positive(self, filter_: Filter, op: str) -> str:
        name, values = filter_.property or "", filter_.values
        if isinstance(name, Cohorts):
            return self._in_cohort(name, values)
        read = column(name, self._binder)
        if op == "is_set":
            return f"{read.code} != ''"
        if read.instant is not None and op in {"in", "between", *_COMPARE}:
            return self._instants(read.instant, op, values)
        if read.text is not None and op == "in":
            texts = [value for value in values if isinstance(value, str)]
            return f"{read.text} IN {self._binder.texts(texts)}" if texts else "0"
        if op in _VERSION_OPS:
            codes = self._binder.texts(self._versions[(name, op, str(values[0]))])
            return self._any_element(read, lambda code, _: f"{code} IN {codes}")
        if name in FLAGS:
            read = _flag(read)
        return self._any_element(read, lambda code, number: self._test(op, values, code, number))

    def _in_cohort(self, cohorts: Cohorts, values: tuple[Value, ...]) -> str:
        tests = [test(self._binder) for name, test in cohorts.members if name in values]
        return f"({' OR '.join(tests) or '0'})"

    def _any_element(self, read: Column, test: Callable[[str, str], str]) -> str:
        """The test on the value, or on any element when it is a list."""
        number_of_element = "toFloat64OrNull(substring(c, 2 * startsWith(c, 'j')))"
        inside = test("c", number_of_element)
        if read.text is not None or read.instant is not None:
            return test(read.code, read.number)
        listed = f"arrayExists(c -> {inside}, {self._binder.name(elements(read.code))})"
        otherwise = f"{is_list(read.code)}, {listed}, {test(read.code, read.number)}"
        if read.texts is None:
            return f"multiIf({otherwise})"
        text = test(f"concat('s', assumeNotNull({read.texts}))", "NULL")
        return f"multiIf(isNotNull({read.texts}), {text}, {otherwise})"

    def _test(self, op: str, values: tuple[Value, ...], code: str, number: str) -> str:
        if op == "in":
            return self._in(values, code, number)
        if op in ("contains", "starts_with"):
            found = "position({0}, {1}) > 0" if op == "contains" else "startsWith({0}, {1})"
            text = f"substring({code}, 2)"
            tests = (found.format(text, self._binder.text(str(value))) for value in values)
            return f"(startsWith({code}, 's') AND ({' OR '.join(tests)}))"
        if op == "between":
            low, high = values
            return f"({self._order('>=', low, code, number)} AND " + (
                f"{self._order('<=', high, code, number)})"
            )
        return self._order(_COMPARE[op], values[0], code, number)

    def _in(self, values: tuple[Value, ...], code: str, number: str) -> str:
        tests = [f"{code} IN {self._binder.texts([value_code(value) for value in values])}"]
        # What isn't written the same everywhere is compared as a number.
        tests += [
            f"ifNull({number} = {self._binder.number(value)}, 0)"
            for value in values
            if not isinstance(value, str | bool) and not _is_plain(value)
        ]
        return f"({' OR '.join(tests)})"

    def _order(self, sign: str, value: Value, code: str, number: str) -> str:
        if isinstance(value, str):
            text = self._binder.text(value)
            return f"(startsWith({code}, 's') AND substring({code}, 2) {sign} {text})"
        return f"ifNull({number} {sign} {self._binder.number(value)}, 0)"

    def _instants(self, name: str, op: str, values: tuple[Value, ...]) -> str:
        # Nothing was received outside of these, and the engine knows no other times.
        bounded = (min(max(moment(value), _EARLIEST), _LATEST) for value in values)
        moments = [self._binder.instant(one) for one in bounded]
        if op == "in":
            return f"{name} IN ({', '.join(moments)})"
        if op == "between":
            return f"({name} >= {moments[0]} AND {name} <= {moments[1]})"
        return f"{name} {_COMPARE[op]} {moments[0]}"


def _is_plain(number: float) -> bool:
    """Whether a number has one form only: a whole one of 64 bits, but for 0, which is -0.0 too."""
    whole = isinstance(number, int) or number.is_integer()
    return whole and 0 < abs(number) < 2**63


def _flag(read: Column) -> Column:
    """A missing `ci` or `ephemeral` is false."""
    return Column(read.name, f"if({read.code} = '', 'jfalse', {read.code})", read.number)
