"""Segment's dialect at the door: what is kept, what is refused and why, in what words."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from footfall_server.ingest.pipeline import Taken
from footfall_server.journal import Entry
from footfall_server.model.errors import BadRequest, TooLarge, Unauthorized

from . import wire
from .wire import NOW, lines


def take(body: Any, path: str = "batch", header_key: str | None = wire.KEY) -> Taken:
    return wire.take(f"/v1/{path}", body, key=header_key)


def event(**fields: Any) -> dict[str, Any]:
    base = {
        "type": "track",
        "event": "fit",
        "userId": "install-1",
        "messageId": "m-1",
        "timestamp": NOW.isoformat(),
        "properties": {"run_time": 0.5},
    }
    return {name: value for name, value in {**base, **fields}.items() if value is not ...}


def refusals(taken: Taken) -> list[tuple[int, str]]:
    answer = json.loads(taken.answer.body)
    return [(each["index"], each["code"]) for each in answer["rejected"]]


def test_a_batch_becomes_one_line_an_event_in_the_clients_order() -> None:
    taken = take({"batch": [event(messageId="a"), event(messageId="b"), event(messageId="c")]})
    rows = lines(taken)
    assert [row["message_id"] for row in rows] == ["a", "b", "c"]
    assert [row["order"] for row in rows] == sorted({row["order"] for row in rows})
    assert {(row["project"], row["kind"], row["event"], row["install"]) for row in rows} == {
        (7, "track", "fit", "install-1")
    }
    assert json.loads(taken.answer.body) == {"success": True, "accepted": 3, "rejected": []}


def test_a_single_event_is_answered_with_success_alone() -> None:
    taken = take(event(type=...), path="track")
    assert json.loads(taken.answer.body) == {"success": True}
    assert lines(taken)[0]["event"] == "fit"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"event": ...}, "MISSING_EVENT"),
        ({"event": ""}, "MISSING_EVENT"),
        ({"event": None}, "MISSING_EVENT"),
        ({"event": 7}, "WRONG_TYPE"),
        ({"userId": ...}, "MISSING_USER_ID"),
        ({"userId": {"a": 1}}, "WRONG_TYPE"),
        ({"type": ...}, "MISSING_TYPE"),
        ({"type": "purchase"}, "UNKNOWN_TYPE"),
        ({"type": 3}, "WRONG_TYPE"),
        ({"messageId": "m" * 101}, "MESSAGE_ID_TOO_LONG"),
        ({"messageId": 5}, "WRONG_TYPE"),
        ({"properties": [1]}, "WRONG_TYPE"),
        ({"properties": {"big": 2**63}}, "NUMBER_OUT_OF_RANGE"),
        ({"properties": {"small": -(2**63) - 1}}, "NUMBER_OUT_OF_RANGE"),
        ({"properties": {"not": float("nan")}}, "NUMBER_OUT_OF_RANGE"),
        ({"properties": {"not": float("-inf")}}, "NUMBER_OUT_OF_RANGE"),
        ({"properties": {"text": "x" * 33_000}}, "EVENT_TOO_LARGE"),
    ],
)
def test_a_bad_event_is_refused_alone_with_its_reason(fields: dict[str, Any], code: str) -> None:
    taken = take({"batch": [event(messageId="a"), event(**fields), event(messageId="c")]})
    assert refusals(taken) == [(1, code)]
    assert [row["message_id"] for row in lines(taken)] == ["a", "c"]
    (kept,) = lines(taken, "rejected")
    assert (kept["project"], kept["reason"], kept["dialect"]) == (7, code, "segment")
    assert kept["message"]


def test_depth_beyond_32_is_refused_and_32_is_kept() -> None:
    def nested(depth: int) -> Any:
        return {"deep": nested(depth - 1)} if depth > 1 else {"end": 1}

    taken = take({"batch": [event(properties=nested(32)), event(properties=nested(33))]})
    assert refusals(taken) == [(1, "TOO_DEEP")]
    assert lines(taken)[0]["properties"] == nested(32)


@pytest.mark.parametrize("levels", [600, 5_000, 100_000])
def test_depth_that_no_parser_takes_is_refused_alone(levels: int) -> None:
    deep = '{"type":"track","event":"x","userId":"u","properties":{"a":' + "[" * levels
    deep += "]" * levels + "}}"
    good = json.dumps(event())
    taken = take(f'{{"context":{{}},"batch":[{good},{deep},{good}]}}'.encode())
    assert refusals(taken) == [(1, "TOO_DEEP")]
    assert len(lines(taken)) == 2


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b'{"batch":[{"type":"track"',
        b"not json",
        b'{"batch":[}]}',
        b'{"batch":[{"event":"\xff"}]}',
    ],
)
def test_malformed_json_is_a_bad_request(text: bytes) -> None:
    with pytest.raises(BadRequest) as raised:
        take(text)
    assert raised.value.code == "INVALID_JSON"


@pytest.mark.parametrize(
    ("document", "code"),
    [([], "WRONG_TYPE"), ("x", "WRONG_TYPE"), ({}, "MISSING_BATCH"), ({"batch": 1}, "WRONG_TYPE")],
)
def test_a_body_of_another_shape_is_a_bad_request(document: Any, code: str) -> None:
    with pytest.raises(BadRequest) as raised:
        take(document)
    assert raised.value.code == code


def test_a_lone_event_that_is_refused_is_a_bad_request_and_is_kept() -> None:
    taken = take(event(event=...), path="track")
    assert isinstance(taken.error, BadRequest)
    assert taken.error.code == "MISSING_EVENT"
    assert len(lines(taken, "rejected")) == 1


def test_a_lone_event_that_is_too_large_is_answered_413() -> None:
    taken = take(event(properties={"text": "x" * 40_000}), path="track")
    assert isinstance(taken.error, TooLarge)


def test_more_events_than_a_batch_may_have() -> None:
    with pytest.raises(TooLarge) as raised:
        take({"batch": [{}] * 2_501})
    assert raised.value.code == "TOO_MANY_EVENTS"
    assert len(refusals(take({"batch": [{}] * 2_500}))) == 2_500


@pytest.mark.parametrize(
    ("header", "body", "project"),
    [
        ("wk_known", None, 7),
        (None, "wk_known", 7),
        ("wk_other", "wk_known", 8),
        ("no", "wk_known", 7),
    ],
)
def test_the_key_comes_by_header_or_by_body(header: str, body: str, project: int) -> None:
    taken = take({"batch": [event()], "writeKey": body}, header_key=header)
    assert lines(taken)[0]["project"] == project


@pytest.mark.parametrize(
    ("key", "code"), [(None, "MISSING_WRITE_KEY"), ("wk_unknown", "UNKNOWN_WRITE_KEY")]
)
def test_no_key_or_an_unknown_one_is_unauthorized(key: str | None, code: str) -> None:
    with pytest.raises(Unauthorized) as raised:
        take({"batch": [event()], "writeKey": key}, header_key=None)
    assert raised.value.code == code


def times(taken: Taken) -> list[tuple[datetime, str]]:
    found = []
    for row in lines(taken):
        client = msgspec.convert(row["client_time"], datetime)
        found.append((client + timedelta(microseconds=row["skew"]), row["time_source"]))
    return found


def test_the_clients_clock_is_corrected_by_what_it_showed_at_sending() -> None:
    off = timedelta(hours=5)
    sent = NOW - off
    happened = sent - timedelta(minutes=2)
    taken = take({"batch": [event(timestamp=happened.isoformat())], "sentAt": sent.isoformat()})
    ((time, source),) = times(taken)
    assert time == NOW - timedelta(minutes=2)
    assert source == "corrected"


@pytest.mark.parametrize(
    ("timestamp", "expected", "source"),
    [
        (NOW.isoformat(), NOW, "client"),
        (NOW.replace(tzinfo=None).isoformat(), NOW, "client"),
        ((NOW - timedelta(days=400)).isoformat(), NOW - timedelta(days=400), "client"),
        ((NOW + timedelta(hours=23)).isoformat(), NOW + timedelta(hours=23), "client"),
        ((NOW + timedelta(hours=25)).isoformat(), NOW, "received"),
        ("0001-01-01T00:00:00Z", NOW, "received"),
        ("9999-12-31T23:59:59Z", NOW, "received"),
        ("yesterday", NOW, "received"),
        (17, NOW, "received"),
        (..., NOW, "received"),
        (None, NOW, "received"),
    ],
)
def test_the_time_of_an_event(timestamp: Any, expected: datetime, source: str) -> None:
    for neighbours in ([], [event(), event(properties={"a": None})]):
        taken = take({"batch": [event(timestamp=timestamp), *neighbours]})
        time, how = times(taken)[0]
        assert time == expected
        assert how == source


def test_the_same_event_has_the_same_key_when_it_comes_again() -> None:
    def key(sent_at: datetime, timestamp: Any) -> tuple[Any, ...]:
        sent = event(timestamp=timestamp)
        (row,) = lines(take({"batch": [sent], "sentAt": sent_at.isoformat()}))
        names = ("project", "event", "client_time", "install", "message_id")
        return tuple(row[name] for name in names)

    for timestamp in (NOW.isoformat(), "nonsense", ..., "9999-12-31T23:59:59Z"):
        assert key(NOW, timestamp) == key(NOW + timedelta(hours=7), timestamp)


def test_properties_are_kept_as_sent() -> None:
    properties = {
        "a.b": 1,
        "a": {"b": {"c": [1, "x", True, [2.5]]}},
        "empty": "",
        "largest": 2**63 - 1,
        "smallest": -(2**63),
        "unicode": "é 漢 😀",
        "list": ["mae", "rmse"],
    }
    (row,) = lines(take({"batch": [event(properties=properties)]}))
    assert row["properties"] == properties
    assert "raw" not in row


@pytest.mark.parametrize("odd", [{"a": None}, {"a": {}}, {"b": {"c%2Ed": 1}}, {"a": [{"b": None}]}])
def test_what_the_column_would_change_is_kept_as_text_too(odd: dict[str, Any]) -> None:
    (row,) = lines(take({"batch": [event(properties=odd)]}))
    assert json.loads(row["raw"]) == odd


def test_the_last_of_duplicate_keys_counts() -> None:
    for value in ("1", "null"):
        body = '{"batch":[{"type":"track","event":"e","userId":"u","properties":{"a":%s,"a":2}}]}'
        (row,) = lines(take((body % value).encode()))
        assert row["properties"] == {"a": 2}


@pytest.mark.parametrize("text", ["\\u0000", "\\ud800", "\\udc00x", "\\uD83D"])
def test_what_no_text_can_hold_becomes_a_replacement_character(text: str) -> None:
    body = '{"batch":[{"type":"track","event":"e%s","userId":"u","properties":{"k%s":"v%s"}}]}'
    (row,) = lines(take((body % (text, text, text)).encode()))
    clean = "\ufffd" + ("x" if text.endswith("x") else "")
    assert row["event"] == f"e{clean}"
    assert row["properties"] == {f"k{clean}": f"v{clean}"}


def test_an_escaped_pair_of_surrogates_is_one_character() -> None:
    body = b'{"batch":[{"type":"track","event":"\\ud83d\\ude00","userId":"u","properties":{}}]}'
    assert lines(take(body))[0]["event"] == "😀"


@pytest.mark.parametrize("broken", [{"event": "fit"}, {"event": ""}])
def test_no_ip_address_is_written_anywhere(broken: dict[str, Any]) -> None:
    address = "203.0.113.77"
    sent = event(
        properties={"ip": address, "$ip": address, "kept": 1},
        context={"ip": address, "library": {"name": "x"}},
        ip=address,
        **broken,
    )
    taken = take({"batch": [sent], "context": {"ip": address}})
    assert taken.entries
    for entry in taken.entries:
        assert address.encode() not in entry.body


@pytest.mark.parametrize("kind", ["identify", "group", "alias", "page", "screen"])
def test_the_other_kinds_are_kept_as_what_they_are(kind: str) -> None:
    taken = take({"userId": "u", "traits": {"plan": "a"}, "groupId": "g"}, path=kind)
    (row,) = lines(taken)
    assert row["kind"] == kind
    assert row["properties"]["plan"] == "a"
    assert row["properties"]["groupId"] == "g"


def test_an_event_without_message_id_gets_one() -> None:
    first, second = lines(take({"batch": [event(messageId=...), event(messageId=None)]}))
    assert first["message_id"] != second["message_id"]
    assert len(first["message_id"]) == 36


def test_ids_that_are_numbers_are_ids() -> None:
    (row,) = lines(take({"batch": [event(userId=42)]}))
    assert row["install"] == "42"


def test_one_bad_event_among_thousands_costs_only_itself() -> None:
    events = [event(messageId=f"m{i}") for i in range(2_500)]
    events[1_234]["event"] = 5
    taken = take({"batch": events})
    assert refusals(taken) == [(1_234, "WRONG_TYPE")]
    assert len(lines(taken)) == 2_499


def test_an_entry_is_numbered_so_that_the_next_is_greater() -> None:
    taken = take({"batch": [event(), event(event=""), event()]})
    first, second = taken.entries
    assert isinstance(first, Entry)
    assert first.seq < second.seq
    assert max(row["order"] for row in lines(taken)) < second.seq


def test_every_way_of_decoding_reads_the_same() -> None:
    """The typed decoders and the careful reading agree, whatever was learnt before."""
    import random

    random.seed(7)
    pool: list[Any] = [1, -5, 0.25, "x", "é", True, False, "", ["a", "b"], [1, 2], [], 2**62, 1e-7]
    for _ in range(200):
        names = random.sample([f"n{i}" for i in range(120)], random.randrange(12))
        properties = {name: random.choice(pool) for name in names}
        plain = {"batch": [event(properties=properties)]}
        # A null in a neighbour sends the whole request the careful way.
        careful = {"batch": [event(properties=properties), event(properties={"none": None})]}
        fields = ("event", "install", "message_id", "client_time", "properties")
        one, other = lines(take(plain))[0], lines(take(careful))[0]
        assert one["properties"] == properties
        assert {name: one[name] for name in fields} == {name: other[name] for name in fields}


def test_learnt_names_are_bounded_and_addresses_are_never_among_them() -> None:
    from footfall_server.ingest.dialects.shapes import MAX_NAMES, Shapes

    made: list[Any] = []

    def batch_of(properties: Any) -> Any:
        made.append(properties)
        return list[properties]

    shapes = Shapes(batch_of)
    assert shapes.decode(b"[]") is None
    shapes.learn([{"a": 1, "ip": "x", "$ip": "y"}])
    assert shapes.decode(b'[{"a":1}]')[0].p0 == 1
    assert shapes.decode(b'[{"ip":"203.0.113.1"}]') is None
    assert shapes.decode(b'[{"a":null}]') is None
    for i in range(1_000):
        shapes.learn([{f"name-{i}": 1}])
    assert len(made[-1].__struct_fields__) == MAX_NAMES
    assert len(made) <= MAX_NAMES


@pytest.mark.parametrize("neighbour", [{"plain": 1}, {"nested": {"x": 1}}])
def test_only_what_the_column_loses_is_kept_twice(neighbour: dict[str, Any]) -> None:
    properties = {"kept": 1, "text": "x", "parent": None, "exception_type": None}
    taken = take({"batch": [event(properties=properties), event(properties=neighbour)]})
    row, other = lines(taken)
    assert json.loads(row["raw"]) == {"parent": None, "exception_type": None}
    assert "raw" not in other


def test_a_name_that_the_column_would_change_keeps_all_of_them_as_text() -> None:
    properties = {"100%2E": 1, "other": 2}
    (row,) = lines(take({"batch": [event(properties=properties)]}))
    assert json.loads(row["raw"]) == properties
