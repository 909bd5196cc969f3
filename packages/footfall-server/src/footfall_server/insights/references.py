"""What a query refers to: its filters and its properties, each with its JSON pointer.

Found by walking the query's own fields, so that a report needs to say nothing about it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

import msgspec

from footfall_server.insights.queries import EVENT_FIELDS, PROPERTY_FIELDS, Filter, Query
from footfall_server.insights.sql.column import BUILT_IN
from footfall_server.insights.sql.filters import asks_for_kind
from footfall_server.model.project import Project

Q = TypeVar("Q", bound=Query)


def filters(query: Query) -> Iterator[tuple[str, Filter]]:
    """Every filter that isn't inside another one, with its pointer."""
    for path, _, value in _fields(query, ""):
        if isinstance(value, Filter):
            yield path, value


def conditions(path: str, one: Filter) -> Iterator[tuple[str, Filter]]:
    """Every condition in a filter, groups unfolded, with its own pointer."""
    if one.property is not None:
        yield path, one
    for name, group in (("any", one.any), ("all", one.all)):
        for place, each in enumerate(group or ()):
            yield from conditions(f"{path}/{name}/{place}", each)
    if one.not_ is not None:
        yield from conditions(f"{path}/not", one.not_)


def properties(query: Query) -> Iterator[tuple[str, str]]:
    """Every property that is named outside a filter, with its pointer."""
    for path, field, value in _fields(query, ""):
        if field in PROPERTY_FIELDS and isinstance(value, str):
            yield path, value


def own_properties(query: Query) -> dict[str, str]:
    """The properties that aren't built in, by their name → the pointer of their first use."""
    found: dict[str, str] = {}

    def note(name: str, path: str) -> None:
        if name not in BUILT_IN:
            found.setdefault(name.removeprefix("properties."), path)

    for path, one in filters(query):
        for pointer, condition in conditions(path, one):
            if condition.property is not None and not asks_for_kind(condition):
                note(condition.property, pointer)
    for path, name in properties(query):
        note(name, path)
    return found


def events(query: Query) -> dict[str, tuple[str, ...]]:
    """The names of the events of each action that the query counts, by pointer.

    Not what is excluded, nor the behaviour of cohorts: there it may be meant that nobody did it.
    """
    found: dict[str, tuple[str, ...]] = {}
    for path, field, value in _fields(query, ""):
        apart = path.startswith(("/cohorts/", "/exclusions/"))
        if field in EVENT_FIELDS and isinstance(value, str) and not apart:
            action = re.sub(r"/\d+$", "", path)
            found[action] = (*found.get(action, ()), value)
    return found


def meant(query: Q, project: Project) -> Q:
    """The query with `library_version` as the property in which the project has its version."""
    name = version_name(project)
    if name == "library_version":
        return query
    return renamed(query, {"library_version": name})


def renamed(query: Q, names: Mapping[str, str]) -> Q:
    """The query with other names for some properties, wherever they stand."""
    found: Q = _renamed(query, names)
    return found


def version_name(project: Project) -> str:
    """How queries reach the property in which the project has its version."""
    own = project.version_property
    return own if own in BUILT_IN else f"properties.{own.removeprefix('properties.')}"


def _renamed(value: Any, names: Mapping[str, str], field: str = "") -> Any:
    if isinstance(value, tuple):
        return tuple(_renamed(each, names, field) for each in value)
    if isinstance(value, msgspec.Struct):
        fields = zip(value.__struct_fields__, value.__struct_encode_fields__, strict=True)
        return msgspec.structs.replace(
            value, **{own: _renamed(getattr(value, own), names, name) for own, name in fields}
        )
    if field in PROPERTY_FIELDS and isinstance(value, str):
        return names.get(value, value)
    return value


def _fields(value: Any, path: str, field: str = "") -> Iterator[tuple[str, str, Any]]:
    """Leaves and filters below a value: pointer, the name of the field that holds it, value."""
    if isinstance(value, tuple):
        for place, each in enumerate(value):
            yield from _fields(each, f"{path}/{place}", field)
    elif isinstance(value, msgspec.Struct) and not isinstance(value, Filter):
        for own, name in zip(value.__struct_fields__, value.__struct_encode_fields__, strict=True):
            yield from _fields(getattr(value, own), f"{path}/{name}", name)
    else:
        yield path, field, value
