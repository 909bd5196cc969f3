"""Charts of funnels, flows and paths."""

from __future__ import annotations

import json
from typing import Any

import pytest
import vl_convert
from footfall_server.insights.chart import vegalite
from footfall_server.insights.result import Result

HOSTILE = "1\\\"};alert(1);//\n'</script>"
STEPS = [{"event": "fit"}, {"event": ["run", "plot"]}]


def funnel(segments: list[list[str]], buckets: list[str | None] | None = None) -> Result:
    rows = [
        {
            "step": step, "event": STEPS[step - 1]["event"], "segment": segment, "bucket": bucket,
            "count": 10 // step, "rate_from_start": 1 / step,
            "rate_from_previous": None if step == 1 else 0.5,
            "median_seconds_from_previous": None if step == 1 else 60,
        }
        for segment in segments
        for bucket in buckets or [None]
        for step in (1, 2)
    ]  # fmt: skip
    breakdown = ["library_version"] if segments != [[]] else []
    query = {"report": "funnel", "steps": STEPS, "breakdown": breakdown}
    query["interval"] = "week" if buckets else None
    return Result("funnel", query, rows, {"incomplete": (buckets or [])[-1:]})


def flows(*rows: tuple[int, str, str, int]) -> Result:
    names = ("step", "from", "to", "count")
    return Result("flows", {}, [dict(zip(names, row, strict=True)) for row in rows], {})


def data(spec: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows that a chart of one layer draws."""
    [rows] = spec["datasets"].values()
    return list(rows)


def test_a_funnel_is_a_bar_a_step_in_their_order() -> None:
    spec = vegalite(funnel([[]]))
    assert spec["encoding"]["x"]["sort"] == ["1 fit", "2 run, plot"]
    assert [(bar["k"], bar["v"]) for bar in data(spec)] == [
        ("1 fit", 10), ("2 run, plot", 5),
    ]  # fmt: skip
    assert "xOffset" not in spec["encoding"]


def test_segments_stand_beside_each_other_the_largest_six_of_them() -> None:
    spec = vegalite(funnel([[f"1.{minor}"] for minor in range(9)]))
    assert spec["encoding"]["xOffset"]["sort"] == [f"1.{minor}" for minor in range(6)]
    assert {bar["s"] for bar in data(spec)} == {f"1.{minor}" for minor in range(6)}


def test_a_funnel_by_bucket_is_its_rate_over_time_unfinished_ends_dashed() -> None:
    spec = vegalite(funnel([[]], ["2026-01-05", "2026-01-12"]))
    course = spec["datasets"]["course"]
    assert [(point["t"], point["v"], "o" in point) for point in course] == [
        ("2026-01-05", 0.5, True), ("2026-01-12", 0.5, False),
    ]  # fmt: skip
    assert "%" in json.dumps(spec)


def test_flows_are_a_stack_a_step_of_what_walks_come_to() -> None:
    spec = vegalite(
        flows(
            (0, "fit", "run", 3),
            (0, "fit", "$end", 1),
            (1, "run", "$other", 2),
            (1, "run", "$end", 1),
        )
    )
    found = {(bar["k"], bar["s"]): bar["v"] for bar in data(spec)}
    assert found == {(1, "run"): 3, (1, "End"): 1, (2, "Other"): 2, (2, "End"): 1}
    scale = spec["encoding"]["fill"]["scale"]
    assert dict(zip(scale["domain"], scale["range"], strict=True)) == {
        "run": "@series-1", "Other": "@series-other", "End": "@series-other",
    }  # fmt: skip


def test_paths_are_bars_named_by_their_events() -> None:
    row: dict[str, Any] = {"path": ["fit", "run"], "count": 3, "installs": 2}
    spec = vegalite(Result("paths", {}, [row] * 30, {}))
    assert len(data(spec)) == 20
    assert data(spec)[0] == {"k": "fit → run", "v": 3, "n": 2}


@pytest.mark.parametrize(
    "result",
    [
        funnel([[]]), funnel([["a"], [HOSTILE], ["$other"]]), funnel([[HOSTILE]], ["2026-01-05"]),
        flows((0, HOSTILE, HOSTILE, 3)), flows(),
        Result("paths", {}, [{"path": [HOSTILE], "count": 1, "installs": 1}], {}),
        Result("paths", {}, [], {}), Result("funnel", {"steps": STEPS, "breakdown": ["p"]}, [], {}),
        Result("funnel", {"steps": STEPS, "breakdown": ["p"], "interval": "day"}, [], {}),
    ],
    ids=lambda result: f"{result.report}-{len(result.rows)}",
)  # fmt: skip
def test_every_chart_is_drawn_and_runs_nothing(result: Result) -> None:
    spec = vegalite(result)
    plain = json.loads(json.dumps(spec).replace("@", ""))
    svg = vl_convert.vegalite_to_svg(plain)
    assert "<svg" in svg
    assert "</script>" not in svg
