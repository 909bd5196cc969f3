"""Charts of retention, lifecycle and stickiness: what they show, and that every one draws."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from typing import Any

import pytest
import vl_convert
from footfall_server.insights.chart import vegalite
from footfall_server.insights.result import Result

HOSTILE = "1\\\"};alert(1);//\n'</script>"


def retention(segments: tuple[tuple[str, ...], ...] = ((),)) -> Result:
    average = [
        {"segment": list(segment), "bracket": bracket, "rate": None if bracket == 3 else 0.5}
        for segment in segments
        for bracket in range(4)
    ]
    query: dict[str, Any] = {"report": "retention", "unit": "week"}
    if segments != ((),):
        query["breakdown"] = ["p"]
    rows = [{"cohort": "2026-01-05", "segment": [], "size": 2, "bracket": 0, "count": 1, "rate": 1}]
    return Result("retention", query, rows, {"average": average, "average_kind": "pooled"})


def lifecycle(interval: str = "day", days: int = 3) -> Result:
    buckets = [
        f"2026-01-05T{day:02}:00:00+01:00"
        if interval == "hour"
        else (date(2026, 1, 5) + timedelta(days=7 * day)).isoformat()
        for day in range(days)
    ]
    rows = [
        {"bucket": bucket, "state": state, "count": count}
        for bucket in buckets
        for state, count in {"new": 3, "returning": 2, "resurrected": 1, "dormant": -2}.items()
    ]
    query = {"report": "lifecycle", "interval": interval}
    return Result("lifecycle", query, rows, {"incomplete": buckets[-1:]})


STICKINESS = Result(
    "stickiness", {"report": "stickiness"},
    [{"days": day, "installs": 5 if day == 2 else 0} for day in range(1, 31)], {},
)  # fmt: skip
SEGMENTS = (*((f"1.{minor}",) for minor in range(9)), (HOSTILE,), ("$other",))
CHARTS = {
    "retention": retention(),
    "retention by segment": retention(SEGMENTS),
    "stickiness": STICKINESS,
    **{f"lifecycle {one}": lifecycle(one) for one in ("hour", "day", "week", "month", "quarter")},
}


def data(spec: dict[str, Any]) -> list[dict[str, Any]]:
    [rows] = spec["datasets"].values() if "datasets" in spec else [spec["data"]["values"]]
    return list(rows)


@pytest.mark.parametrize("name", CHARTS)
def test_it_draws_with_token_colours_only(name: str) -> None:
    spec = vegalite(CHARTS[name])
    text = json.dumps(spec)
    assert not re.search(r"#[0-9a-fA-F]{3,8}\b", text)
    assert "@series-1" in text
    drawn = json.loads(re.sub(r"@[\w-]+", "#123456", text))
    assert "<svg" in vl_convert.vegalite_to_svg({**drawn, "width": 600})


@pytest.mark.parametrize("report", ["retention", "lifecycle", "stickiness"])
def test_nothing_draws_an_empty_chart(report: str) -> None:
    spec = vegalite(Result(report, {"report": report}, [], {}))
    assert data(spec) == []
    assert "<svg" in vl_convert.vegalite_to_svg({**spec, "width": 600})


def test_a_bracket_that_is_not_known_is_not_drawn() -> None:
    assert [row["b"] for row in data(vegalite(retention()))] == [0, 1, 2]


def test_six_segments_and_the_rest_are_drawn() -> None:
    spec = vegalite(retention(SEGMENTS))
    scale = spec["encoding"]["color"]["scale"]
    assert scale["domain"] == [*(f"1.{minor}" for minor in range(6)), "Other"]
    assert scale["range"][-1] == "@series-other"


def test_an_unfinished_bucket_of_the_lifecycle_is_paler() -> None:
    spec = vegalite(lifecycle())
    assert {row["t"] for row in data(spec) if row["i"]} == {"2026-01-19"}
    assert spec["encoding"]["opacity"]["condition"]["value"] == 0.45


def test_stickiness_ends_where_nobody_is_left() -> None:
    assert [row["d"] for row in data(vegalite(STICKINESS))] == [1, 2]
