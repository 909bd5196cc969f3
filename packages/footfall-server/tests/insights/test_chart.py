"""Charts: honest about what is unfinished, small, without a colour of their own."""

from __future__ import annotations

import itertools
import json
import re
from datetime import date, timedelta
from typing import Any

import pytest
import vl_convert
from footfall_server.insights import plot
from footfall_server.insights.chart import colours, vegalite
from footfall_server.insights.picture import draw, standalone
from footfall_server.insights.result import Result

DAY = date(2026, 8, 27)
HOSTILE = "1\\\"};alert(1);//\n'</script>"


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
    query: dict[str, Any] = {
        "report": "trends",
        "interval": interval,
        "series": [{"name": "A", "measure": measure}],
    }
    if segments != ((),):
        query["breakdown"] = ["name"]
    if compared:
        query["compare"] = "previous_period"
    return Result("trends", query, rows, {})


def in_ranges(found: dict[str, float], edges: list[float], **cut: Any) -> Result:
    """Trends of one series, broken down by equal ranges, folded."""
    series = [{"name": "Calls", "measure": "total"}]
    query = {"report": "trends", "series": series, "interval": "month", "fold": True}
    query["breakdown"] = [{"property": "size", "equal": len(edges) + 1, **cut}]
    rows = [
        {"bucket": bucket, "series": "Calls", "segment": [name], "value": value}
        for name, value in found.items()
        for bucket in ("2026-11-01", None)
    ]
    return Result("trends", query, rows, {"cuts": [{"property": "size", "edges": edges}]})


def layer(spec: dict[str, Any], field: str, mark: str = "line") -> dict[str, Any]:
    """The layer that draws a field in a way."""
    [found] = [
        one
        for one in spec["layer"]
        if one["mark"]["type"] == mark and one["encoding"]["y"]["field"] == field
    ]
    return dict(found)


def scale(spec: dict[str, Any], channel: str = "color") -> dict[str, Any]:
    return dict(next(o for o in spec["layer"] if channel in o["encoding"])["encoding"][channel])[
        "scale"
    ]


def tooltips(spec: dict[str, Any]) -> list[str]:
    return [one["title"] for each in spec["layer"] for one in each["encoding"].get("tooltip", [])]


def test_an_unfinished_bucket_is_dashed_and_not_in_the_line() -> None:
    spec = vegalite(result())
    data = spec["datasets"]["course"]
    assert layer(spec, "d")["mark"]["strokeDash"] == [3, 4]
    assert [one["t"] for one in data if "d" in one] == ["2026-11-23", "2026-11-24"]
    assert layer(spec, "v")["transform"] == [{"filter": "datum.o"}]
    assert layer(spec, "v", "area")["transform"] == [{"filter": "datum.o"}]
    assert [one["t"] for one in data if "o" not in one] == ["2026-11-24"]


def test_the_period_before_is_grey_and_dotted() -> None:
    spec = vegalite(result(compared=True))
    mark = layer(spec, "p")["mark"]
    assert (mark["stroke"], mark["strokeDash"]) == ("@series-other", [1, 3])
    assert [one["p"] for one in spec["datasets"]["course"]] == [100 + d % 7 for d in range(90)]
    assert tooltips(spec) == ["Time", "A", "Previous period"]


def test_six_segments_have_a_slot_and_other_is_grey() -> None:
    segments = (*((f"s{place}",) for place in range(8)), ("$other",))
    spec = vegalite(result(segments))
    names = ["s0", "s1", "s2", "s3", "s4", "s5", "Other"]
    assert tooltips(spec) == ["Time", *names]
    expected = [f"@series-{slot}" for slot in range(1, 7)] + ["@series-other"]
    assert scale(spec)["range"] == expected
    assert list(colours(names, ordered=False).values()) == expected
    assert spec["usermeta"] == {"omitted_segments": 2}


def test_few_lines_carry_their_names_apart_from_each_other() -> None:
    labels = vegalite(result((("a",), ("b",), ("c",))))["datasets"]["ends"]
    assert {one["n"] for one in labels} == {"a", "b", "c"}
    heights = sorted(one["y"] for one in labels)
    assert all(upper - lower >= 6 for lower, upper in itertools.pairwise(heights))
    assert "ends" not in vegalite(result(tuple((f"s{i}",) for i in range(5))))["datasets"]


def test_shares_of_versions_are_stacked_newest_strongest() -> None:
    segments = (("0.9",), ("0.10",), ("$none",), ("$other",), ("1.0rc1",))
    spec = vegalite(result(segments), form="shares")
    assert tooltips(spec) == ["Time", "1.0rc1", "0.10", "0.9", "Not sent", "Other"]
    found = scale(spec, "fill")
    assert found["domain"] == ["s0", "s1", "s2", "s3", "s4"]
    assert found["range"] == ["@seq-1", "@seq-2", "@seq-3", "@seq-4", "@series-other"]
    assert spec["layer"][0]["encoding"]["y"]["stack"] == "normalize"
    data = spec["datasets"]["course"]
    assert [one["t"] for one in data if "e" in one] == ["2026-11-23", "2026-11-24"]


@pytest.mark.parametrize(
    "spec",
    [
        vegalite(result()),
        vegalite(result(compared=True, days=3_000)),
        vegalite(result(tuple((f"s{place}",) for place in range(7)), days=366)),
        vegalite(result(tuple((f"s{place}",) for place in range(7)), days=3_000)),
        vegalite(result((("1.0",), ("2.0",))), form="shares"),
        vegalite(result(((HOSTILE,), (HOSTILE * 2,)))),
        vegalite(result(((HOSTILE,), (HOSTILE * 2,))), form="shares"),
        vegalite(result((("1.0",),), interval="week")),
        vegalite(result(days=1)),
        vegalite(Result("events_table", {}, [{"event": "fit", "total": 3}], {})),
        vegalite(Result("trends", {"interval": "day", "series": []}, [], {})),
        vegalite(in_ranges({"< 10": 3, "10 – 20": 1, "≥ 20": 2}, [10.0, 20.0]), form="histogram"),
        vegalite(in_ranges({}, [-1e300, 0.0, 1e300]), form="histogram"),
    ],
)
def test_every_spec_draws_is_small_and_holds_no_colour_or_theme(spec: dict[str, Any]) -> None:
    text = json.dumps(spec)
    assert len(text) <= 50_000
    assert not re.search(r"#[0-9a-fA-F]{3,8}\b", text)
    assert "config" not in spec
    assert spec["height"] == 284
    assert all(len(values) <= 400 for values in spec["datasets"].values())
    svg = vl_convert.vegalite_to_svg(
        {**json.loads(re.sub(r"@[\w-]+", "#123456", text)), "width": 600}
    )
    assert svg.startswith("<svg")


def test_long_lines_keep_their_peaks() -> None:
    long = result(days=3_000)
    long.rows[1_234]["value"] = 10_000
    assert max(one["v"] for one in vegalite(long)["datasets"]["course"]) == 10_000


def test_dates_are_the_same_day_in_every_timezone() -> None:
    spec = vegalite(result())
    assert layer(spec, "v")["encoding"]["x"]["scale"] == {"type": "utc"}
    times = [
        t for o in spec["layer"] for t in o["encoding"].get("tooltip", []) if t["field"] == "t"
    ]
    assert [one["timeUnit"] for one in times] == ["utcyearmonthdatehours"]


def test_rates_are_percentages_and_counts_are_whole() -> None:
    rates = layer(vegalite(result(measure="error_rate")), "v")["encoding"]["y"]["axis"]
    assert (rates["format"], "tickMinStep" in rates) == (".2%", False)
    counts = layer(vegalite(result()), "v")["encoding"]["y"]["axis"]
    assert (counts["format"], counts["tickMinStep"]) == ("~s", 1)


@pytest.mark.parametrize(
    "names", [{}, {"labels": ["low", "middle", "high"]}], ids=["by edges", "by labels"]
)
def test_a_histogram_has_every_range_in_order_with_its_ends(names: dict[str, Any]) -> None:
    low, high = names.get("labels", ["< 0.1", "", "≥ 0.2"])[::2]
    asked = in_ranges({"$none": 9, high: 2, low: 5}, [0.1, 0.2], **names)
    spec = vegalite(asked, form="histogram")
    bars = [(one["low"], round(one["high"], 6), one["v"]) for one in spec["datasets"]["course"]]
    assert bars == [(0, 0.1, 5), (0.1, 0.2, 0), (0.2, 0.3, 2)]


def test_amounts_below_one_and_billions_are_written_as_people_do() -> None:
    small = result(measure="avg")
    for row in small.rows:
        row["value"] = row["value"] / 1_000
    large = result()
    for row in large.rows:
        row["value"] *= 10**8
    for asked, written in ((small, {"0", "0.02", "0.1"}), (large, {"0", "2B", "10B"})):
        text = json.dumps(vegalite(asked)).replace("@", "")
        svg = vl_convert.vegalite_to_svg({**json.loads(text), "width": 600})
        assert written <= set(re.findall(r">([^<>]+)</text>", svg))


def test_the_same_result_gives_the_same_spec() -> None:
    assert vegalite(result(compared=True)) == vegalite(result(compared=True))


@pytest.mark.parametrize("form", ["lines", "shares"])
def test_a_name_that_reads_like_a_token_is_a_name(form: Any) -> None:
    spec = vegalite(result((("@scope/package",), ("@surface",))), form=form)
    drawn = standalone(spec, title="@series-1", subtitle="@nothing")
    titles = {title.partition(" · ")[0] for title in tooltips(drawn)}
    assert titles >= {"@scope/package", "@surface"}
    assert (drawn["title"]["text"], drawn["title"]["subtitle"]) == ("@series-1", "@nothing")
    assert drawn["title"]["color"].startswith("#")
    assert draw(drawn, "svg").startswith(b"<svg")


def test_columns_of_sql_are_called_whatever_they_are() -> None:
    rows = [{HOSTILE: "a", "@n": 1}]
    columns = [{"name": HOSTILE, "type": "String"}, {"name": "@n", "type": "UInt8"}]
    drawn = standalone(vegalite(Result("sql", {}, rows, {"columns": columns})))
    told = [one["title"] for one in drawn["encoding"]["tooltip"]]
    assert told == [plot.quoted(HOSTILE), "@n"]
    assert draw(drawn, "svg").startswith(b"<svg")
