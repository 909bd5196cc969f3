"""JSON → a typed query, once, at the edge. Errors carry the JSON pointer of what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from footfall_server.insights import references
from footfall_server.insights.queries import REPORTS, Filter, Query, Series, Trends
from footfall_server.insights.queries.common import inside
from footfall_server.insights.sql.filters import walk
from footfall_server.model.errors import BadRequest, Unprocessable
from footfall_server.model.misfit import misfit

MAX_CONDITIONS, MAX_VALUES, MAX_DEPTH = 50, 2_000, 30


def parse(body: bytes | Mapping[str, Any]) -> Query:
    """Reads a query.

    Raises `BadRequest` MALFORMED_JSON, else `Unprocessable`: UNKNOWN_REPORT, UNKNOWN_FIELD,
    MISSING_FIELD or INVALID_QUERY, with `path`.
    """
    if isinstance(body, Mapping):
        raw: Any = dict(body)
    else:
        try:
            raw = msgspec.json.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise BadRequest("MALFORMED_JSON", f"The body isn't JSON: {error}.") from error
    if not isinstance(raw, dict):
        raise BadRequest("MALFORMED_JSON", "The body must be a JSON object.")
    kind = _report(raw)
    try:
        query = msgspec.convert(raw, kind)
    except msgspec.ValidationError as error:
        raise _explained(error, raw) from error
    except RecursionError as error:
        raise _too_deep("") from error
    _check_every_filter(query)
    return _named(query) if isinstance(query, Trends) else query


def _check_every_filter(query: Query) -> None:
    """Bounds what one query can make the engine do."""
    by_place: dict[str, list[Filter]] = {}
    for path, one in references.filters(query):
        by_place.setdefault(path.rpartition("/")[0], []).append(one)
    for path, filters in by_place.items():
        check_filters(filters, path)


def check_filters(filters: list[Filter], path: str) -> None:
    """Raises `Unprocessable` INVALID_QUERY where they are too deep, TOO_MANY_FILTERS."""
    _check_groups(filters, path)
    _check_size(list(walk(filters)), path)


def _check_groups(filters: list[Filter], path: str) -> None:
    level, groups = filters, 0
    for _ in range(MAX_DEPTH):
        within = [each for each in level if each.property is None]
        level = [inner for each in within for inner in inside(each)]
        groups += len(within)
        if groups > MAX_CONDITIONS:
            raise _too_many(path)
    if level:
        raise _too_deep(path)


def _too_deep(path: str) -> Unprocessable:
    return Unprocessable("INVALID_QUERY", "The filters are nested too deeply.", path=path)


def _too_many(path: str) -> Unprocessable:
    return Unprocessable(
        "TOO_MANY_FILTERS",
        f"At most {MAX_CONDITIONS} conditions, as many groups and {MAX_VALUES:,} values can be "
        "asked for.",
        path=path,
    )


def _check_size(conditions: list[Filter], path: str) -> None:
    values = sum(len(condition.values) for condition in conditions)
    if len(conditions) > MAX_CONDITIONS or values > MAX_VALUES:
        raise _too_many(path)


def _report(raw: dict[str, Any]) -> type[Query]:
    name = raw.get("report")
    if name is None:
        raise Unprocessable("MISSING_FIELD", "The query needs a report.", path="/report")
    if not isinstance(name, str) or name not in REPORTS:
        offered = ", ".join(sorted(REPORTS))
        raise Unprocessable(
            "UNKNOWN_REPORT", f"There is no report {name!r}; there are {offered}.", path="/report"
        )
    return REPORTS[name]


def _explained(error: msgspec.ValidationError, raw: dict[str, Any]) -> Unprocessable:
    found = misfit(error, raw)
    if found.unknown is not None:
        message = f"There is no field {found.unknown!r} here; take it out."
        return Unprocessable("UNKNOWN_FIELD", message, path=found.path)
    if found.missing is not None:
        message = f"The field {found.missing!r} is needed."
        return Unprocessable("MISSING_FIELD", message, path=found.path)
    return Unprocessable("INVALID_QUERY", f"{found.message}.", path=found.path)


def _named(query: Trends) -> Trends:
    """Series without a name are A, B, C … by their place."""
    series = tuple(
        one if one.name is not None else msgspec.structs.replace(one, name=chr(ord("A") + place))
        for place, one in enumerate(query.series)
    )
    _unique_names(series, query)
    return msgspec.structs.replace(query, series=series)


def _unique_names(series: tuple[Series, ...], query: Trends) -> None:
    seen: set[str | None] = set()
    named = [(f"/series/{place}/name", one.name) for place, one in enumerate(series)]
    named += [(f"/formulas/{place}/name", one.name) for place, one in enumerate(query.formulas)]
    for path, name in named:
        if name in seen:
            raise Unprocessable("DUPLICATE_NAME", f"The name {name!r} is taken.", path=path)
        seen.add(name)
