"""Somebody's own SQL: what it can do, and that it can't do anything else."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from footfall_server.insights.chart import vegalite
from footfall_server.insights.picture import draw, standalone
from footfall_server.insights.sql.guest import written
from footfall_server.model.errors import Unprocessable
from footfall_server.store import Statement, Store

from . import oracle
from .conftest import Library
from .hostile import HARMLESS, HOSTILE

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECRET = "of another project"


def event(place: int, **properties: Any) -> Any:
    return oracle.Event(
        ("fit", "plot")[place % 2], f"i{place % 3}", f"m{place}", AT, place + 1,
        properties=properties,
    )  # fmt: skip


@pytest.fixture
def mine(library: Library, store: Store) -> Library:
    other = Library(store)
    other.add([event(place, secret=SECRET, library_version=SECRET) for place in range(5)])
    store.insert(
        "rejected",
        json.dumps(
            {
                "project": other.project.id, "id": "00000000-0000-0000-0000-000000000001",
                "received_at": "2026-03-01T12:00:00Z", "dialect": "segment", "reason": "X",
                "message": SECRET, "body": SECRET,
            }
        ).encode(),
        f"rejected-{other.project.id}",
    )  # fmt: skip
    library.add(
        [
            event(place, run_time=place / 2, kind="line", list=[1, "a", None], o={"a": 1},
                  library_version="1.0", ci=place == 0, session_id="s")
            for place in range(6)
        ]
    )  # fmt: skip
    return library


def ask(library: Library, sql: str, **more: Any) -> list[dict[str, Any]]:
    return library.ask(report="sql", sql=sql, **more).rows


ANSWERED: list[tuple[str, Any]] = [
    ("select count() as n from events", [{"n": 6}]),
    ("SELECT COUNT(*) AS n FROM events AS e WHERE e.event = 'fit'", [{"n": 3}]),
    ("select event, sum(run_time) s from events group by event order by event",
     [{"event": "fit", "s": 3}, {"event": "plot", "s": 4.5}]),
    ("with per as (select install, count() c from events group by install) "
     "select max(c) m, count() i from per", [{"m": 2, "i": 3}]),
    ("with 2 as two select two * 2 as four", [{"four": 4}]),
    ("select uniqExactIf(install, ci) a, countIf(not ci) b from events final",
     [{"a": 1, "b": 5}]),
    ("select a.event e from events a join events b on a.message_id = b.message_id "
     "where b.run_time = 2.5", [{"e": "plot"}]),
    ("select * from (select 1 as n union all select 2) order by n", [{"n": 1}, {"n": 2}]),
    ("select properties.kind k, count() c from events group by k", [{"k": "line", "c": 6}]),
    ("select properties.list l, properties.^o o, properties.o.a a from events limit 1",
     [{"l": [1, "a", None], "o": {"a": 1}, "a": 1}]),
    ("select time t, toDate(time) d, library_version v, session_id s, weight w, kind k "
     "from events limit 1",
     [{"t": "2026-03-01T12:00:00Z", "d": "2026-03-01", "v": "1.0", "s": "s", "w": 1,
       "k": "track"}]),
    ("select original_time o, received_at r, message_id m, `order` p from events "
     "order by p limit 1",
     [{"o": "2026-03-01T12:00:00Z", "r": "2026-03-01T12:00:00Z", "m": "m0", "p": 1}]),
    ("select arrayMap(x -> x + 1, [1, 2]) a, map('k', 1) m, (1, 'x') t, 1 / 0 z",
     [{"a": [2, 3], "m": {"k": 1}, "t": [1, "x"], "z": None}]),
    ("select row_number() over (partition by event order by message_id) n from events "
     "where message_id = 'm3'", [{"n": 1}]),
    ("select count() n from events where event in ('fit', 'x') and install in "
     "(select install from events where ci)", [{"n": 1}]),
    ("select quantiles(0.5, 1)(run_time) q from events", [{"q": [1.25, 2.5]}]),
    ("select if(ci, 'yes', 'no') a, dateDiff('day', time, time + interval 2 day) d, "
     "toStartOfInterval(time, interval 1 hour) h, 7 % 4 m, 'a' || 'b' c from events "
     "order by message_id limit 1",
     [{"a": "yes", "d": 2, "h": "2026-03-01T12:00:00Z", "m": 3, "c": "ab"}]),
    (r"select 'it''s \' \\ \n ; -- /*' a, '\x41' as b", [{"a": "it's ' \\ \n ; -- /*", "b": "A"}]),
    ("select 1 -- a comment; drop table events\n as n /* and another */", [{"n": 1}]),
    ("select count() n from events where library_version like '%0' and event not in ('x')",
     [{"n": 6}]),
    ("select toUInt64(18446744073709551615) big, toInt128(5) i, toDecimal32(1.5, 2) d",
     [{"big": 18446744073709551615, "i": 5, "d": 1.5}]),
    ("select event from events order by event desc, message_id limit 1 by event",
     [{"event": "plot"}, {"event": "fit"}]),
    ("select 7 % 4 m, '%s' p", [{"m": 3, "p": "%s"}]),
    ("select properties.kind k from events order by run_time desc limit 1", [{"k": "line"}]),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "rows"), ANSWERED, ids=[sql[:40] for sql, _ in ANSWERED])
def test_what_can_be_asked(mine: Library, sql: str, rows: Any) -> None:
    assert ask(mine, sql) == rows


def test_parameters_are_bound(mine: Library) -> None:
    sql = "select count() n from events where event = {name:String} and run_time < {most:Float64}"
    for name, count in (("fit", 2), ("' or 1 = 1 --", 0), ("{other:String}", 0)):
        assert ask(mine, sql, parameters={"name": name, "most": 2}) == [{"n": count}]
    listed = "select count() n from events where event in {names:Array(String)}"
    assert ask(mine, listed, parameters={"names": ["fit", "it's"]}) == [{"n": 3}]
    typed = "select {a:Bool} a, {b:DateTime} b, {c:Int64} c, {d:Nullable(String)} d, {e:Date} e"
    given = {"a": True, "b": "2026-01-01 00:00:00", "c": -5, "d": "\\N'\"\n\t", "e": "2026-01-01"}
    assert ask(mine, typed, parameters=given) == [{**given, "b": "2026-01-01T00:00:00Z"}]


def test_a_filter_on_cohorts_holds(mine: Library) -> None:
    slow = {"property": "run_time", "op": "gte", "values": [2]}
    patient = {"name": "FROM events/*rows*/ FINAL", "all": [{"event": "fit", "filters": [slow]}]}
    sql = "select install, count() n from events group by install order by install"
    for op, installs in (("in", ["i1"]), ("not_in", ["i0", "i2"])):
        filters = [{"property": "cohort", "op": op, "values": [patient["name"]]}]
        march = {"from_": "2026-02-15", "to": "2026-03-02"}
        rows = ask(mine, sql, filters=filters, cohorts=[patient], **march)
        assert rows == [{"install": install, "n": 2} for install in installs]


def test_the_range_and_the_filters_of_a_query_hold(mine: Library) -> None:
    sql = "select count() n from events"
    assert ask(mine, sql, from_="2026-03-02", to="2026-03-03") == [{"n": 0}]
    only = [{"property": "event", "op": "in", "values": ["fit"]}]
    assert ask(mine, sql, filters=only, installs="human") == [{"n": 2}]


def test_the_answer_says_what_its_columns_are(mine: Library) -> None:
    result = mine.ask(report="sql", sql="select event, properties.list l from events limit 1")
    assert result.meta["columns"] == [
        {"name": "event", "type": "LowCardinality(String)"}, {"name": "l", "type": "Dynamic"},
    ]  # fmt: skip
    assert result.meta["rows_read"] > 0


def named(statements: list[str]) -> list[Any]:
    return [pytest.param(sql, id=f"{n}-{sql[:30]!a}") for n, sql in enumerate(statements)]


@pytest.mark.parametrize("sql", named(HOSTILE))
def test_what_leaves_its_project_is_refused_with_words(mine: Library, sql: str) -> None:
    with pytest.raises(Unprocessable) as raised:
        ask(mine, sql)
    assert raised.value.code in ("INVALID_SQL", "SQL_NOT_ALLOWED", "MISSING_PARAMETER") or (
        raised.value.code == "INVALID_QUERY" and not sql
    )
    assert raised.value.message
    assert raised.value.path is not None
    assert SECRET not in raised.value.message


@pytest.mark.parametrize("sql", named(HARMLESS))
def test_what_only_looks_like_it_shows_nothing_of_others(mine: Library, sql: str) -> None:
    assert SECRET not in str(ask(mine, sql))


@pytest.mark.parametrize(
    "sql",
    ["select * from file('/etc/hostname', LineAsString)", "select * from url('http://127.0.0.1:9')",
     "select * from rejected", "select * from events", "insert into footfall.rejected select 1"],
)  # fmt: skip
def test_the_engine_holds_a_guest_in_too(store: Store, sql: str) -> None:
    """Were the check ever wrong: read-only, and in an empty database."""
    with pytest.raises(Unprocessable, match=r"readonly|Unknown table|read"):
        store.query(Statement(sql, guest=True))


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("select arrayJoin(range(20000)) from events", "QUERY_TOO_LARGE"),
        ("select length(groupArray(a)) from (select arrayJoin(range(500000000)) a)",
         "QUERY_TOO_LARGE"),
    ],
)  # fmt: skip
def test_limits_say_what_to_do(mine: Library, sql: str, code: str) -> None:
    with pytest.raises(Unprocessable, match="LIMIT") as raised:
        ask(mine, sql)
    assert raised.value.code == code


def test_parameters_that_fit_nothing(mine: Library) -> None:
    for sql, given, code in (
        ("select 1", {"x": 1}, "UNKNOWN_PARAMETER"),
        ("select {x:Int8}", {}, "MISSING_PARAMETER"),
        ("select {x:Int8}", {"x": "one"}, "INVALID_SQL"),
        ("select {x:DateTime}", {"x": [1]}, "INVALID_SQL"),
        ("select {x:UInt8}", {"x": 256}, "INVALID_SQL"),
        ("select {x:Int64}", {"x": str(2**63)}, "INVALID_SQL"),
        ("select {x:Array(UInt16)}", {"x": [1, -1]}, "INVALID_SQL"),
        ("select {x:Nullable(Int8)}", {"x": -129}, "INVALID_SQL"),
    ):
        with pytest.raises(Unprocessable) as raised:
            ask(mine, sql, parameters=given)
        assert raised.value.code == code
    with pytest.raises(Unprocessable) as raised:
        ask(mine, "select 1", parameters={"a/b~": 1})
    assert raised.value.path == "/parameters/a~1b~0"


def test_a_text_is_bound_unless_it_is_plain() -> None:
    found = written(
        r"select 'it''s', 'a\\' from events where event = '; drop' or event = 'fit'", {}
    )
    assert sorted(found.bound.values()) == ["; drop", "a\\", "it's"]
    assert "'fit'" in found.over("x")


def test_the_version_is_the_property_that_the_project_says(mine: Library) -> None:
    mine.project = dataclasses.replace(mine.project, version_property="kind")
    assert ask(mine, "select distinct library_version v from events") == [{"v": "line"}]


@pytest.mark.parametrize(
    "sql",
    [
        "select event, count() n from events group by event",
        "select toDate(time) d, count() n from events group by d",
        "select 1 as one",
        "select event from events",
        "select event, 1 as n from events where 0",
    ],
)
def test_there_is_a_picture_of_any_answer(mine: Library, sql: str) -> None:
    spec = standalone(vegalite(mine.ask(report="sql", sql=sql)))
    assert draw(spec, "svg").startswith(b"<svg")
