"""Random use of a library over a spring: upgrades, failures, ties in time, missing and odd values.

Drawn from a seeded generator, since drawing each value through hypothesis takes longer than the
engine's answer.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from hypothesis import strategies as st

from .generate import FILTERS, MOMENTS, known
from .oracle import Event

FIRST = datetime(2026, 1, 12, 22, 30, tzinfo=UTC)
VERSIONS = ["0.9", "0.10.0rc1", "0.10.0", "0.10.1", "1.0", "1.0.0", "1.1.2", "1!0.1.3.4"]
ODD: list[Any] = ["dev", "", None, 2, 1.5, True, [], ["0.9", "1.0"], ["dev", None], {"a": 1}]
PYTHONS = ["3.7.17", "3.8.0", "3.8.10", "3.9.1", "3.10.4", "3.11", "3.12.0rc2"]
SYSTEMS = ["Linux", "Windows", "Darwin"]
EXCEPTIONS = ["ValueError", "KeyError", "lib.Error"]


def _value(random: Random, common: list[Any], odd: float) -> Any:
    return random.choice(ODD) if random.random() < odd else random.choice(common)


def _properties(random: Random, odd: float) -> dict[str, Any]:
    common: dict[str, list[Any]] = {
        "library_version": VERSIONS,
        "python_version": PYTHONS,
        "os_type": SYSTEMS,
        "exception_type": EXCEPTIONS,
        "p": ["a", "b", 7, ["a", "b", "a"], ["b", 7], [True, "a"]],
        "ci": [True, False],
        "ephemeral": [True, False, False],
        "run_time": [0, 0.05, 0.1, 1, 1.5, 20],
        "weight": [1, 1, 1, 2, 3.5],
    }
    chosen = {
        name: _value(random, values, odd if name != "weight" else 0)
        for name, values in common.items()
        if random.random() < 0.85
    }
    return {**chosen, "exception_occurred": random.random() < 0.3}


def _time(random: Random) -> datetime:
    """Often an edge, sometimes a tie: minutes of a few, on any day of seventeen weeks."""
    if random.random() < 0.2:
        return random.choice(MOMENTS)
    return FIRST + timedelta(days=random.randrange(120), minutes=random.choice([0, 0, 90, 600]))


def events(seed: int, count: int, installs: int, odd: float) -> list[Event]:
    """`count` events of at most so many installs; a tenth are repeats that say something else."""
    random = Random(seed)
    found: list[Event] = []
    for place in range(count):
        if found and random.random() < 0.1:
            own = replace(random.choice(found), properties=_properties(random, odd))
        else:
            at = _time(random)
            own = Event(
                event=random.choice(["fit", "run"]),
                install=f"i{random.randrange(installs)}",
                message_id=f"m{place}",
                time=at,
                client_time=at,
                order=0,
                kind="identify" if random.random() < 0.05 else "track",
                properties=_properties(random, odd),
            )
        found.append(replace(own, order=random.randrange(1, 10**15)))
    return [*found, known(found)]


EVENTS = st.builds(
    events,
    st.integers(0, 2**32),
    st.sampled_from([3, 20, 80, 300]),
    st.sampled_from([2, 6, 45, 150]),
    st.sampled_from([0.0, 0.15, 0.5]),
)
BY = st.sampled_from(
    ["library_version", "library_version", "python_version", "os_type", "ci", "p", "event", "a"]
)
GRANULARITY = st.sampled_from(["full", "patch", "minor", "major"])


@st.composite
def common(draw: st.DrawFn) -> dict[str, Any]:
    """What every query has."""
    first, last = draw(
        st.sampled_from(
            [("2026-01-12", "2026-05-03"), ("2026-03-01", "2026-04-02"),
             ("2026-03-28", "2026-03-30"), ("2026-02-11", "2026-10-26"),
             ("2026-02-11T05:30:00Z", "2026-04-20T17:45:00Z")]
        )
    )  # fmt: skip
    return {
        "from": first,
        "to": last,
        "timezone": draw(st.sampled_from(["UTC", "Europe/Brussels", "America/New_York"])),
        "installs": draw(st.sampled_from(["all", "all", "persistent", "ci", "human"])),
        "filters": draw(st.one_of(st.just([]), FILTERS)),
    }
