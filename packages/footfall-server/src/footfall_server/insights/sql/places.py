"""What reports share that give each install one value: conditions, codes, places, the last event.

A place is a value's number in an order made outside the engine (`insights.values`): small, fast to
compare, and in the order of versions.
"""

from __future__ import annotations

from dataclasses import dataclass

from footfall_server.insights.answer import Asked, Q
from footfall_server.insights.periods import Range
from footfall_server.insights.queries import Installs
from footfall_server.insights.sql.binder import Binder
from footfall_server.insights.sql.column import column
from footfall_server.insights.sql.events import ONCE, where
from footfall_server.insights.sql.walk import micros
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


@dataclass(frozen=True, slots=True)
class Last:
    """The place of the last one of some events: each event has `columns` `high` and `low`, and the
    greatest ones tell it.

    Where any group is `tied` (1), its last two events are of one microsecond and of two places:
    then it must be asked again, `exact`, which looks at the order of acknowledgement.
    """

    columns: str
    mask: int
    exact: bool

    def place(self, high: str) -> str:
        return f"toUInt64(bitAnd({high}, {self.mask}))"

    def tied(self, high: str, low: str) -> str:
        place = self.place(high)
        return "0" if self.exact else f"bitAnd({low}, {self.mask}) != {self.mask} - {place}"


def last(own: str, places: int, within: Range, *, exact: bool) -> Last:
    """Of events of a range, each with its `own` place, a number from 0 below `places`.

    Time and place are one number, never 0: the greatest has the last event's place. Of two at one
    moment that is the greater place; counted from above it is the lesser one, and then they differ.
    """
    bits = max(places - 1, 1).bit_length()
    before = micros(within.start) - 1
    if exact or (micros(within.end) - before).bit_length() + bits > 63:
        moment = f"bitShiftLeft(toUInt256({STAMP}), {bits})"
        return Last(f"{moment} + {own} AS high, 0 AS low", (1 << bits) - 1, exact=True)
    mask = (1 << bits) - 1
    moment = f"bitShiftLeft(toUInt64(toUnixTimestamp64Micro(time) - {before}), {bits})"
    columns = (
        f"{moment} AS moment, {own} AS own, moment + own AS high, moment + {mask} - own AS low"
    )
    return Last(columns, mask, exact=False)


# Odd, so that different buckets give different numbers.
_SPREAD = 11400714819323198485


def cell(bucket: str) -> str:
    """An install's key in a bucket as one number, a third less to keep than both; the same
    function of it and the bucket is the install's key again. Two of them are the same as rarely as
    the keys of two installs."""
    return _mixed("install_key", bucket)


def install_of(cell: str, bucket: str) -> str:
    """The install's key of a `cell`."""
    return _mixed(cell, bucket)


def _mixed(number: str, bucket: str) -> str:
    return f"bitXor({number}, toUInt64({bucket}) * {_SPREAD})"


def place(name: str, scale: Scale, binder: Binder) -> str:
    """The place of an event's value; 0 for a code that the scale doesn't have."""
    known = binder.texts(scale.codes)
    places = binder.bind(scale.places, "Array(UInt16)")
    return f"toUInt16(transform({column(name, binder).code}, {known}, {places}, 0))"
