"""Charts of release health: every one draws, small and without a colour of its own."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import vl_convert
from footfall_server.insights.chart import vegalite
from footfall_server.insights.result import Result

HOSTILE = "1\\\"};alert(1);//\n'</script>"
SHARE = {"installs": 3, "share": 0.3, "low": 0.1, "high": 0.6}
ROWS: dict[str, list[dict[str, Any]]] = {
    "adoption": [
        {"bucket": bucket, "value": value, "installs": place, "share": place / 45}
        for bucket in ("2026-06-01", "2026-06-08")
        for place, value in enumerate(["$none", HOSTILE, *(f"1.{minor}" for minor in range(8))])
    ],
    "errors": [
        {
            "value": value, "install_rate": 0.2, "low": 0.1, "high": 0.3, "installs": 40,
            "baseline_rate": 0.05, "regressed": value == "1.10",
        }
        for value in ("$none", HOSTILE, "1.9", "1.10")
    ],
    "exceptions": [{"exception_type": HOSTILE, "events": 2.5, "installs": 2}],
    "run_time": [
        {"value": value, "event": event, "events": 3, "p50": 0, "p90": 1.5, "p99": 2.0}
        for value in ("1.9", "1.10")
        for event in (HOSTILE, "fit")
    ],
    "support_matrix": [
        {"row": row, "column": column, **SHARE}
        for row in ("3.9", "3.10", HOSTILE)
        for column in ("1.9", "1.10")
    ],
    "drop_cost": [{"value": "3.8", "trend_per_week": None, **SHARE}],
    "traction": [
        {"metric": metric, "bucket": bucket, "segment": None, "value": 3}
        for metric in ("weekly_active_installs", "growth")
        for bucket in ("2026-06-01", "2026-06-08")
    ],
}  # fmt: skip
META: dict[str, dict[str, Any]] = {
    "adoption": {"incomplete": ["2026-06-08"], "versioned": True},
    "errors": {"versioned": True},
    "run_time": {"versioned": True},
    "support_matrix": {"versioned": [True, True], "columns": ["1.9", "1.10"]},
}
QUERY = {"interval": "week", "by": "library_version"}


def spec(report: str) -> dict[str, Any]:
    return vegalite(Result(report, QUERY, ROWS[report], META.get(report, {})))


@pytest.mark.parametrize("report", ROWS)
def test_every_chart_draws(report: str) -> None:
    for drawn in (spec(report), vegalite(Result(report, QUERY, [], {}))):
        text = json.dumps(drawn)
        assert len(text) <= 50_000
        assert not re.search(r"#[0-9a-fA-F]{3,8}\b", text)
        assert "config" not in drawn
        assert drawn["height"] == 284
        coloured = json.loads(re.sub(r"@[\w-]+", "#123456", text))
        assert vl_convert.vegalite_to_svg({**coloured, "width": 600}).startswith("<svg")


def values(drawn: dict[str, Any]) -> list[dict[str, Any]]:
    [found] = [each for name, each in drawn["datasets"].items() if name != "ends"]
    return list(found)


def test_adoption_shows_the_six_most_used_newest_first_and_the_rest_as_other() -> None:
    drawn = spec("adoption")
    titles = [
        one["title"] for each in drawn["layer"] for one in each["encoding"].get("tooltip", [])
    ]
    assert titles[1:] == ["1.7", "1.6", "1.5", "1.4", "1.3", "1.2", "Other"]
    assert [row["s6"] for row in values(drawn)] == [0 + 1 + 2 + 3] * 2
    assert ["o" in row for row in values(drawn)] == [True, False]


def test_the_newest_version_is_on_top_and_a_regression_is_red() -> None:
    drawn = spec("errors")
    assert [row["k"] for row in values(drawn)][:2] == ["1.10", "1.9"]
    assert [row["r"] for row in values(drawn)] == ["Regressed", "", "", ""]
    condition = drawn["layer"][1]["encoding"]["fill"]["condition"]
    assert condition == {"test": "datum.r", "value": "@bad"}


def test_axes_of_the_matrix_have_the_order_of_versions() -> None:
    encoding = spec("support_matrix")["encoding"]
    assert encoding["x"]["sort"] == ["1.9", "1.10"]
    assert encoding["y"]["sort"][1:] == ["3.10", "3.9"]
