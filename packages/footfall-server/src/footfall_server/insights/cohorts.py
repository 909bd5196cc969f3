"""Cohorts: installs by what they did of late, as a filter and as a breakdown of any report.

`cohort` reads as a property that every event has: the names of the cohorts that its install is in.
A query's cohorts are its own and the project's; those that it refers to become part of it, so that
their filters are checked and resolved like all others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

import msgspec

from footfall_server.insights import references
from footfall_server.insights.parse import parse
from footfall_server.insights.periods import Range
from footfall_server.insights.queries import Cohort, Filter, Query
from footfall_server.insights.sql.cohorts import InCohort
from footfall_server.insights.sql.column import Cohorts
from footfall_server.insights.sql.filters import Versions
from footfall_server.model.errors import Unprocessable
from footfall_server.model.project import Project

MAX_COHORTS = 50
NAME = "cohort"
Q = TypeVar("Q", bound=Query)
_AROUND = {"report": "events_table", "from": "2026-01-01", "to": "2026-01-01"}
Definitions = Mapping[str, Mapping[str, Any]]
"""A project's cohorts: name → definition, with or without the name in it."""


def refers(query: Query) -> bool:
    """Whether a query says anything of cohorts."""
    return any(True for _ in _references(query))


def defined(query: Q, saved: Definitions) -> Q:
    """The query with the definitions that it refers to, by name, and no others.

    A breakdown refers to all. Raises `Unprocessable` UNKNOWN_COHORT, TOO_MANY_COHORTS, NOT_OFFERED,
    INVALID_QUERY, DUPLICATE_NAME.
    """
    own = _own(query)
    names: set[str] = set()
    for path, condition in _references(query):
        if condition is None:
            names = {*own, *saved}
            _check_number(names, path)
        else:
            names |= _named(path, condition, {*own, *saved})
    found = [own.get(name) or definition(name, saved[name]) for name in sorted(names)]
    return msgspec.structs.replace(query, cohorts=tuple(found))


def explain(error: Unprocessable, query: Query, asked: Query) -> None:
    """Makes the pointer of an error into a `defined` query one into what was asked.

    Of a saved cohort it is where the query refers to cohorts, and the message names it.
    """
    if error.path is None or not error.path.startswith("/cohorts/"):
        return
    place, _, rest = error.path.removeprefix("/cohorts/").partition("/")
    name = query.cohorts[int(place)].name
    for own, one in enumerate(asked.cohorts):
        if one.name == name:
            error.path = f"/cohorts/{own}/{rest}"
            return
    error.path = next(path for path, _ in _references(asked))
    error.message = f"The saved cohort {name!r}: {error.message}"


def resolved(query: Q, project: Project, within: Range, versions: Versions) -> Q:
    """The query with what each of its cohorts means, relative to the end of its range."""
    members = tuple(
        (one.name, InCohort(project.id, one, within, versions)) for one in query.cohorts
    )
    return references.renamed(query, {NAME: Cohorts(members)})


def definition(name: str, body: Mapping[str, Any]) -> Cohort:
    """A cohort outside of any query, read like one inside.

    Raises `Unprocessable` as `parse` and `check`, with pointers into the definition.
    """
    meaning = {key: body[key] for key in ("all", "any") if body.get(key) is not None}
    inside = {**_AROUND, "cohorts": [{"name": name, **meaning}]}
    try:
        found = parse(inside).cohorts[0]
    except Unprocessable as error:
        path = (error.path or "").removeprefix("/cohorts/0")
        raise Unprocessable(error.code, error.message, path=path or None) from error
    check(found)
    return found


def check(cohort: Cohort, path: str = "") -> None:
    """Raises `Unprocessable` INVALID_QUERY where a behaviour's filter is on cohorts."""
    kind = "all" if cohort.all is not None else "any"
    for place, behaviour in enumerate(cohort.behaviours):
        for at, one in enumerate(behaviour.filters):
            inside = references.conditions(f"{path}/{kind}/{place}/filters/{at}", one)
            for pointer, condition in inside:
                if condition.property == NAME:
                    raise Unprocessable(
                        "INVALID_QUERY",
                        "A cohort is made of events, not of other cohorts: filter by both instead.",
                        path=pointer,
                    )


def _own(query: Query) -> dict[str, Cohort]:
    found: dict[str, Cohort] = {}
    for place, one in enumerate(query.cohorts):
        check(one, f"/cohorts/{place}")
        if one.name in found:
            raise Unprocessable(
                "DUPLICATE_NAME", f"The name {one.name!r} is taken.", path=f"/cohorts/{place}/name"
            )
        found[one.name] = one
    return found


def _references(query: Query) -> Iterator[tuple[str, Filter | None]]:
    """Conditions on cohorts, and None for places that refer to all, with their pointers."""
    for path, one in references.filters(query):
        if not path.startswith("/cohorts/"):
            for pointer, condition in references.conditions(path, one):
                if condition.property == NAME:
                    yield pointer, condition
    for path, name in references.properties(query):
        if name == NAME:
            yield path, None


def _named(path: str, condition: Filter, known: set[str]) -> set[str]:
    if condition.op not in ("in", "not_in"):
        raise Unprocessable(
            "NOT_OFFERED", "Cohorts are filtered by in and not_in only.", path=f"{path}/op"
        )
    for place, value in enumerate(condition.values):
        if value not in known:
            raise Unprocessable(
                "UNKNOWN_COHORT",
                f"There is no cohort {value!r}: save it first, or define it in the query's "
                "cohorts.",
                path=f"{path}/values/{place}",
            )
    return {str(value) for value in condition.values}


def _check_number(names: set[str], path: str) -> None:
    if len(names) > MAX_COHORTS:
        raise Unprocessable(
            "TOO_MANY_COHORTS",
            f"There are {len(names)} cohorts; at most {MAX_COHORTS} can be told apart. Filter by "
            "those that matter instead.",
            path=path,
        )
