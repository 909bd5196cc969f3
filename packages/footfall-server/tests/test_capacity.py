"""A plan grows with what is planned for, and says what it doesn't know."""

from __future__ import annotations

import pytest
from footfall_server.model.errors import Unprocessable
from footfall_server.operations.capacity import BYTES, plan


def test_a_small_library_needs_one_machine() -> None:
    made = plan(1_000, days=90)
    assert plan(1e9, events_per_request=1).figures[2].value > plan(1e9).figures[2].value
    figures = {one.name: one for one in made.figures}
    assert figures["collector cores"].value == figures["store machines"].value == 1
    assert {one.basis for one in made.figures} == {"measured", "assumed"}
    assert made.advice.startswith("One process")


def test_a_billion_a_day_is_extrapolated_and_said_so() -> None:
    small, large = ({one.name: one for one in plan(n).figures} for n in (1e8, 1e9))
    assert large["disk a day"].value == pytest.approx(1e9 * BYTES / 1e9)
    assert large["disk a day"].value == pytest.approx(10 * small["disk a day"].value)
    assert large["90-day question"].basis == "extrapolated"
    assert large["store machines"].value > 1
    assert "ClickHouse cluster" in plan(1e9).advice


@pytest.mark.parametrize(("events", "days"), [(0, 1), (float("nan"), 1), (1e14, 1), (1, 0)])
def test_what_is_no_plan(events: float, days: int) -> None:
    with pytest.raises(Unprocessable):
        plan(events, days)
