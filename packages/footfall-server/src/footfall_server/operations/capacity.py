"""What a number of events a day needs, from measured unit costs.

Every figure says whether it was measured or is extrapolated; how they were measured is in
`docs/scale.md`. Change them here when a benchmark says something else.
"""

from __future__ import annotations

import math

import msgspec

from footfall_server.model.errors import Unprocessable

CPU_DOOR = 2.5e-6
"""Seconds of a core for an event, until it is in the journal (batches of 100, quiet machine)."""
CPU_STORE = 1.2e-6
"""More of them until it is in the store: 3.7 µs with drain and store."""
BYTES = 74.5
"""An event in the store: 11 properties, two random ids as text; small parts, so an upper bound."""
CPU_MILLION = 0.244
"""Seconds of a core to count distinct installs among a million events."""
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
_MEASURED_ROWS = 1e5


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
    figures: tuple[Figure, ...]
    advice: str


def plan(events_per_day: float, days: int = 365) -> Plan:
    """Machines for so many events a day, kept for so many days, with questions over 90 of them.

    Raises Unprocessable INVALID_PLAN.
    """
    if not 1 <= events_per_day <= 1e13 or not 1 <= days <= 3650:
        raise Unprocessable("INVALID_PLAN", "Plan for 1 to 1e13 events a day, 1 to 3,650 days.")
    mean = events_per_day / _DAY
    peak = mean * PEAK
    rows = events_per_day * days
    asked = events_per_day * min(90, days)
    rate = "measured" if peak * (CPU_DOOR + CPU_STORE) <= 1 else "extrapolated"
    size = "measured" if rows <= _MEASURED_ROWS else "extrapolated"
    query = "measured" if asked <= _MEASURED_ROWS else "extrapolated"
    collectors = max(1, math.ceil(peak * CPU_DOOR / BUSY))
    stores = max(1, math.ceil(asked / 1e6 * CPU_MILLION / ANSWER_SECONDS / CORES))
    figures = (
        Figure("mean", mean, "events/s", "measured", "events a day / 86,400"),
        Figure("peak", peak, "events/s", "assumed", f"{PEAK:g} × the mean"),
        Figure("collector cores", collectors, "cores", rate,
               f"{CPU_DOOR * 1e6:g} µs an event at the peak, half busy"),
        Figure("insert cores", max(1, math.ceil(peak * CPU_STORE / BUSY)), "cores", rate,
               f"{CPU_STORE * 1e6:g} µs an event at the peak, half busy"),
        Figure("disk a day", events_per_day * BYTES / 1e9, "GB", size, f"{BYTES:g} bytes an event"),
        Figure("disk in all", 2 * rows * BYTES / 1e9, "GB", size,
               f"{days} days, twice for merging and growth"),
        Figure("journal", peak * LINE_BYTES * 3600 / 1e9, "GB", rate,
               "an hour of the peak while the store is away"),
        Figure("90-day question", asked / 1e6 * CPU_MILLION, "s of a core", query,
               f"distinct installs over {asked:.3g} events, {CPU_MILLION:g} s a million"),
        Figure("store machines", stores, f"of {CORES} cores", query,
               f"so that it takes {ANSWER_SECONDS:g} s, without roll-ups"),
    )  # fmt: skip
    return Plan(events_per_day, days, figures, _advice(rows, stores))


def _advice(rows: float, stores: int) -> str:
    if rows <= _ONE_MACHINE_ROWS:
        return "One process on one machine, with the embedded store."
    if stores <= 1:
        return "One large machine: serve --workers, metadata in PostgreSQL, backups elsewhere."
    return (
        "More than one machine for the store: a ClickHouse cluster by URL, sharded by install; or "
        "keep events for fewer days, sample in the library, or ask over shorter ranges."
    )
