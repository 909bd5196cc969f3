"""Support: each install in one cell of a matrix, and what it would cost to drop a value."""

from __future__ import annotations

from dataclasses import replace

from footfall_server.insights.answer import Asked
from footfall_server.insights.periods import Range, Shift, day_key, local_day, midnight, moved
from footfall_server.insights.queries import DropCost, SupportMatrix
from footfall_server.insights.sql.binder import Binder
from footfall_server.insights.sql.events import ONCE
from footfall_server.insights.sql.filters import installs_condition
from footfall_server.insights.sql.places import condition, last, place
from footfall_server.insights.values import Scale
from footfall_server.store import Statement, on_shards

WEEKS, WEEKS_OF_SHARE = 12, 4


def matrix(
    asked: Asked[SupportMatrix], rows: Scale, columns: Scale, *, exact: bool = False
) -> Statement:
    """Rows `row`, `column` (places of an install's last event), `installs`, `tied` (see `Last`)."""
    binder = Binder()
    row = place(asked.query.rows, rows, binder)
    column = place(asked.query.columns, columns, binder)
    width = len(columns.texts) + 1
    own = f"toUInt64({row}) * {width} + {column}"
    limited = condition(asked, binder)
    one = last(own, (len(rows.texts) + 1) * width, asked.within, exact=exact)
    cells = on_shards(
        f"SELECT install_key, {one.place('max(high)')} AS cell, "
        f"{one.tied('max(high)', 'max(low)')} AS tied FROM ("
        f"{binder.named()}SELECT install_key, {one.columns} FROM {ONCE} WHERE {limited}) "
        "GROUP BY install_key"
    )
    text = (
        f"SELECT intDiv(cell, {width}) AS row, cell % {width} AS column, count() AS installs, "
        f"max(tied) AS tied FROM {cells} GROUP BY row, column"
    )
    return binder.statement(text)


def weeks(within: Range) -> list[Range]:
    """Twelve windows of seven days on the wall clock, from the last one (ending at `to`) back."""
    ends = [moved(within.end, Shift(days=7 * back), within.zone) for back in range(WEEKS + 1)]
    return [Range(ends[back + 1], ends[back], within.zone) for back in range(WEEKS)]


def all_weeks(within: Range) -> Range:
    """Everything that the cost of dropping looks at."""
    return replace(within, start=weeks(within)[-1].start)


def drop_cost(asked: Asked[DropCost], scale: Scale, *, exact: bool = False) -> Statement:
    """Rows `week` (0: the last one; WEEKS: the last four together), `place`, `installs`, `tied`
    (see `Last`).

    Persistent installs only, each with one value in each window: the newest, or the last used.
    """
    binder = Binder()
    own = place(asked.query.property, scale, binder)
    range_ = all_weeks(asked.within)
    limited = condition(asked, binder, range_, "persistent")
    if own_installs := installs_condition(asked.query.installs):
        limited += f" AND {own_installs}"
    # 0 stands for no event; weeks count back from the end.
    names, read, tied, value = ["high"], f"{own} + 1 AS high", "0", "high - 1"
    if not scale.versioned:
        one = last(own, len(scale.texts) + 1, range_, exact=exact)
        names, read = ["high", "low"], one.columns
        tied, value = one.tied("high", "low"), one.place("high")
    every = [f"maxResample(0, {WEEKS}, 1)({name}, week) AS {name}s" for name in names]
    installs = on_shards(
        f"SELECT {', '.join(every)} FROM ({binder.named()}SELECT install_key, "
        f"{_week(asked.within, binder)} AS week, {read} FROM {ONCE} WHERE {limited}) "
        "GROUP BY install_key"
    )
    both = ", ".join(
        f"arrayPushBack({name}s, arrayMax(arraySlice({name}s, 1, {WEEKS_OF_SHARE}))) AS {name}"
        for name in names
    )
    text = (
        f"SELECT week, {value} AS place, count() AS installs, max({tied}) AS tied FROM {installs} "
        f"ARRAY JOIN range({WEEKS + 1}) AS week, {both} WHERE high > 0 GROUP BY week, place"
    )
    return binder.statement(text)


def _week(within: Range, binder: Binder) -> str:
    """Which of `weeks` an event is in."""
    starts = [week.start for week in weeks(within)[:-1]]
    days = [local_day(start, within.zone) for start in starts]
    if [midnight(day, within.zone) for day in days] == starts:
        zone = binder.text(within.zone.key)
        after = day_key(days[0]) + 6
        return f"toUInt8(intDiv({after} - toInt32(toDate(time, {zone})), 7))"
    bounds = [binder.instant(start) for start in starts]
    return f"toUInt8({' + '.join(f'(time < {bound})' for bound in bounds)})"
