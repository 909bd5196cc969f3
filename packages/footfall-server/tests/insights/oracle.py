"""The definitions again, in plain Python over a list of events, slow and without the engine."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from packaging.version import InvalidVersion, Version

Value = Any
MISSING = object()
ZERO = {"total", "unique", "sum", "distinct", "dau", "wau", "mau"}
FLAGS = ("ci", "ephemeral")


@dataclass(frozen=True)
class Event:
    event: str
    install: str
    message_id: str
    time: datetime
    order: int
    client_time: datetime | None = None
    kind: str = "track"
    properties: dict[str, Value] = field(default_factory=dict)

    @property
    def weight(self) -> float:
        value = self.properties.get("weight")
        return float(value) if is_number(value) else 1.0


def once(events: Iterable[Event]) -> list[Event]:
    """A repeat is one event; the first acknowledged counts."""
    first: dict[object, Event] = {}
    for one in sorted(events, key=lambda each: each.order):
        key = (one.event, one.install, one.client_time or one.time, one.message_id)
        first.setdefault(key, one)
    return list(first.values())


def is_number(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def read(one: Event, name: str) -> Value:
    """The value of a property; null and absent are both missing."""
    if name == "event":
        return one.event
    if name == "install":
        return one.install
    if name == "weight":
        return one.weight
    value = reach(one.properties, name.removeprefix("properties."))
    return MISSING if value is None else value


def reach(inside: Value, name: str) -> Value:
    if not isinstance(inside, dict):
        return None
    if inside.get(name) is not None:
        return inside[name]
    parts = name.split(".")
    for cut in range(1, len(parts)):
        found = reach(inside.get(".".join(parts[:cut])), ".".join(parts[cut:]))
        if found is not None:
            return found
    return None


def text(value: Value) -> str:
    if value is MISSING or value is None:
        return "$none"
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False)


def segments(one: Event, part: Value) -> list[str]:
    if isinstance(part, dict):
        return [cut(read(one, part["property"]), part["edges"], part.get("labels"))]
    value = read(one, part)
    if value is MISSING and part in FLAGS:
        value = False
    if isinstance(value, list):
        return list(dict.fromkeys(text(each) for each in value)) or ["$none"]
    return [text(value)]


def cut(value: Value, edges: list[float], labels: list[str] | None = None) -> str:
    if not is_number(value):
        return "$none"
    if labels:
        return labels[sum(value >= edge for edge in edges)]
    if value < edges[0]:
        return f"< {text(float(edges[0]))}"
    for low, high in pairwise(edges):
        if low <= value < high:
            return f"{text(float(low))} – {text(float(high))}"
    return f"≥ {text(float(edges[-1]))}"


def with_edges(part: Value, events: list[Event], query: dict[str, Any]) -> Value:
    """A part of a breakdown whose equal ranges have edges: between the ends of the range's data."""
    if not isinstance(part, dict) or "equal" not in part:
        return part
    start, end, _ = span(query)
    values = [
        read(one, part["property"])
        for one in once(events)
        if counted(one, query, {}) and start <= one.time < end
    ]
    numbers = [value for value in values if is_number(value)] or [0, 1]
    low, high = min(numbers), max(numbers)
    if low == high:
        low, high = low - 0.5, high + 0.5
    n = part["equal"]
    return {**part, "edges": [low * (1 - k / n) + high * (k / n) for k in range(1, n)]}


def parsed(value: Value) -> Version | None:
    try:
        return Version(text(value))
    except InvalidVersion:
        return None


def holds(one: Event, condition: dict[str, Any]) -> bool:
    if "any" in condition:
        return any(holds(one, each) for each in condition["any"])
    if "all" in condition:
        return all(holds(one, each) for each in condition["all"])
    if "not" in condition:
        return not holds(one, condition["not"])
    name, op, values = condition["property"], condition["op"], condition.get("values", [])
    if name == "kind" and values and values[0] in ("track", "identify"):
        return (one.kind in values) == (op == "in")
    if op.startswith("not_"):
        return not holds(one, {**condition, "op": op.removeprefix("not_")})
    value = read(one, name)
    if op in ("is_set", "is_not_set"):
        return (value is MISSING) == (op == "is_not_set")
    if value is MISSING and name in FLAGS:
        value = False
    candidates = value if isinstance(value, list) else [value]
    return any(satisfies(each, op, values) for each in candidates if each not in (MISSING, None))


def satisfies(value: Value, op: str, values: list[Value]) -> bool:
    if op == "in":
        return any(same(value, each) for each in values)
    if op == "contains":
        return isinstance(value, str) and any(each in value for each in values)
    if op == "starts_with":
        return isinstance(value, str) and any(value.startswith(each) for each in values)
    if op in ("version_gte", "version_lt"):
        version, bound = parsed(value), Version(values[0])
        return (version is None or version < bound) == (op == "version_lt")
    if not all(comparable(value, each) for each in values):
        return False
    if op == "between":
        return bool(values[0] <= value <= values[1])
    tests: dict[str, Callable[[Value, Value], bool]] = {
        "gt": lambda a, b: a > b,
        "gte": lambda a, b: a >= b,
        "lt": lambda a, b: a < b,
        "lte": lambda a, b: a <= b,
    }
    return tests[op](value, values[0])


def same(value: Value, other: Value) -> bool:
    if isinstance(value, bool) or isinstance(other, bool):
        return value is other
    return comparable(value, other) and value == other


def comparable(value: Value, other: Value) -> bool:
    return (is_number(value) and is_number(other)) or (
        isinstance(value, str) and isinstance(other, str)
    )


def counted(one: Event, query: dict[str, Any], series: dict[str, Any]) -> bool:
    """Whether an event feeds a series, its time aside."""
    filters = [*query.get("filters", []), *series.get("filters", [])]
    if not any('"kind"' in json.dumps(each) for each in filters) and one.kind != "track":
        return False
    names = series.get("event")
    if names is not None and one.event not in ([names] if isinstance(names, str) else names):
        return False
    flag = {name: one.properties.get(name) is True for name in FLAGS}
    who = query.get("installs", "all")
    if not {
        "all": True,
        "persistent": not flag["ephemeral"],
        "ephemeral": flag["ephemeral"],
        "ci": flag["ci"],
        "human": not flag["ci"],
    }[who]:
        return False
    return all(holds(one, each) for each in filters)


def measured(events: list[Event], series: dict[str, Any]) -> float | None:
    measure = series.get("measure", "total")
    weights = sum(one.weight for one in events)
    installs = len({one.install for one in events})
    if measure == "total":
        return weights
    if measure in ("unique", "dau", "wau", "mau"):
        return installs
    if measure == "per_install":
        return weights / installs if installs else None
    if measure == "error_rate":
        failed = sum(
            one.weight for one in events if one.properties.get("exception_occurred") is True
        )
        return failed / weights if weights else None
    values = [read(one, series["property"]) for one in events]
    if measure == "distinct":
        return len({text(each) + type_of(each) for each in values if each is not MISSING})
    pairs = sorted(
        (value, one.weight) for value, one in zip(values, events, strict=True) if is_number(value)
    )
    return of_numbers(measure, pairs)


def type_of(value: Value) -> str:
    return "s" if isinstance(value, str) else "j"


def of_numbers(measure: str, pairs: list[tuple[float, float]]) -> float | None:
    if measure == "sum":
        return sum(value * weight for value, weight in pairs)
    if not pairs:
        return None
    if measure == "avg":
        total = sum(weight for _, weight in pairs)
        return sum(value * weight for value, weight in pairs) / total if total else None
    if measure == "min":
        return pairs[0][0]
    if measure == "max":
        return pairs[-1][0]
    return percentile(int(measure[1:]) / 100, pairs)


def percentile(p: float, pairs: list[tuple[float, float]]) -> float:
    if all(weight == 1 for _, weight in pairs):
        place = p * (len(pairs) - 1)
        low = int(place)
        high = min(low + 1, len(pairs) - 1)
        return pairs[low][0] + (pairs[high][0] - pairs[low][0]) * (place - low)
    total, reached = sum(weight for _, weight in pairs), 0.0
    for value, weight in pairs:
        reached += weight
        if reached >= p * total * (1 - 1e-9):
            return value
    return pairs[-1][0]


def first_day(day: date, interval: str) -> date:
    if interval == "week":
        return day - timedelta(days=day.isoweekday() - 1)
    if interval == "month":
        return date(day.year, day.month, 1)
    if interval == "quarter":
        return date(day.year, {1: 1, 2: 4, 3: 7, 4: 10}[(day.month + 2) // 3], 1)
    return day


def label(at: datetime, interval: str, zone: ZoneInfo) -> str:
    """The bucket that an instant lies in."""
    local = at.astimezone(zone)
    if interval == "hour":
        return local.replace(minute=0, second=0, microsecond=0).isoformat()
    return first_day(local.date(), interval).isoformat()


def start_of(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def span(query: dict[str, Any]) -> tuple[datetime, datetime, ZoneInfo]:
    """A day is all of it, an instant is where the range begins, or before which it ends."""
    zone = ZoneInfo(query["timezone"])

    def instant(text: str, days: int) -> datetime:
        if "T" in text:
            return datetime.fromisoformat(text).astimezone(UTC)
        return start_of(date.fromisoformat(text) + timedelta(days), zone)

    return instant(query["from"], 0), instant(query["to"], 1), zone


def labels(start: datetime, end: datetime, interval: str, zone: ZoneInfo) -> list[str]:
    """Every bucket of the range, found by walking through it in half hours."""
    found: dict[str, None] = {}
    at = start
    while at < end:
        found[label(at, interval, zone)] = None
        at += timedelta(minutes=30)
    return list(found)


def trends(events: list[Event], query: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows without `incomplete` and `compare`, in any order."""
    start, end, zone = span(query)
    series = query["series"]
    named = [one.get("name") or chr(ord("A") + place) for place, one in enumerate(series)]
    feeds = [[each for each in once(events) if counted(each, query, one)] for one in series]
    parts = [with_edges(part, events, query) for part in query.get("breakdown", [])]
    ranked = ranking(feeds, parts, start, end)
    top = ranked[: query.get("limit", 10)]
    other = ("$other",) * len(parts)
    rows = []
    buckets: list[str | None] = [*labels(start, end, query["interval"], zone)]
    buckets += [None] if query.get("fold") else []
    # The range has segments beyond the limit; or a rolling number sees one before the range.
    others = len(ranked) > len(top) or any(
        other in named_segments(each, parts, top)
        for one, fed in zip(series, feeds, strict=True)
        for bucket in buckets
        for each in looked_at(fed, bucket, query, one.get("measure", "total"))
    )
    for bucket in buckets:
        for segment in [*top, *([other] if others else [])]:
            values = {}
            for name, one, fed in zip(named, series, feeds, strict=True):
                within = looked_at(fed, bucket, query, one.get("measure", "total"))
                chosen = [each for each in within if segment in named_segments(each, parts, top)]
                values[name] = measured(chosen, one)
            for formula in query.get("formulas", []):
                values[formula["name"]] = calculated(formula["expression"], values)
            rows += [
                {"bucket": bucket, "series": name, "segment": list(segment), "value": value}
                for name, value in values.items()
            ]
    return rows


def combinations(one: Event, parts: list[Value]) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = [()]
    for part in parts:
        found = [(*before, each) for before in found for each in segments(one, part)]
    return found


def named_segments(
    one: Event, parts: list[Value], top: list[tuple[str, ...]]
) -> set[tuple[str, ...]]:
    other = ("$other",) * len(parts)
    return {each if each in top else other for each in combinations(one, parts)}


def ranking(
    feeds: list[list[Event]], parts: list[Value], start: datetime, end: datetime
) -> list[tuple[str, ...]]:
    if not parts:
        return [()]
    weights: dict[tuple[str, ...], float] = {}
    for fed in feeds:
        for one in fed:
            if start <= one.time < end:
                for each in combinations(one, parts):
                    weights[each] = weights.get(each, 0) + one.weight
    return sorted(weights, key=lambda each: (-round(weights[each], 6), each))


def looked_at(
    fed: list[Event], bucket: str | None, query: dict[str, Any], measure: str
) -> list[Event]:
    start, end, zone = span(query)
    days = {"dau": 1, "wau": 7, "mau": 30}.get(measure)
    if days is None:
        within = [one for one in fed if start <= one.time < end]
        return [one for one in within if bucket in (None, label(one.time, query["interval"], zone))]
    last = date.fromisoformat(query["to"])
    day = start.astimezone(zone).date()
    while bucket is not None and day <= last:
        if first_day(day, query["interval"]).isoformat() == bucket:
            ends = day
        day += timedelta(days=1)
    ends = last if bucket is None else ends
    first = ends - timedelta(days=days - 1)
    return [one for one in fed if first <= one.time.astimezone(zone).date() <= ends]


def calculated(expression: str, values: dict[str, float | None]) -> float | None:
    try:
        return float(eval(expression, {}, values))
    except (TypeError, ZeroDivisionError):
        return None


def events_table(events: list[Event], query: dict[str, Any]) -> list[dict[str, Any]]:
    start, end, zone = span(query)
    days = (date.fromisoformat(query["to"]) - date.fromisoformat(query["from"])).days + 1
    before = start_of(date.fromisoformat(query["from"]) - timedelta(days=days), zone)
    fed = [one for one in once(events) if counted(one, query, {})]
    rows = []
    for name in {one.event for one in fed if start <= one.time < end}:
        now = [one for one in fed if one.event == name and start <= one.time < end]
        past = sum(one.weight for one in fed if one.event == name and before <= one.time < start)
        row: dict[str, Any] = {"event": name}
        for measure in ("total", "unique", "per_install", "p50", "p90", "error_rate"):
            row[measure] = measured(now, {"measure": measure, "property": "run_time"})
        row["first_seen"] = min(one.time for one in now)
        row["last_seen"] = max(one.time for one in now)
        row["change"] = (row["total"] - past) / past if past else None
        rows.append(row)
    return sorted(rows, key=lambda row: (-round(row["total"], 6), row["event"]))
