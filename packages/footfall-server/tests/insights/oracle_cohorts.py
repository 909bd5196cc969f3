"""Cohorts again: `cohort` is as a property that every event has, a list of names."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

from . import oracle
from .oracle import Event


def with_cohorts(events: list[Event], query: dict[str, Any]) -> list[Event]:
    """The events, each with the names of its install's cohorts."""
    names = memberships(events, query)
    return [
        replace(one, properties={**one.properties, "cohort": names.get(one.install)})
        for one in events
    ]


def memberships(events: list[Event], query: dict[str, Any]) -> dict[str, list[str]]:
    """Install → the cohorts that it is in."""
    found: dict[str, list[str]] = {}
    for cohort in query.get("cohorts", []):
        shown = [did(events, query, one) for one in cohort.get("all") or cohort["any"]]
        every = set.intersection(*shown) if cohort.get("all") else set.union(*shown)
        for install in every:
            found.setdefault(install, []).append(cohort["name"])
    return found


def did(events: list[Event], query: dict[str, Any], behaviour: dict[str, Any]) -> set[str]:
    """Installs that did it often enough in the last days, the last of them the query's `to`."""
    _, end, zone = oracle.span(query)
    last = (end - timedelta(seconds=1)).astimezone(zone).date()
    first = last - timedelta(days=behaviour.get("days", 28) - 1)
    times = Counter(
        one.install
        for one in oracle.once(events)
        if first <= one.time.astimezone(zone).date() <= last and oracle.counted(one, {}, behaviour)
    )
    return {install for install, n in times.items() if n >= behaviour.get("at_least", 1)}
