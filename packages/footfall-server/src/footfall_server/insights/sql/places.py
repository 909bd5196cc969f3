"""What reports share that give each install one value: conditions, codes, places, the last event.

A place is a value's number in an order made outside the engine (`insights.values`): small, fast to
compare, and in the order of versions.
"""

from __future__ import annotations

from footfall_server.insights.answer import Asked, Q
from footfall_server.insights.periods import Range
from footfall_server.insights.queries import Installs
from footfall_server.insights.sql.binder import Binder
from footfall_server.insights.sql.column import column
from footfall_server.insights.sql.events import ONCE, where
from footfall_server.insights.values import MAX_VALUES, Scale
from footfall_server.store import EVENTS, Statement, on_shards

FAILED = "exception_occurred_code = 'jtrue'"

# Later is greater: the time, then the client's own order.
STAMP = (
    "bitOr(bitShiftLeft(toUInt128(toUnixTimestamp64Micro(time)), 64), toUInt128(bitNot(version)))"
)


def condition(
    asked: Asked[Q],
    binder: Binder,
    within: Range | None = None,
    installs: Installs | None = None,
    event: str | None = None,
) -> str:
    """The query's own condition; `within`, `installs` and `event` instead of or beside its own."""
    query = asked.query
    return where(
        asked.project.id,
        within or asked.within,
        installs or query.installs,
        query.filters,
        None if event is None else (event,),
        binder,
        asked.versions,
    )


def codes(
    asked: Asked[Q],
    name: str,
    within: Range | None = None,
    installs: Installs | None = None,
    event: str | None = None,
    *,
    once: bool = False,
) -> Statement:
    """The distinct codes of a property, one more than are allowed if there are more.

    Unless `once`, of every copy of a repeated event: for an order a few codes too many do no harm,
    and reading is faster.
    """
    binder = Binder()
    code = column(name, binder).code
    limited = condition(asked, binder, within, installs, event)
    limit = f"LIMIT {MAX_VALUES + 1}"
    # Most events meet the conditions: reading on as each is met costs more than it saves.
    source = ONCE if once else EVENTS
    straight = "" if once else " SETTINGS optimize_move_to_prewhere = 0"
    text = on_shards(
        f"{binder.named()}SELECT DISTINCT {code} AS code "
        f"FROM {source} WHERE {limited} {limit}{straight}"
    )
    return binder.statement(f"SELECT DISTINCT code FROM {text} {limit}")


def place(name: str, scale: Scale, binder: Binder) -> str:
    """The place of an event's value; 0 for a code that the scale doesn't have."""
    known = binder.texts(scale.codes)
    places = binder.bind(scale.places, "Array(UInt16)")
    return f"toUInt16(transform({column(name, binder).code}, {known}, {places}, 0))"
