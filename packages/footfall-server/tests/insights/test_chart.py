"""Charts: honest about what is unfinished, small, without a colour of their own."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from typing import Any

import pytest
import vl_convert
from footfall_server.insights.chart import vegalite
from footfall_server.insights.result import Result

DAY = date(2026, 8, 27)


def result(
    segments: tuple[tuple[str, ...], ...] = ((),),
    days: int = 90,
    compared: bool = False,
    measure: str = "total",
    interval: str = "day",
) -> Result:
    rows: list[dict[str, Any]] = [
        {
            "bucket": (DAY + timedelta(days=day)).isoformat(),
            "series": "A",
            "segment": list(segment),
            "value": 100 + day % 7,
            "incomplete": day == days - 1,
            "compare": compare,
        }
        for compare in ((False, True) if compared else (False,))
        for segment in segments
        for day in range(days)
    ]
    rows.append({**rows[0], "bucket": None})
    query = {"report": "trends", "interval": interval, "series": [{"measure": measure}]}
    return Result("trends", query, rows, {})


def layers(spec: dict[str, Any]) -> list[dict[str, Any]]:
    """The layers, each with its values (a source that all share stands above them)."""
    return [
        {**layer, "values": spec["datasets"][layer.get("data", spec.get("data"))["name"]]}
        for layer in spec["layer"]
    ]


def test_an_unfinished_bucket_is_dashed_and_not_in_the_line() -> None:
    drawn = layers(vegalite(result()))
    [dashed] = [one for one in drawn if one["mark"].get("strokeDash") == [3, 4]]
    assert dashed["encoding"]["y"]["field"] == "w"
    assert [one["d"] for one in dashed["values"] if "w" in one] == ["2026-11-23", "2026-11-24"]
    assert "v" not in dashed["values"][-1]
    assert sum("v" in one for one in dashed["values"]) == 89


def test_the_period_before_is_grey_and_dotted() -> None:
    [before] = [
        one
        for one in layers(vegalite(result(compared=True)))
        if one["encoding"]["y"]["field"] == "p"
    ]
    assert before["mark"]["stroke"] == "@series-other"
    assert before["mark"]["strokeDash"] == [1, 3]
    assert len(before["values"]) == 90


def test_six_segments_have_a_slot_and_other_is_grey() -> None:
    segments = (*((f"s{place}",) for place in range(8)), ("$other",))
    spec = vegalite(result(segments))
    scale = spec["layer"][0]["encoding"]["color"]["scale"]
    assert scale["domain"] == ["s0", "s1", "s2", "s3", "s4", "s5", "Other"]
    assert scale["range"] == [f"@series-{slot}" for slot in range(1, 7)] + ["@series-other"]
    assert spec["usermeta"] == {"omitted_segments": 2}


def test_shares_of_versions_are_stacked_newest_strongest() -> None:
    segments = (("0.9",), ("0.10",), ("$none",), ("$other",), ("1.0rc1",))
    spec = vegalite(result(segments), form="shares")
    scale = spec["encoding"]["color"]["scale"]
    assert scale["domain"] == ["1.0rc1", "0.10", "0.9", "None", "Other"]
    assert scale["range"] == ["@seq-1", "@seq-2", "@seq-3", "@seq-4", "@series-other"]
    [values] = spec["datasets"].values()
    assert {one["s"] for one in values} == {0.2}


@pytest.mark.parametrize(
    "spec",
    [
        vegalite(result()),
        vegalite(result(compared=True, days=3_000)),
        vegalite(result(tuple((f"s{place}",) for place in range(7)))),
        vegalite(result((("1.0",), ("2.0",))), form="shares"),
        vegalite(result(days=1)),
        vegalite(Result("events_table", {}, [{"event": "fit", "total": 3}], {})),
        vegalite(Result("trends", {"interval": "day", "series": []}, [], {})),
    ],
)
def test_every_spec_draws_is_small_and_holds_no_colour_or_theme(spec: dict[str, Any]) -> None:
    text = json.dumps(spec)
    assert len(text) <= 50_000
    assert not re.search(r"#[0-9a-fA-F]{3,8}\b", text)
    assert "config" not in spec
    assert spec["height"] == 284
    for values in spec["datasets"].values():
        lines: dict[str, int] = {}
        for one in values:
            lines[one.get("k", "")] = lines.get(one.get("k", ""), 0) + 1
        assert max(lines.values(), default=0) <= 400
    svg = vl_convert.vegalite_to_svg(
        {**json.loads(re.sub(r"@[\w-]+", "#123456", text)), "width": 600}
    )
    assert svg.startswith("<svg")


def test_long_lines_keep_their_peaks() -> None:
    long = result(days=3_000)
    long.rows[1_234]["value"] = 10_000
    values = layers(vegalite(long))[0]["values"]
    assert max(one["a"] for one in values) == 10_000


def test_dates_are_the_same_day_in_every_timezone() -> None:
    spec = vegalite(result())
    assert spec["layer"][0]["encoding"]["x"]["timeUnit"].startswith("utc")


def test_rates_are_percentages() -> None:
    spec = vegalite(result(measure="error_rate"))
    assert spec["layer"][0]["encoding"]["y"]["axis"]["format"] == ".2%"


def test_the_same_result_gives_the_same_spec() -> None:
    assert vegalite(result(compared=True)) == vegalite(result(compared=True))
