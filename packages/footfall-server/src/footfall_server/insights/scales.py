"""The order of a property's values in a query: read first, so that the engine can compare them."""

from __future__ import annotations

from footfall_server.insights import values
from footfall_server.insights.answer import Asked, Q
from footfall_server.insights.periods import Range
from footfall_server.insights.queries import Installs
from footfall_server.insights.sql.places import codes
from footfall_server.insights.values import Scale
from footfall_server.insights.versions import is_versioned


async def scale(
    asked: Asked[Q],
    name: str,
    path: str,
    within: Range | None = None,
    installs: Installs | None = None,
) -> Scale:
    """Raises `Unprocessable` TOO_MANY_ROWS at `path` for a property with too many values."""
    table = await asked.reader.run(codes(asked, name, within, installs))
    versioned = is_versioned(name, asked.project)
    return values.scale(table.column("code").to_pylist(), name, path, versioned=versioned)
