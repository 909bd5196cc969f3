"""What a page puts around a drawing: the rules of releases."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from footfall_server.insights.chart import vegalite
from footfall_server.insights.result import Result
from footfall_server.web.charts import Chart, marked

START, END = date(2026, 8, 27), date(2026, 11, 24)


def chart(form: Any = "lines", names: tuple[str, ...] = ()) -> Chart:
    rows = [
        {
            "bucket": (START + timedelta(days=day)).isoformat(), "series": "A",
            "segment": [name] if name else [], "value": day, "incomplete": False,
            "compare": False,
        }
        for name in names or ("",)
        for day in range(90)
    ]  # fmt: skip
    query = {"report": "trends", "interval": "day", "series": [{"name": "A", "measure": "total"}]}
    spec = vegalite(Result("trends", query, rows, {}), form=form)
    return Chart("", "", spec, 284, "", [], [], [])


def rules(*days: tuple[date, str]) -> list[tuple[str, str]]:
    """Day and name of each rule, oldest first, for an unlabelled one ''."""
    spec = marked(chart(), days, START, END).spec
    return sorted((one["t"], one["n"]) for one in spec["datasets"].get("rules", []))


def test_releases_far_apart_keep_their_names_and_others_days_are_left_out() -> None:
    first, second = date(2026, 9, 10), date(2026, 10, 20)
    before = START - timedelta(days=1)
    found = rules((second, "1.1"), (before, "0.9"), (first, "1.0"))
    assert found == [(first.isoformat(), "1.0"), (second.isoformat(), "1.1")]


def test_of_close_releases_the_newest_keeps_its_name() -> None:
    days = [date(2026, 10, 1), date(2026, 10, 5), date(2026, 10, 9)]
    found = rules(*((day, f"1.{place}.0") for place, day in enumerate(days)))
    assert [name for _, name in found] == ["", "", "1.2.0"]


def test_a_long_name_needs_more_room() -> None:
    late, before = END - timedelta(days=2), END - timedelta(days=16)
    assert [name for _, name in rules((late, "1.7.0"), (before, "1.6.0"))] == ["1.6.0", "1.7.0"]
    long = "a release with a long name"
    assert [name for _, name in rules((late, long), (before, "1.6.0"))] == ["", long]


@pytest.mark.parametrize(("form", "names"), [("lines", ()), ("shares", ("1.0", "2.0"))])
def test_rules_are_drawn_over_what_is_filled_and_under_the_lines(
    form: Any, names: tuple[str, ...]
) -> None:
    spec = marked(chart(form, names), [(date(2026, 10, 1), "1.0")], START, END).spec
    marks = [one["mark"]["type"] for one in spec["layer"]]
    rule = next(
        place for place, one in enumerate(spec["layer"]) if one.get("data") == {"name": "rules"}
    )
    assert "area" in marks[:rule]
    assert "area" not in marks[rule:]
    assert "line" not in marks[:rule]
