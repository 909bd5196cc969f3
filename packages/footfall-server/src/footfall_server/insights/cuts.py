"""Equal ranges become edges, when the data have said between which numbers they lie."""

from __future__ import annotations

import math
from typing import Any

import msgspec

from footfall_server.insights.periods import Range
from footfall_server.insights.queries import Cut, Query
from footfall_server.insights.reader import Reader
from footfall_server.insights.sql import cuts as sql
from footfall_server.insights.sql.filters import Versions
from footfall_server.model.project import Project


async def resolved(
    query: Query, project: Project, within: Range, versions: Versions, reader: Reader
) -> tuple[Query, list[dict[str, Any]]]:
    """The query with edges in every cut, and those that were found, for the result's `meta`."""
    parts: tuple[Any, ...] = getattr(query, "breakdown", None) or ()
    if not isinstance(parts, tuple):
        return query, []
    equal = [one for one in parts if isinstance(one, Cut) and one.equal is not None]
    if not equal:
        return query, []
    names = [one.property for one in equal]
    table = await reader.run(sql.ends(project.id, query, within, versions, names))
    (row,) = table.to_pylist()
    found = {
        one: edges(one.equal or 2, least, greatest)
        for one, least, greatest in zip(equal, row["least"], row["greatest"], strict=True)
    }
    cut = tuple(
        msgspec.structs.replace(one, equal=None, edges=found[one])
        if isinstance(one, Cut) and one in found
        else one
        for one in parts
    )
    shown = [{"property": str(one.property), "edges": list(at)} for one, at in found.items()]
    return msgspec.structs.replace(query, breakdown=cut), shown


def edges(ranges: int, least: float | None, greatest: float | None) -> tuple[float, ...]:
    """The edges between so many ranges of one width.

    Where there is no number they lie between 0 and 1; where all are one, half on either side of it.
    """
    if least is None or greatest is None:
        least, greatest = 0.0, 1.0
    elif least == greatest:
        least, greatest = least - 0.5, greatest + 0.5
    found: list[float] = []
    for place in range(1, ranges):
        share = place / ranges
        edge = least * (1 - share) + greatest * share
        # Numbers so close that there is nothing between them still make rising edges.
        found.append(max(edge, math.nextafter(found[-1], math.inf)) if found else edge)
    return tuple(found)
