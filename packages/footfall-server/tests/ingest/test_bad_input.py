"""Every kind of bad input in every dialect: what is said, what is kept, what is set aside."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from footfall_server.model.errors import BadRequest, FootfallError, TooLarge, Unauthorized

from . import wire
from .wire import Dialect

dialects = pytest.mark.parametrize("dialect", wire.ALL, ids=lambda it: it.path.strip("/"))


def good(dialect: Dialect, message_id: str = "m") -> str:
    return json.dumps(dialect.event("fit", "install-1", message_id, {"i": 1}))


def nested(depth: int) -> Any:
    return {"deep": nested(depth - 1)} if depth > 1 else {"end": 1}


BAD: list[tuple[str, str, Any]] = [
    ("no name", "MISSING_EVENT", (None, "u", "m", {})),
    ("empty name", "MISSING_EVENT", ("", "u", "m", {})),
    ("number as name", "WRONG_TYPE", (7, "u", "m", {})),
    ("no id", "MISSING_USER_ID", ("e", None, "m", {})),
    ("object as id", "WRONG_TYPE", ("e", {"a": 1}, "m", {})),
    ("number as message id", "WRONG_TYPE", ("e", "u", 5, {})),
    ("long message id", "MESSAGE_ID_TOO_LONG", ("e", "u", "m" * 101, {})),
    ("list as properties", "WRONG_TYPE", ("e", "u", "m", [1])),
    ("too large an integer", "NUMBER_OUT_OF_RANGE", ("e", "u", "m", {"a": 2**63})),
    ("too small an integer", "NUMBER_OUT_OF_RANGE", ("e", "u", "m", {"a": -(2**63) - 1})),
    ("a huge integer", "NUMBER_OUT_OF_RANGE", ("e", "u", "m", {"a": 10**60})),
    ("NaN", "NUMBER_OUT_OF_RANGE", ("e", "u", "m", {"a": float("nan")})),
    ("infinity", "NUMBER_OUT_OF_RANGE", ("e", "u", "m", {"a": [float("-inf")]})),
    ("oversize", "EVENT_TOO_LARGE", ("e", "u", "m", {"a": "x" * 33_000})),
    ("deep", "TOO_DEEP", ("e", "u", "m", nested(33))),
]


@dialects
@pytest.mark.parametrize(("code", "parts"), [it[1:] for it in BAD], ids=[it[0] for it in BAD])
def test_a_bad_event_is_set_aside_with_its_reason(dialect: Dialect, code: str, parts: Any) -> None:
    bad = json.dumps(dialect.event(*parts))
    body = dialect.batch(f"{good(dialect, 'a')}, {bad}, {good(dialect, 'c')}")
    taken = wire.take(dialect.path, body.encode())
    assert taken.error is None
    assert taken.answer.status == 200
    assert [row["message_id"] for row in wire.lines(taken)] == ["a", "c"]
    (kept,) = wire.lines(taken, "rejected")
    assert (kept["project"], kept["reason"], kept["dialect"]) == (7, code, dialect.name)
    assert kept["message"]


@dialects
@pytest.mark.parametrize("text", ["5", '"x"', "null", "[]", "true"])
def test_a_member_that_is_no_object(dialect: Dialect, text: str) -> None:
    taken = wire.take(dialect.path, dialect.batch(f"{text}, {good(dialect)}").encode())
    assert len(wire.lines(taken)) == 1
    assert wire.lines(taken, "rejected")[0]["reason"] == "WRONG_TYPE"


@dialects
@pytest.mark.parametrize("levels", [600, 100_000])
def test_depth_that_no_parser_takes(dialect: Dialect, levels: int) -> None:
    deep = json.dumps(dialect.event("e", "u", "m", {"a": "@"}))
    deep = deep.replace('"@"', "[" * levels + "]" * levels)
    taken = wire.take(dialect.path, dialect.batch(f"{good(dialect)}, {deep}").encode())
    assert len(wire.lines(taken)) == 1
    assert wire.lines(taken, "rejected")[0]["reason"] == "TOO_DEEP"


@dialects
@pytest.mark.parametrize(
    "text", [b"", b"{", b"[", b"not json", b'[{"event":', b'[{"event":"\xff"}]']
)
def test_malformed_json(dialect: Dialect, text: bytes) -> None:
    with pytest.raises(BadRequest) as raised:
        wire.take(dialect.path, text)
    assert raised.value.code == "INVALID_JSON"


@dialects
def test_truncated_json(dialect: Dialect) -> None:
    whole = dialect.batch(f"{good(dialect)}, {good(dialect)}").encode()
    for end in range(1, len(whole) - 1, 7):
        with pytest.raises(BadRequest) as raised:
            wire.take(dialect.path, whole[:end])
        assert raised.value.code == "INVALID_JSON"


@dialects
@pytest.mark.parametrize("text", [b'"text"', b"5", b"null", b"true"])
def test_a_body_of_another_type(dialect: Dialect, text: bytes) -> None:
    with pytest.raises(BadRequest) as raised:
        wire.take(dialect.path, text)
    assert raised.value.code == "WRONG_TYPE"


@dialects
def test_too_many_events(dialect: Dialect) -> None:
    limit = 2_000 if dialect.path == "/import" else 2_500
    with pytest.raises(TooLarge) as raised:
        wire.take(dialect.path, dialect.batch(",".join(["{}"] * (limit + 1))).encode())
    assert raised.value.code == "TOO_MANY_EVENTS"
    taken = wire.take(dialect.path, dialect.batch(",".join(["{}"] * limit)).encode())
    assert len(taken.refused) == limit


@dialects
def test_the_last_of_duplicate_keys_counts(dialect: Dialect) -> None:
    event = json.dumps(dialect.event("e", "u", "m", {"k": "@"})).replace('"@"', '1, "k": 2')
    (row,) = wire.lines(wire.take(dialect.path, dialect.batch(event).encode()))
    assert row["properties"]["k"] == 2


@dialects
@pytest.mark.parametrize("text", ["\\u0000", "\\ud800", "\\udc00x"])
def test_what_no_text_can_hold_becomes_a_replacement_character(dialect: Dialect, text: str) -> None:
    event = json.dumps(dialect.event("e@", "u", "m", {"k@": "v@"})).replace("@", text)
    (row,) = wire.lines(wire.take(dialect.path, dialect.batch(event).encode()))
    clean = "\ufffd" + ("x" if text.endswith("x") else "")
    assert row["event"] == f"e{clean}"
    assert row["properties"][f"k{clean}"] == f"v{clean}"


@dialects
@pytest.mark.parametrize("name", ['"', "\\", 'a"b', "\n", "\x1f", "it's \\ odd", "<b>", "`; --"])
def test_a_propertys_name_may_be_anything(dialect: Dialect, name: str) -> None:
    for place in range(3):  # what the door has learnt of names must not matter
        text = json.dumps(dialect.event("fit", "u", f"m{place}", {name: 1, "n": place}))
        (line,) = wire.lines(wire.take(dialect.path, dialect.batch(text).encode()))
        assert (line["properties"][name], line["properties"]["n"]) == (1, place)


@dialects
def test_hostile_names_are_names(dialect: Dialect) -> None:
    names = [
        "'; DROP TABLE events --",
        "<script>alert(1)</script>",
        "=cmd|' /C calc'!A0",
        "\\",
        '"',
    ]
    events = [json.dumps(dialect.event(name, "u", f"m-{name}", {})) for name in names]
    taken = wire.take(dialect.path, dialect.batch(",".join(events)).encode())
    assert [row["event"] for row in wire.lines(taken)] == names


@dialects
def test_one_bad_event_among_thousands(dialect: Dialect) -> None:
    events = [good(dialect, f"m{i}") for i in range(2_000)]
    events[1_234] = json.dumps(dialect.event(5, "u", "m", {}))
    taken = wire.take(dialect.path, dialect.batch(",".join(events)).encode())
    assert len(wire.lines(taken)) == 1_999
    assert taken.refused == ["WRONG_TYPE"]


@dialects
@pytest.mark.parametrize(
    ("key", "code"), [(None, "MISSING_WRITE_KEY"), ("wk_unknown", "UNKNOWN_WRITE_KEY")]
)
def test_no_key_or_an_unknown_one(dialect: Dialect, key: str | None, code: str) -> None:
    with pytest.raises(Unauthorized) as raised:
        wire.take(dialect.path, dialect.batch(good(dialect)).encode(), key=key)
    assert raised.value.code == code


@dialects
def test_no_address_is_written_anywhere(dialect: Dialect) -> None:
    address = "203.0.113.77"
    properties = {"ip": address, "$ip": address, "$set": {"$ip": address, "kept": 1}}
    events = [dialect.event(name, "u", "m", properties) for name in ("fit", "")]
    if dialect.name in ("segment", "rudderstack"):
        del properties["$set"]  # there it is a property like any other
    for event in events:
        event |= {"ip": address, "$ip": address, "context": {"ip": address}}
    body = dialect.batch(",".join(json.dumps(event) for event in events))
    taken = wire.take(dialect.path, body.encode())
    assert len(wire.lines(taken)) == len(wire.lines(taken, "rejected")) == 1
    assert not any(address.encode() in entry.body for entry in taken.entries)


@dialects
@pytest.mark.parametrize("time", ["yesterday", "9999-12-31T23:59:59Z", -5, 1e300, None, [], {}])
def test_absurd_times_are_the_time_of_receipt(dialect: Dialect, time: Any) -> None:
    event = dialect.event("fit", "u", "m", {})
    if dialect.name == "mixpanel":
        event["properties"]["time"] = time
    else:
        event["timestamp"] = time
    (row,) = wire.lines(wire.take(dialect.path, dialect.batch(json.dumps(event)).encode()))
    assert row["time_source"] == "received"


@dialects
def test_random_bytes_are_refused_with_a_code(dialect: Dialect) -> None:
    chance = random.Random(7)
    whole = dialect.batch(f"{good(dialect)}, {good(dialect)}").encode()
    for _ in range(300):
        broken = bytearray(whole)
        for _ in range(3):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        assert outcome(dialect.path, bytes(broken))


def outcome(path: str, body: bytes) -> str | int:
    """The code of what is refused whole, or how many events were dealt with."""
    try:
        taken = wire.take(path, body)
    except FootfallError as error:
        return error.code
    return taken.accepted + len(taken.refused)
