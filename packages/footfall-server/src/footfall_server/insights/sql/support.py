"""Support: each install in one cell of a matrix, and what it would cost to drop a value."""

from __future__ import annotations

from dataclasses import replace

from footfall_server.insights.answer import Asked
from footfall_server.insights.periods import Range, Shift, moved
from footfall_server.insights.queries import DropCost, SupportMatrix
from footfall_server.insights.sql.binder import Binder
from footfall_server.insights.sql.events import ONCE
from footfall_server.insights.sql.filters import installs_condition
from footfall_server.insights.sql.places import STAMP, condition, place
from footfall_server.insights.sql.walk import micros
from footfall_server.insights.values import Scale
from footfall_server.store import Statement, on_shards

WEEKS, WEEKS_OF_SHARE = 12, 4


def matrix(
    asked: Asked[SupportMatrix], rows: Scale, columns: Scale, *, exact: bool = False
) -> Statement:
    """Rows `row`, `column` (places of the install's last event), `installs`, `tied`.

    Where any row is `tied` (1), an install's last two events are of one microsecond and of two
    cells: then it must be asked again, `exact`, which looks at the order of acknowledgement.
    """
    binder = Binder()
    row = place(asked.query.rows, rows, binder)
    column = place(asked.query.columns, columns, binder)
    width = len(columns.texts) + 1
    own = f"toUInt64({row}) * {width} + {column}"
    limited = condition(asked, binder)
    bits = ((len(rows.texts) + 1) * width - 1).bit_length()
    start = micros(asked.within.start)
    if not exact and (micros(asked.within.end) - start).bit_length() + bits <= 64:
        # Time and cell in one number: the greatest has the last event's cell. Of two at one moment
        # that is the greater cell; counted from above it is the lesser one, and then they differ.
        mask = (1 << bits) - 1
        moment = f"bitShiftLeft(toUInt64(toUnixTimestamp64Micro(time) - {start}), {bits})"
        event = (
            f"{moment} AS moment, {own} AS own, moment + own AS high, moment + {mask} - own AS low"
        )
        chosen = (
            f"bitAnd(max(high), {mask}) AS cell, bitAnd(max(low), {mask}) != {mask} - cell AS tied"
        )
    else:
        event = f"{STAMP} AS stamp, {own} AS own"
        chosen = "argMax(own, stamp) AS cell, 0 AS tied"
    cells = on_shards(
        f"SELECT install_key, {chosen} FROM ("
        f"{binder.named()}SELECT install_key, {event} FROM {ONCE} WHERE {limited}) "
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


def drop_cost(asked: Asked[DropCost], scale: Scale) -> Statement:
    """Rows `week` (0: the last one; WEEKS: the last four together), `place`, `installs`.

    Persistent installs only, each with one value in each window: the newest, or the last used.
    """
    binder = Binder()
    own = place(asked.query.property, scale, binder)
    # Weeks count back from the end: so the least is the last.
    chosen, joined = "argMax(own, stamp)", "places[indexOf(weeks, arrayMin(weeks))]"
    stamp = f", {STAMP} AS stamp"
    if scale.versioned:
        chosen, joined, stamp = "max(own)", "arrayMax(recent)", ""
    bounds = [binder.instant(week.start) for week in weeks(asked.within)[:-1]]
    week = " + ".join(f"(time < {bound})" for bound in bounds)
    limited = condition(asked, binder, all_weeks(asked.within), "persistent")
    if own_installs := installs_condition(asked.query.installs):
        limited += f" AND {own_installs}"
    installs = on_shards(
        "SELECT groupArray(week) AS weeks, groupArray(place) AS places, "
        f"arrayFilter((place, week) -> week < {WEEKS_OF_SHARE}, places, weeks) AS recent FROM ("
        f"SELECT install_key, week, {chosen} AS place FROM ("
        f"{binder.named()}SELECT install_key, toUInt8({week}) AS week, {own} AS own{stamp} "
        f"FROM {ONCE} WHERE {limited}) GROUP BY install_key, week) GROUP BY install_key"
    )
    text = (
        f"SELECT week, place, count() AS installs FROM {installs} "
        f"ARRAY JOIN if(empty(recent), weeks, arrayPushBack(weeks, toUInt8({WEEKS}))) AS week, "
        f"if(empty(recent), places, arrayPushBack(places, {joined})) AS place "
        "GROUP BY week, place"
    )
    return binder.statement(text)
