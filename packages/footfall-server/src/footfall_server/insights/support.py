"""The support matrix, and what it would cost to drop a value."""

from __future__ import annotations

from collections import Counter
from functools import partial

from footfall_server.insights.adoption import ordered, untied
from footfall_server.insights.answer import Answer, Asked
from footfall_server.insights.intervals import slope, wilson
from footfall_server.insights.queries import DropCost, SupportMatrix
from footfall_server.insights.result import Row
from footfall_server.insights.scales import scale
from footfall_server.insights.sql import support as sql
from footfall_server.insights.versions import is_within
from footfall_server.model.errors import Unprocessable


async def matrix(asked: Asked[SupportMatrix]) -> Answer:
    """One row a cell that has installs, row by row: versions rising, other values by installs.

    An install is in the one cell of its last event. `share` is of all installs in the range,
    `meta.installs`; `meta.columns` are the columns in order, `meta.versioned` says
    of rows and columns whether they are in the order of versions.
    """
    query = asked.query
    rows = await scale(asked, query.rows, "/rows")
    columns = await scale(asked, query.columns, "/columns")
    cells: Counter[tuple[str, str]] = Counter()
    if rows.codes and columns.codes:
        for cell in await untied(asked, partial(sql.matrix, asked, rows, columns)):
            name = rows.text(cell["row"], query.granularity)
            cells[name, columns.text(cell["column"], query.granularity)] += cell["installs"]
    total = cells.total()
    across: Counter[str] = Counter()
    down: Counter[str] = Counter()
    for (row, column), installs in cells.items():
        across[row] += installs
        down[column] += installs
    order = ordered(down, columns)
    return Answer(
        [
            {"row": row, "column": column, **_shares(cells[row, column], total)}
            for row in ordered(across, rows)
            for column in order
            if (row, column) in cells
        ],
        {
            "installs": total,
            "columns": order,
            "versioned": [rows.versioned, columns.versioned],
        },
    )


async def drop_cost(asked: Asked[DropCost]) -> Answer:
    """One row a value that is asked for, in that order.

    Shares of the persistent installs active in the 28 days that end at `to`; `trend_per_week` is
    the slope of the share over twelve windows of seven days, null where fewer than two of them
    had installs. Raises `Unprocessable` NOT_OFFERED for ephemeral installs.
    """
    query = asked.query
    if query.installs == "ephemeral":
        raise Unprocessable(
            "NOT_OFFERED",
            "The cost of dropping is counted among persistent installs; take all, ci or human.",
            path="/installs",
        )
    order = await scale(
        asked, query.property, "/property", sql.all_weeks(asked.within), "persistent"
    )
    counts: Counter[tuple[int, int]] = Counter()
    if order.codes:
        for row in await untied(asked, partial(sql.drop_cost, asked, order)):
            counts[row["week"], row["place"]] += row["installs"]
    active: Counter[int] = Counter()
    for (week, _), installs in counts.items():
        active[week] += installs
    found: list[Row] = []
    for wanted in query.values:
        matches = is_within if order.versioned else str.__eq__
        using: Counter[int] = Counter()
        for (week, place), installs in counts.items():
            if matches(order.text(place), wanted):
                using[week] += installs
        trend = [
            (-float(week), using[week] / active[week]) for week in range(sql.WEEKS) if active[week]
        ]
        shares = _shares(using[sql.WEEKS], active[sql.WEEKS])
        found.append({"value": wanted, **shares, "trend_per_week": slope(trend)})
    return Answer(found, {"installs": active[sql.WEEKS]})


def _shares(installs: int, total: int) -> Row:
    low, high = wilson(installs, total)
    share = installs / total if total else None
    return {"installs": installs, "share": share, "low": low, "high": high}
