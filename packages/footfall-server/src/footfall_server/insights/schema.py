"""The schema: a project's events and their properties, as they were really sent.

Its cost is bounded: 28 days unless asked otherwise (at most 92), and of these some 100,000 events
are looked into, chosen by their message ids, every name's in fair share; volumes and times are of
all. Whether something is declared, `marked` says.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from footfall_server.insights import periods
from footfall_server.insights.periods import Range
from footfall_server.insights.reader import Reader
from footfall_server.insights.result import Row, moment, tidy
from footfall_server.insights.sql import schema as sql
from footfall_server.model.errors import Unprocessable
from footfall_server.model.project import Project
from footfall_server.store import Store

DAYS, MAX_DAYS = 28, 92
LOOKED_INTO = 100_000
_FIELDS = frozenset({"from", "to", "consistent"})
Schema = dict[str, Any]
Declares = Callable[[str, str | None], bool]
"""Whether a manifest declares an event, or (with a name) a property of it."""


def parse(project: Project, parameters: Mapping[str, str], now: datetime) -> Range:
    """The range that the parameters ask for: by default the 28 days before `now`.

    Raises `Unprocessable` UNKNOWN_FIELD, INVALID_RANGE, RANGE_TOO_LONG.
    """
    for name in parameters:
        if name not in _FIELDS:
            raise Unprocessable(
                "UNKNOWN_FIELD",
                f"There is no parameter {name!r} here: use {', '.join(sorted(_FIELDS))}.",
                path=f"/{name}",
            )
    zone = periods.zone(project.timezone)
    # A plus that was decoded as a form's.
    end = parameters.get("to", "").replace(" ", "+") or now.isoformat()
    start = parameters.get("from", "").replace(" ", "+")
    if not start:
        last = periods.parse_range(periods.FIRST.isoformat(), end, zone).end
        start = max(last - timedelta(days=DAYS), periods.FIRST).isoformat()
    within = periods.parse_range(start, end, zone)
    if within.end - within.start > timedelta(days=MAX_DAYS, hours=1):
        raise Unprocessable(
            "RANGE_TOO_LONG", f"The schema looks at {MAX_DAYS} days at most.", path="/from"
        )
    return within


async def schema(store: Store, project: Project, within: Range) -> Schema:
    """`events` by frequency, each with its `properties`; `properties` over all; reused ids.

    A property has `types` (how often each), `share` of the events looked into, `values` (how many
    distinct ones), `last_seen`, and `examples` where there are at most 20. Shares, values and
    examples are of the events looked into: `meta.looked_into` of `meta.events`.
    """
    reader = Reader(store)
    found = (await reader.run(sql.events(project.id, within))).to_pylist()
    shown = found[: sql.MAX_EVENTS]
    every = _rates({row["event"]: row["count"] for row in shown})
    by_event: dict[str | None, list[Mapping[str, Any]]] = {}
    rows: list[Mapping[str, Any]] = []
    if shown:
        table = await reader.run(sql.properties(project.id, within, every))
        rows = table.to_pylist()
        for row in rows:
            by_event.setdefault(None if row["everywhere"] else row["event"], []).append(row)
    looked = {row["event"]: -(-row["count"] // every[row["event"]]) for row in shown}
    events = [
        {
            "event": row["event"],
            "total": tidy(row["total"]),
            "installs": row["installs"],
            "first_seen": moment(row["first"]),
            "last_seen": moment(row["last"]),
            "declared": None,
            "properties": _properties(by_event.get(row["event"], []), looked[row["event"]]),
        }
        for row in shown
    ]
    return {
        "from": within.start.isoformat(),
        "to": within.end.isoformat(),
        "events": events,
        "properties": _properties(by_event.get(None, []), sum(looked.values())),
        "reused_message_ids": await _reused(reader, project, within),
        "manifest": None,
        "meta": {
            "events": sum(row["count"] for row in shown),
            "looked_into": sum(looked.values()),
            "more_events": len(found) > len(shown),
            "more_properties": len(rows) == sql.MAX_PROPERTIES,
            "rows_read": reader.rows_read,
        },
    }


def _rates(counts: Mapping[str, int]) -> dict[str, int]:
    """Of how many events of a name one is looked into."""
    fair = max(1, LOOKED_INTO // max(1, len(counts)))
    return {event: -(-count // fair) for event, count in counts.items()}


def _properties(rows: list[Mapping[str, Any]], looked: int) -> list[Row]:
    by_name: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        by_name.setdefault(row["name"], []).append(row)
    return [_property(name, by_name[name], looked) for name in sorted(by_name)]


def _property(name: str, rows: list[Mapping[str, Any]], looked: int) -> Row:
    count = sum(row["count"] for row in rows)
    values = sum(row["values"] for row in rows)
    examples = None
    if values <= sql.MAX_EXAMPLES:
        texts = sorted(text for row in rows for text in row["examples"])
        examples = [msgspec.json.decode(text) for text in texts]
    return {
        "name": name,
        "types": {row["type"]: row["count"] for row in rows},
        # A sample is chosen by chance, so there may be a few more than expected.
        "share": min(1.0, count / looked),
        "values": values,
        "examples": examples,
        "last_seen": moment(max(row["last"] for row in rows)),
        "declared": None,
    }


async def _reused(reader: Reader, project: Project, within: Range) -> Row:
    """Message ids that stand for several events: a client's mistake, so each is kept."""
    rows = (await reader.run(sql.reused(project.id, within))).to_pylist()
    if not rows:
        return {"count": 0, "examples": []}
    ids = [row["id"] for row in rows]
    examples = (await reader.run(sql.reuse(project.id, within, ids))).to_pylist()
    return {"count": rows[0]["total"], "examples": examples}


def marked(schema: Schema, declares: Declares, names: Collection[str]) -> Schema:
    """The schema beside a manifest, whose events are `names`.

    `declared` is then true or false everywhere; of the properties over all it is true where every
    event that has it declares it. `manifest.unseen` are the events that were declared, not sent.
    """
    events = [
        {
            **event,
            "declared": declares(event["event"], None),
            "properties": [
                {**one, "declared": declares(event["event"], one["name"])}
                for one in event["properties"]
            ],
        }
        for event in schema["events"]
    ]
    undeclared = {
        one["name"] for event in events for one in event["properties"] if not one["declared"]
    }
    return {
        **schema,
        "events": events,
        "properties": [
            {**one, "declared": one["name"] not in undeclared} for one in schema["properties"]
        ],
        "manifest": {"unseen": sorted(set(names) - {event["event"] for event in events})},
    }
