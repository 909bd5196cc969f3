"""Random queries, made from the types that read them, and what makes of a query a wrong one."""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta
from typing import Any

from footfall_server.insights.queries import REPORTS, Cohort, Cut, Filter
from hypothesis import strategies as st
from msgspec import inspect

from .filled import EVENTS

Strategy = st.SearchStrategy[Any]

TODAY = datetime.now(UTC).date()
DAYS = [(TODAY - timedelta(days=back)).isoformat() for back in (60, 28, 7, 1, 0)]
PROPERTIES = [
    "event", "install", "kind", "library_version", "python_version", "os_type", "run_time", "ci",
    "column_count", "model", "exception_type", "exception_occurred", "properties.os_type", "cohort",
]  # fmt: skip
SQL = [
    "select event, count() as n from events group by event",
    "select properties.model as m, {x:String} as x from events limit 5",
    "select nope from events", "select 1; drop table events", "select 'a", "\0",
    "select * from system.tables", "select intDiv(1, 0)", "select " + "(" * 900,
]  # fmt: skip
# Texts by the field that holds them.
TEXTS: dict[str, list[str]] = {
    "from": DAYS[:3],
    "to": DAYS[2:],
    "timezone": ["UTC", "Europe/Brussels", "Asia/Kathmandu"],
    "event": [*EVENTS, "no such event"],
    "anchor": [*EVENTS],
    "expression": ["A", "A / B * 100", "-(A + 1)", "A +", "B.real", "1 / 0", "(" * 300 + "A"],
    "sql": SQL,
    **dict.fromkeys(("property", "by", "rows", "columns", "hold", "breakdown"), PROPERTIES),
}
ANY_TEXT = ["A", "B", "fit", "1.5.0", "3.11.0", "", "é"]


def _in(bounds: Any) -> Strategy:
    low = bounds.ge if bounds.ge is not None else -5
    return st.integers(low, min(low + 12, bounds.le if bounds.le is not None else low + 12))


def _of(kind: inspect.Type, field: str) -> Strategy:
    """Values that a type takes."""
    match kind:
        case inspect.StructType(cls=cls) if cls is Filter:
            return FILTER
        case inspect.StructType(cls=cls) if cls is Cut:
            return CUT
        case inspect.StructType(cls=cls) if cls is Cohort:
            return _cohort(kind)
        case inspect.StructType():
            return _struct(kind)
        case inspect.UnionType(types=types):
            return st.one_of(*(_of(one, field) for one in types))
        case inspect.VarTupleType(item_type=item) | inspect.ListType(item_type=item):
            least = kind.min_length or 0
            most = max(least, min(3, kind.max_length or 3))
            return st.lists(_of(item, field), min_size=least, max_size=most)
        case inspect.DictType(value_type=value):
            return st.dictionaries(st.sampled_from(["x", "y"]), _of(value, field), max_size=2)
        case inspect.LiteralType(values=values):
            return st.sampled_from(values)
        case inspect.StrType():
            return st.sampled_from(TEXTS.get(field, ANY_TEXT))
        case inspect.IntType():
            return _in(kind)
        case inspect.FloatType():
            return st.sampled_from([0.5, -1.0, 1e9])
        case inspect.BoolType():
            return st.booleans()
        case inspect.NoneType():
            return st.none()
    raise NotImplementedError(f"{kind!r} has no values yet: give it some")


def _struct(kind: inspect.StructType) -> Strategy:
    fields = {one.encode_name: _of(one.type, one.encode_name) for one in kind.fields}
    needed = {one.encode_name for one in kind.fields if one.required}
    # Few of what may be left out, or one of them is what everything is refused for.
    return st.lists(st.sampled_from(sorted(fields)), max_size=4).flatmap(
        lambda chosen: st.fixed_dictionaries(
            {name: fields[name] for name in sorted({*needed, *chosen})}
        )
    )


def _cohort(kind: inspect.StructType) -> Strategy:
    """It has a name and one of `any` and `all`."""
    behaviours = next(one.type for one in kind.fields if one.name == "all")
    assert isinstance(behaviours, inspect.UnionType)
    some = _of(behaviours.types[0], "all")
    name = st.sampled_from(["Regulars", "Frequent", "a", "b", "é"])
    return st.one_of(*(st.fixed_dictionaries({"name": name, one: some}) for one in ("any", "all")))


@st.composite
def _condition(draw: st.DrawFn) -> dict[str, Any]:
    name = draw(st.sampled_from(PROPERTIES))
    texts = st.sampled_from(["fit", "Linux", "1.5", "", "é"])
    numbers = st.sampled_from([0, 3, 12, 0.5, -1])
    op, values = draw(
        st.one_of(
            st.tuples(st.sampled_from(["in", "not_in"]),
                      st.lists(st.one_of(texts, numbers, st.booleans()), min_size=1, max_size=3)),
            st.tuples(st.sampled_from(["contains", "not_contains", "starts_with"]),
                      st.lists(texts, min_size=1, max_size=2)),
            st.tuples(st.sampled_from(["gt", "gte", "lt", "lte"]), st.lists(numbers, min_size=1,
                                                                            max_size=1)),
            st.tuples(st.just("between"), st.lists(numbers, min_size=2, max_size=2)),
            st.tuples(st.sampled_from(["is_set", "is_not_set"]), st.just([])),
            st.tuples(st.sampled_from(["version_gte", "version_lt"]), st.just(["1.5"])),
        )
    )  # fmt: skip
    return {"property": name, "op": op, "values": values}


FILTER: Strategy = st.recursive(
    _condition(),
    lambda inside: st.one_of(
        st.fixed_dictionaries({"any": st.lists(inside, max_size=2)}),
        st.fixed_dictionaries({"all": st.lists(inside, max_size=2)}),
        st.fixed_dictionaries({"not": inside}),
    ),
    max_leaves=3,
)
CUT: Strategy = st.sampled_from(
    [
        {"property": "run_time", "edges": [0.1, 1], "labels": ["fast", "fine", "slow"]},
        {"property": "run_time", "equal": 3},
        {"property": "model", "equal": 2},
    ]
)

# Wrong types, numbers beyond all bounds, names and texts that hurt elsewhere.
ODD: list[Any] = [
    None, True, -1, 0, 10**30, 2**63, -(2**63) - 1, 1e308, float("nan"), float("inf"), "", [], {},
    [[]], [None], {"a": 1}, "x" * 300, "a\0b", "\ud800", "😀", "'; drop table events --", "`", "\\",
    "{x:Identifier}", "../../etc/passwd", "0000-00-00", "9999-12-31", "2026-02-30T00:00:00+99:00",
]  # fmt: skip
NAMES = ["nope", "", "a/b~c", "a.b", "a[0]", "\0", "\ud800", "é" * 90]


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Everything within: what holds it, and under which name or number."""
    inside = value.items() if isinstance(value, dict) else enumerate(value)
    found: list[tuple[Any, Any]] = []
    for key, each in inside:
        found.append((value, key))
        if isinstance(each, dict | list):
            found += _places(each)
    return found


@st.composite
def _spoiled(draw: st.DrawFn, valid: Strategy) -> Any:
    """A query with up to two places where something else stands, too much, or nothing."""
    query = copy.deepcopy(draw(valid))
    for _ in range(draw(st.integers(1, 2))):
        places = _places(query)
        if not places:
            break
        holder, key = draw(st.sampled_from(places))
        match draw(st.sampled_from(["odd", "odd", "odd", "name", "none", "many", "deep"])):
            case "odd":
                holder[key] = copy.deepcopy(draw(st.sampled_from(ODD)))
            case "name" if isinstance(holder, dict):
                holder[draw(st.sampled_from(NAMES))] = draw(st.sampled_from(["x", 1, None]))
            case "many":
                holder[key] = [copy.deepcopy(holder[key]) for _ in range(60)]
            case "deep":
                for _ in range(draw(st.sampled_from([1, 30, 80]))):
                    holder[key] = {"not": holder[key]}
            case _:
                del holder[key]
    return query


def queries(report: str) -> Strategy:
    """Queries of a report, of which most have something wrong."""
    kind = inspect.type_info(REPORTS[report])
    assert isinstance(kind, inspect.StructType)
    valid = _struct(kind)
    return st.one_of(valid, _spoiled(valid)).map(lambda fields: {"report": report, **fields})


def leads_somewhere(pointer: str, query: Any) -> bool:
    """Whether a JSON pointer names a field of the query's report, and from there what is sent.

    The last step may be what isn't there; a field that was left out has its default.
    """
    if not pointer:
        return True
    steps = [one.replace("~1", "/").replace("~0", "~") for one in pointer.split("/")[1:]]
    if steps[0] not in query:
        kind = inspect.type_info(REPORTS[query["report"]]) if len(steps) > 1 else None
        return kind is None or steps[0] in {one.encode_name for one in kind.fields}
    for step in steps[:-1]:
        try:
            query = query[int(step)] if isinstance(query, list) else query[step]
        except (KeyError, IndexError, TypeError, ValueError):
            return False
    return True
