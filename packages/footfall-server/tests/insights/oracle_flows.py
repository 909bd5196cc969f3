"""Flows and paths again, in plain Python: sessions are cut and walked one by one."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

from . import oracle
from .oracle import Event


def sessions(events: list[Event], query: dict[str, Any]) -> list[tuple[str, list[str]]]:
    """Install and event names of each session; with repeats folded, if so asked."""
    start, end, _ = oracle.span(query)
    silence = timedelta(minutes=query["session_minutes"])
    fed = [
        one
        for one in sorted(oracle.once(events), key=lambda each: (each.time, each.order))
        if start <= one.time < end and oracle.counted(one, query, {})
    ]
    found = []
    for install in {one.install for one in fed}:
        last = None
        for one in [each for each in fed if each.install == install]:
            if last is None or one.time - last > silence:
                found.append((install, [one.event]))
            elif not (query["fold_repeats"] and found[-1][1][-1] == one.event):
                found[-1][1].append(one.event)
            last = one.time
    return found


def walks(events: list[Event], query: dict[str, Any]) -> list[tuple[str, list[str]]]:
    """Install and walk, away from the anchor, uncut."""
    found = []
    for install, names in sessions(events, query):
        anchor = query.get("anchor")
        if anchor is None:
            found.append((install, names))
        elif anchor in names:
            first = names.index(anchor)
            back = query["direction"] == "before"
            found.append((install, names[first::-1] if back else names[first:]))
    return found


def flows(events: list[Event], query: dict[str, Any]) -> list[dict[str, Any]]:
    end = "$start" if query["direction"] == "before" else "$end"
    chains = [[*names, end][: query["depth"] + 1] for _, names in walks(events, query)]
    counts: Counter[tuple[int, str, str]] = Counter()

    def shown(step: int, name: str) -> str:
        if step == 0 or name == end:
            return name
        there = Counter(each[step] for each in chains if len(each) > step and each[step] != end)
        best = sorted(there, key=lambda one: (-there[one], one))[: query["top"]]
        return name if name in best else "$other"

    for chain in chains:
        for step in range(len(chain) - 1):
            counts[step, shown(step, chain[step]), shown(step + 1, chain[step + 1])] += 1
    return [
        {"step": step, "from": source, "to": target, "count": count}
        for (step, source, target), count in counts.items()
    ]


def paths(events: list[Event], query: dict[str, Any]) -> list[dict[str, Any]]:
    found: dict[tuple[str, ...], list[str]] = {}
    for install, names in walks(events, query):
        found.setdefault(tuple(names[: query["depth"] + 1]), []).append(install)
    ranked = sorted(found, key=lambda path: (-len(found[path]), path))
    return [
        {"path": list(path), "count": len(found[path]), "installs": len(set(found[path]))}
        for path in ranked[: query["top"]]
    ]
