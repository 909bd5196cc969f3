"""What a number of events a day needs, from measured unit costs.

Every figure says whether it was measured or is extrapolated; how they were measured is in
`docs/scale.md`. Change them here when a benchmark says something else.
"""

from __future__ import annotations

import math

import msgspec

from footfall_server.model.errors import Unprocessable

DOOR_REQUEST, DOOR_EVENT = 86e-6, 1.6e-6
"""Seconds of a core for a request, and more for each event in it, until they are in the journal.

Drawn through 87.2 µs of a request with one event and 2.5 µs an event of 100, on a quiet machine.
"""
STORE_REQUEST, STORE_EVENT = 71e-6, 12.1e-6
"""More of them until the events are in the store, merging while they come in included.

Through 71.7 µs of a request with one event, and 12.8 µs an event of 100.
"""
BYTES = 97.3
"""An event in the store: 13 properties, two random ids as text, months merged; of 10 million."""
CPU_MILLION = 0.048
"""Seconds of a core to count distinct installs by week among a million events, of 100 million."""
CPU_MILLION_DEAREST = 0.223
"""The same for the report that takes most: adoption by the last value of a property."""
LINE_BYTES = 480
"""An event on its way, as JSON; about what it takes in the journal at most."""

PEAK = 5.0
"""The busiest second over the mean of the day: an assumption."""
BUSY = 0.5
"""The share of a core that may be used at the peak."""
ANSWER_SECONDS = 3.0
CORES = 16
_DAY = 86_400
_ONE_MACHINE_ROWS = 1e9
_MEASURED_ROWS = 1e8


class Figure(msgspec.Struct, frozen=True):
    """`basis`: `measured` unit costs, or `extrapolated` beyond what was run."""

    name: str
    value: float
    unit: str
    basis: str
    how: str


class Plan(msgspec.Struct, frozen=True):
    events_per_day: float
    days: int
    events_per_request: float
    figures: tuple[Figure, ...]
    advice: str


def plan(events_per_day: float, days: int = 365, events_per_request: float = 20) -> Plan:
    """Machines for so many events a day, kept for so many days, with questions over 90 of them.

    Raises Unprocessable INVALID_PLAN.
    """
    if not 1 <= events_per_day <= 1e13 or not 1 <= days <= 3650 or not events_per_request >= 1:
        raise Unprocessable(
            "INVALID_PLAN", "Plan for 1 to 1e13 events a day, 1 to 3,650 days, 1 a request or more."
        )
    mean = events_per_day / _DAY
    peak = mean * PEAK
    rows = events_per_day * days
    asked = events_per_day * min(90, days)
    door = DOOR_REQUEST / events_per_request + DOOR_EVENT
    store = STORE_REQUEST / events_per_request + STORE_EVENT
    rate = "measured" if peak * (door + store) <= 1 else "extrapolated"
    size = "measured" if rows <= _MEASURED_ROWS else "extrapolated"
    query = "measured" if asked <= _MEASURED_ROWS else "extrapolated"
    stores = max(1, math.ceil(asked / 1e6 * CPU_MILLION / ANSWER_SECONDS / CORES))
    together = f"{events_per_request:g} events a request"
    figures = (
        Figure("mean", mean, "events/s", "measured", "events a day / 86,400"),
        Figure("peak", peak, "events/s", "assumed", f"{PEAK:g} × the mean"),
        Figure("collector cores", _cores(peak * door), "cores", rate,
               f"{door * 1e6:.1f} µs an event at the peak, half busy; {together}"),
        Figure("insert cores", _cores(peak * store), "cores", rate,
               f"{store * 1e6:.1f} µs an event at the peak, half busy; {together}"),
        Figure("disk a day", events_per_day * BYTES / 1e9, "GB", size, f"{BYTES:g} bytes an event"),
        Figure("disk in all", 2 * rows * BYTES / 1e9, "GB", size,
               f"{days} days, twice for merging and growth"),
        Figure("journal", peak * LINE_BYTES * 3600 / 1e9, "GB", rate,
               "an hour of the peak while the store is away"),
        Figure("90-day question", asked / 1e6 * CPU_MILLION, "s of a core", query,
               f"distinct installs over {asked:.3g} events, {CPU_MILLION:g} s a million"),
        Figure("dearest report", asked / 1e6 * CPU_MILLION_DEAREST, "s of a core", query,
               f"adoption by last value, {CPU_MILLION_DEAREST:g} s a million"),
        Figure("store machines", stores, f"of {CORES} cores", query,
               f"so that the question takes {ANSWER_SECONDS:g} s, the dearest report "
               f"{ANSWER_SECONDS * CPU_MILLION_DEAREST / CPU_MILLION:.0f} s, without roll-ups"),
    )  # fmt: skip
    return Plan(events_per_day, days, events_per_request, figures, _advice(rows, stores))


def _cores(busy: float) -> int:
    return max(1, math.ceil(busy / BUSY))


def _advice(rows: float, stores: int) -> str:
    if rows <= _ONE_MACHINE_ROWS:
        return "One process on one machine, with the embedded store."
    if stores <= 1:
        return "One large machine: serve --workers, metadata in PostgreSQL, backups elsewhere."
    return (
        "More than one machine for the store: a ClickHouse cluster by URL, sharded by install; or "
        "keep events for fewer days, sample in the library, or ask over shorter ranges."
    )
