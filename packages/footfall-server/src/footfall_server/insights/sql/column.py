"""How a property is read.

A value has a **code**, a text that keeps its type: '' when missing, 's' and the text for a text,
'j' and the JSON text for anything else. So the text "7" is never the number 7, and equality,
segments and lists need only the code. Numbers also have a **number**, null for anything else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import msgspec

from footfall_server.insights.queries import Cut
from footfall_server.insights.sql.binder import Binder
from footfall_server.model.errors import Unprocessable

NONE, OTHER = "$none", "$other"
NO_NUMBER = "CAST(NULL, 'Nullable(Float64)')"
FLAGS = frozenset({"ci", "ephemeral"})
_CODED = frozenset(
    {
        "library_version", "python_version", "os_type", "runtime_environment", "ci", "ephemeral",
        "exception_occurred", "exception_type",
    }
)  # fmt: skip
_TEXTS = frozenset({"event", "install"})
BUILT_IN = (
    _CODED
    | _TEXTS
    | {"run_time", "process_run_time", "session_id", "received_at", "weight", "cohort"}
)
_OWN = "properties."
_MAX_DOTS = 3


@dataclass(frozen=True, slots=True)
class Column:
    """A property as SQL: its code and its number.

    Where there is one: `text`, a column that is never anything but a text; `texts`, a nullable one
    of the values that are texts (much faster than the code); `instant`, a column of moments.
    """

    name: str
    code: str
    number: str
    text: str | None = None
    texts: str | None = None
    instant: str | None = None


Membership = Callable[[Binder], str]
"""Gives the condition that an event's install is in a cohort."""


class Cohorts(str):
    """The name `cohort` in a query of which the cohorts are known: a list of names at each event.

    It goes wherever a property's name goes, so no report needs to know of cohorts.
    """

    members: tuple[tuple[str, Membership], ...]

    def __new__(cls, members: tuple[tuple[str, Membership], ...]) -> Cohorts:
        named = super().__new__(cls, "cohort")
        named.members = members
        return named

    def names(self, binder: Binder) -> str:
        """The names of an event's cohorts, as an array."""
        chunks = [
            f"{binder.bind(_subsets(names), 'Array(Array(String))')}[{place}]"
            for names, place in self._chunks(binder)
        ]
        return binder.name(f"arrayConcat({', '.join(chunks)})" if chunks else "[]::Array(String)")

    def code(self, binder: Binder) -> str:
        """The same as a list's code; '' where there is none."""
        chunks = list(self._chunks(binder))
        if len(chunks) == 1:
            [(names, place)] = chunks
            codes = [f"j[{_inside(one)}]" if one else "" for one in _subsets(names)]
            return binder.name(f"{binder.texts(codes)}[{place}]")
        texts = [
            f"{binder.texts([_inside(one) for one in _subsets(names)])}[{place}]"
            for names, place in chunks
        ]
        listed = ", ".join(texts or ["''"])
        inside = binder.name(f"arrayStringConcat(arrayFilter(t -> t != '', [{listed}]), ',')")
        return binder.name(f"if({inside} = '', '', concat('j[', {inside}, ']'))")

    def _chunks(self, binder: Binder) -> Iterator[tuple[list[str], str]]:
        """A few cohorts at a time: their names, and the place of an event's among the subsets.

        So whatever is made of names is made once a subset, not once an event.
        """
        for start in range(0, len(self.members), _CHUNK):
            chunk = self.members[start : start + _CHUNK]
            bits = (f"({test(binder)}) * {1 << at}" for at, (_, test) in enumerate(chunk))
            yield [name for name, _ in chunk], binder.name(f"1 + {' + '.join(bits)}")


_CHUNK = 6


def _subsets(names: list[str]) -> list[list[str]]:
    """Every subset, the one whose bits are set at its own place."""
    return [
        [name for at, name in enumerate(names) if bits >> at & 1] for bits in range(1 << len(names))
    ]


def _inside(names: list[str]) -> str:
    """The JSON text of a list, without its brackets."""
    return msgspec.json.encode(names).decode()[1:-1]


def quoted(name: str) -> str:
    """An identifier of the engine."""
    escaped = name.replace("\\", "\\\\").replace("`", "\\`")
    escaped = escaped.replace("/*", r"\x2F*")  # by comments it is told where shards work
    return f"`{escaped}`"


def column(name: str, binder: Binder) -> Column:
    """A built-in, else a property of the event's own; dots reach into objects.

    Raises `Unprocessable` UNKNOWN_PROPERTY for a name that can't be one.
    """
    if isinstance(name, Cohorts):
        return Column(name, name.code(binder), NO_NUMBER)
    if name in _CODED:
        return Column(name, f"{name}_code", _number_of((name,)))
    if name in _TEXTS:
        return Column(name, f"concat('s', {name})", NO_NUMBER, text=name)
    if name == "weight":
        return Column(name, "concat('j', toString(weight))", "toNullable(weight)")
    if name == "received_at":
        iso = "formatDateTime(received_at, '%Y-%m-%dT%H:%i:%S.%fZ', 'UTC')"
        return Column(name, f"concat('s', {iso})", NO_NUMBER, instant="received_at")
    paths = _paths(name.removeprefix(_OWN))
    texts = f"{_identifier(paths[0])}.:String" if len(paths) == 1 else None
    number = "run_time_number" if name == "run_time" else _number(paths, binder)
    return Column(name, binder.name(_code(paths, binder)), number, texts=texts)


def seen(name: str, binder: Binder) -> str:
    """A condition: the event has a property of that name, null included."""
    paths = _paths(name)
    raw = " OR ".join(f"JSONHas(raw, {_keys(path, binder)})" for path in paths)
    return f"({_code(paths, binder)} != '' OR (raw != '' AND ({raw})))"


def _paths(name: str) -> list[tuple[str, ...]]:
    """Every way to read dots, as part of a key or as a step into an object, best first."""
    parts = name.split(".")
    if not all(parts) or len(name) > 200:
        raise Unprocessable("UNKNOWN_PROPERTY", f"{name!r} can't be a property's name.")
    if len(parts) - 1 > _MAX_DOTS:
        return [(name,), tuple(parts)]
    return _ways(parts)


def _ways(parts: list[str]) -> list[tuple[str, ...]]:
    """The name as one key comes first, then what the shortest first step leaves."""
    deeper = (
        (".".join(parts[:cut]), *way) for cut in range(1, len(parts)) for way in _ways(parts[cut:])
    )
    return [(".".join(parts),), *deeper]


def _identifier(path: tuple[str, ...], prefix: str = "") -> str:
    steps = [quoted(step.replace(".", "%2E")) for step in path]
    steps[0] = prefix + steps[0]
    return "properties." + ".".join(steps)


def _keys(path: tuple[str, ...], binder: Binder) -> str:
    return ", ".join(binder.text(step) for step in path)


def _code(paths: list[tuple[str, ...]], binder: Binder) -> str:
    if len(paths) == 1:
        return _code_of(paths[0], binder)
    codes = [binder.name(_code_of(path, binder)) for path in paths]
    return f"coalesce({', '.join(f'''nullIf({code}, '')''' for code in codes)}, '')"


def _code_of(path: tuple[str, ...], binder: Binder) -> str:
    value, inside = _identifier(path), f"toJSONString({_identifier(path, '^')})"
    empty = f"JSONType(raw, {_keys(path, binder)}) = 'Object'"
    return (
        f"ifNull(multiIf(isNotNull({value}.:String), concat('s', assumeNotNull({value}.:String)), "
        f"isNotNull({value}), concat('j', toJSONString({value})), "
        f"{inside} != '{{}}', concat('j', {inside}), "
        f"raw != '' AND {empty}, 'j{{}}', ''), '')"
    )


def _number(paths: list[tuple[str, ...]], binder: Binder) -> str:
    """The number where the value is one: of several paths, where the first value found is."""
    numbers = [_number_of(path) for path in paths]
    if len(numbers) == 1:
        return numbers[0]
    cases = (
        f"{binder.name(_code_of(path, binder))} != '', {number}"
        for path, number in zip(paths, numbers, strict=True)
    )
    return f"multiIf({', '.join(cases)}, NULL)"


def _number_of(path: tuple[str, ...]) -> str:
    value = _identifier(path)
    return f"coalesce(toFloat64({value}.:Int64), {value}.:Float64)"


def value_code(value: str | bool | int | float) -> str:
    """The code of a value in a query."""
    if isinstance(value, str):
        return f"s{value}"
    if isinstance(value, bool):
        return "jtrue" if value else "jfalse"
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**63:
        value = int(value)
    return f"j{value}"


def is_list(code: str) -> str:
    """Whether a code is of a list."""
    return f"startsWith({code}, 'j[')"


def elements(code: str) -> str:
    """The codes of a list's elements."""
    return (
        "arrayMap(e -> multiIf(e = 'null', '', startsWith(e, '\"'), "
        f"concat('s', JSONExtractString(e)), concat('j', e)), "
        f"JSONExtractArrayRaw(substring({code}, 2)))"
    )


@dataclass(frozen=True, slots=True)
class Dimension:
    """One property of a breakdown: `code` groups, `segment` and `segments` name the groups.

    `names` is an array of an event's segments where that is at hand; `kept`: the code is a column
    of its own, with few distinct values.
    """

    code: str
    missing: str
    cut: bool = False
    names: str | None = None
    kept: bool = False

    def segment(self, code: str) -> str:
        """The segment of a code that is no list."""
        if self.cut:
            return code
        return f"if({code} = '', '{self.missing}', substring({code}, 2))"

    def segments(self, code: str) -> str:
        """The distinct segments of any code."""
        if self.cut:
            return f"[{code}]"
        if self.names is not None and code == self.code:
            return f"if(empty({self.names}), ['{NONE}'], {self.names})"
        each = (
            f"arrayDistinct(arrayMap(c -> if(c = '', '{NONE}', substring(c, 2)), {elements(code)}))"
        )
        listed = f"if(empty({elements(code)}), ['{NONE}'], {each})"
        return f"if({is_list(code)}, {listed}, [{self.segment(code)}])"


def dimension(part: str | Cut, binder: Binder) -> Dimension:
    """A part of a breakdown."""
    if isinstance(part, Cut):
        return Dimension(_cut(part, binder), NONE, cut=True)
    if isinstance(part, Cohorts):
        return Dimension(part.code(binder), NONE, names=part.names(binder))
    missing = "false" if part in FLAGS else NONE
    return Dimension(column(part, binder).code, missing, kept=part in _CODED)


def _cut(cut: Cut, binder: Binder) -> str:
    number = column(cut.property, binder).number
    names = [binder.text(name) for name in range_names(cut)]
    cases = [f"isNull({number}), '{NONE}'"]
    cases += [
        f"{number} < {binder.number(edge)}, {name}"
        for edge, name in zip(cut.edges, names, strict=False)
    ]
    return f"multiIf({', '.join(cases)}, {names[-1]})"


def range_names(cut: Cut) -> list[str]:
    """What the ranges are called, the lowest first: by their labels, else by their edges."""
    if cut.labels:
        return list(cut.labels)
    edges = [_edge(edge) for edge in cut.edges]
    between = [f"{low} – {high}" for low, high in pairwise(edges)]
    return [f"< {edges[0]}", *between, f"≥ {edges[-1]}"]


def _edge(value: float) -> str:
    return str(int(value)) if value.is_integer() else repr(value)
