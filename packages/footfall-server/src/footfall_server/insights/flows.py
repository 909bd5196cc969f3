"""Flows and paths: from transitions and walks to rows by name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from footfall_server.insights.answer import Answer, Asked
from footfall_server.insights.queries import Flows, Paths
from footfall_server.insights.result import Row
from footfall_server.insights.sql import flows as sql
from footfall_server.insights.sql.column import OTHER

START, END = "$start", "$end"


@dataclass(frozen=True, slots=True)
class _Link:
    step: int
    source: str
    target: str | None
    count: int


async def flows(asked: Asked[Flows]) -> Answer:
    """A row for each transition between the shown events of a step and of the next.

    By step, then by name with `$other` and the end last. No anchor in the range: no rows.
    """
    query = asked.query
    names = await _names(asked)
    if query.anchor not in names:
        return Answer([])
    statement = sql.transitions(asked.project.id, query, asked.within, asked.versions, names)
    table = await asked.reader.run(statement)
    ended = END if query.direction == "after" else START
    columns = (table.column(name).to_pylist() for name in ("step", "source", "target", "count"))
    links = [
        _Link(step, names[source - 1], names[target - 1] if target != sql.END else None, count)
        for step, source, target, count in zip(*columns, strict=True)
    ]
    return Answer(_rows(links, query.top, ended))


async def paths(asked: Asked[Paths]) -> Answer:
    """The most frequent walks. No anchor in the range: no rows."""
    query = asked.query
    names = await _names(asked)
    if query.anchor is not None and query.anchor not in names:
        return Answer([])
    statement = sql.paths(asked.project.id, query, asked.within, asked.versions, names)
    table = await asked.reader.run(statement)
    rows: list[Row] = [
        {
            "path": [names[place - 1] for place in row["walk"]],
            "count": row["count"],
            "installs": row["installs"],
        }
        for row in table.to_pylist()
    ]
    return Answer(rows)


async def _names(asked: Asked[Flows] | Asked[Paths]) -> list[str]:
    statement = sql.names(asked.project.id, asked.query, asked.within, asked.versions)
    names: list[str] = (await asked.reader.run(statement)).column("event").to_pylist()
    return names


def _rows(links: Sequence[_Link], top: int, ended: str) -> list[Row]:
    named = _named(links, top)

    def shown(step: int, event: str, end: bool) -> str:
        return event if end or step == 0 or event in named[step] else OTHER

    counts: Counter[tuple[int, str, str]] = Counter()
    for link in links:
        source = shown(link.step, link.source, end=False)
        target = shown(link.step + 1, link.target or ended, end=link.target is None)
        counts[link.step, source, target] += link.count
    special = ("", OTHER, ended)

    def order(key: tuple[int, str, str]) -> tuple[int | str, ...]:
        step, *ends = key
        return (step, *(part for one in ends for part in (_place(one, special), one)))

    return [
        {"step": step, "from": source, "to": target, "count": counts[step, source, target]}
        for step, source, target in sorted(counts, key=order)
    ]


def _place(name: str, special: tuple[str, ...]) -> int:
    return special.index(name) if name in special else 0


def _named(links: Iterable[_Link], top: int) -> dict[int, set[str]]:
    """By step, the events that most walks come to; ties by name."""
    arrived: dict[int, Counter[str]] = {}
    for link in links:
        if link.target is not None:
            arrived.setdefault(link.step + 1, Counter())[link.target] += link.count
    return {
        step: set(sorted(counts, key=lambda name: (-counts[name], name))[:top])
        for step, counts in arrived.items()
    }
