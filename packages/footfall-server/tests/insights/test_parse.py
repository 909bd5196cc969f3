"""What can't be understood is named, with a code and where it stands."""

from __future__ import annotations

from typing import Any

import pytest
from footfall_server.insights import EventsTable, Trends, parse
from footfall_server.model.errors import BadRequest, Unprocessable

RANGE = {"from": "2026-01-01", "to": "2026-01-31"}


def trends(**fields: Any) -> dict[str, Any]:
    return {"report": "trends", **RANGE, **fields}


def test_a_query_is_a_frozen_value_of_its_report() -> None:
    query = parse(b'{"report": "trends", "from": "2026-01-01", "to": "2026-01-31"}')
    assert isinstance(query, Trends)
    assert [series.name for series in query.series] == ["A"]
    assert isinstance(parse({"report": "events_table", **RANGE}), EventsTable)


@pytest.mark.parametrize(
    ("body", "code", "path"),
    [
        ({**RANGE}, "MISSING_FIELD", "/report"),
        ({"report": "horoscope", **RANGE}, "UNKNOWN_REPORT", "/report"),
        ({"report": "trends", "to": "2026-01-31"}, "MISSING_FIELD", "/from"),
        (trends(colour="red"), "UNKNOWN_FIELD", "/colour"),
        (trends(series=[{"measure": "total"}, {"mesure": "total"}]), "UNKNOWN_FIELD",
         "/series/1/mesure"),
        (trends(series=[{"measure": "median"}]), "INVALID_QUERY", "/series/0/measure"),
        (trends(series=[{"measure": "p90"}]), "INVALID_QUERY", "/series/0"),
        (trends(series=[]), "INVALID_QUERY", "/series"),
        (trends(interval="minute"), "INVALID_QUERY", "/interval"),
        (trends(limit=0), "INVALID_QUERY", "/limit"),
        (trends(breakdown=["a", "b", "c", "d"]), "INVALID_QUERY", "/breakdown"),
        (trends(breakdown=[{"property": "p", "edges": [2, 1]}]), "INVALID_QUERY", "/breakdown/0"),
        (trends(filters=[{"property": "p"}]), "INVALID_QUERY", "/filters/0"),
        (trends(filters=[{"property": "p", "op": "is", "values": [1]}]), "INVALID_QUERY",
         "/filters/0/op"),
        (trends(filters=[{"property": "p", "op": "in"}]), "INVALID_QUERY", "/filters/0"),
        (trends(filters=[{"property": "p", "op": "gt", "values": [1, 2]}]), "INVALID_QUERY",
         "/filters/0"),
        (trends(filters=[{"property": "p", "op": "between", "values": [1, "2"]}]),
         "INVALID_QUERY", "/filters/0"),
        (trends(filters=[{"property": "p", "op": "contains", "values": [1]}]), "INVALID_QUERY",
         "/filters/0"),
        (trends(filters=[{"not": {"property": "p", "op": "version_lt", "values": ["banana"]}}]),
         "INVALID_QUERY", "/filters/0/not"),
        (trends(filters=[{"property": "received_at", "op": "gt", "values": ["yesterday"]}]),
         "INVALID_QUERY", "/filters/0"),
        (trends(filters=[{"property": "received_at", "op": "not_in",
                          "values": ["0001-01-01T00:00:00+14:00"]}]), "INVALID_QUERY",
         "/filters/0"),
        (trends(filters=[{"property": "p", "op": "in", "values": [None]}]), "INVALID_QUERY",
         "/filters/0/values/0"),
        (trends(filters=[{"any": [{"not": {"propertie": "p"}}]}]), "UNKNOWN_FIELD",
         "/filters/0/any/0/not/propertie"),
        (trends(filters=[{"any": [], "all": []}]), "INVALID_QUERY", "/filters/0"),
        (trends(series=[{"name": "A"}, {"name": "A"}]), "DUPLICATE_NAME", "/series/1/name"),
        (trends(formulas=[{"name": "A", "expression": "A"}]), "DUPLICATE_NAME",
         "/formulas/0/name"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_pointer(body: Any, code: str, path: str) -> None:
    with pytest.raises(Unprocessable) as caught:
        parse(body)
    assert (caught.value.code, caught.value.path or "") == (code, path)
    assert caught.value.message.endswith((".", "use"))


def test_deep_and_many_filters_are_refused() -> None:
    deep: dict[str, Any] = {"property": "p", "op": "is_set"}
    for _ in range(50_000):
        deep = {"not": deep}
    with pytest.raises(Unprocessable, match="nested too deeply"):
        parse(trends(filters=[deep]))
    with pytest.raises(Unprocessable) as caught:
        parse(trends(series=[{"filters": [{"property": "p", "op": "is_set"}] * 51}]))
    assert (caught.value.code, caught.value.path) == ("TOO_MANY_FILTERS", "/series/0/filters")
    with pytest.raises(BadRequest):
        parse(b'{"report":' + b"[" * 100_000)


@pytest.mark.parametrize("group", ["not", "any", "all"])
def test_groups_nest_thirty_deep(group: str) -> None:
    def nested(depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {"property": "p", "op": "is_set"}
        for _ in range(depth):
            found = {group: found if group == "not" else [found]}
        return found

    parse(trends(filters=[nested(29)]))
    for depth in (30, 100, 300):
        with pytest.raises(Unprocessable, match="nested too deeply") as caught:
            parse(trends(series=[{}, {"filters": [nested(depth)]}]))
        assert (caught.value.code, caught.value.path) == ("INVALID_QUERY", "/series/1/filters")


def test_so_many_groups_are_refused() -> None:
    parse(trends(filters=[{"any": []}] * 50))
    with pytest.raises(Unprocessable) as caught:
        parse(trends(filters=[{"any": [{"all": []}] * 50}]))
    assert (caught.value.code, caught.value.path) == ("TOO_MANY_FILTERS", "/filters")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"trends"', b"\xff"])
def test_what_is_no_json_object_is_a_bad_request(body: bytes) -> None:
    with pytest.raises(BadRequest) as caught:
        parse(body)
    assert caught.value.code == "MALFORMED_JSON"


def test_in_an_object_of_any_names_the_object_is_pointed_at() -> None:
    query = {"report": "sql", **RANGE, "sql": "select 1", "parameters": {"x": [1, None]}}
    with pytest.raises(Unprocessable) as caught:
        parse(query)
    assert (caught.value.code, caught.value.path) == ("INVALID_QUERY", "/parameters")


# Names that read like the places in msgspec's errors.
ODD = ["x` - at `$.y", "x` - at `$.filters[0]", "` - at `$", "a/b~c", "x`\n - at `$.to", "é`", ""]


@pytest.mark.parametrize("name", ODD)
def test_a_name_that_reads_like_a_place_is_a_name(name: str) -> None:
    pointer = name.replace("~", "~0").replace("/", "~1")
    inside = trends(filters=[{"property": "p", "op": "is_set", name: 1}])
    for body, path in [(trends(**{name: 1}), ""), (inside, "/filters/0")]:
        with pytest.raises(Unprocessable) as caught:
            parse(body)
        assert (caught.value.code, caught.value.path) == ("UNKNOWN_FIELD", f"{path}/{pointer}")
        assert repr(name) in caught.value.message


@pytest.mark.parametrize("value", ODD)
def test_a_value_that_reads_like_a_place_is_a_value(value: str) -> None:
    for body, path in [
        (trends(interval=value), "/interval"),
        (trends(filters=[{"property": "p", "op": value}]), "/filters/0/op"),
    ]:
        with pytest.raises(Unprocessable) as caught:
            parse(body)
        assert (caught.value.code, caught.value.path) == ("INVALID_QUERY", path)
