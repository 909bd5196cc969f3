"""Bad input in every dialect, as it shows outside: status, code, message; neighbours are kept."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from footfall_server.accounts import Accounts

from .conftest import Answer, Project, Server, eventually, http
from .test_rejected import rejected
from .test_thin_slice import folded, total
from .wire import ALL, Dialect

dialects = pytest.mark.parametrize("dialect", ALL, ids=lambda it: it.name)


def send(project: Project, dialect: Dialect, events: list[Any], key: str | None = None) -> Answer:
    body = dialect.batch(events, key or project.write_key)
    return http("POST", project.server.url + dialect.path, body)


def made(server: Server, dialect: Dialect, what: str) -> Project:
    return server.create_project(f"bad-{what}-{dialect.name}")


Body = Callable[[bytes], bytes]
WHOLE: list[tuple[str, Body, str, int, str]] = [
    ("bomb", lambda _: gzip.compress(b" " * (50 << 20)), "gzip", 413, "BODY_TOO_LARGE"),
    (
        "nested bomb",
        lambda _: gzip.compress(gzip.compress(b" " * (50 << 20))),
        "gzip, gzip",
        413,
        "BODY_TOO_LARGE",
    ),
    ("three layers", gzip.compress, "gzip,gzip,gzip", 415, "UNSUPPORTED_ENCODING"),
    ("oversize", lambda _: b" " * ((20 << 20) + 1), "", 413, "BODY_TOO_LARGE"),
    ("truncated gzip", lambda body: gzip.compress(body)[:-12], "gzip", 400, "INVALID_COMPRESSION"),
    ("truncated deflate", lambda body: zlib.compress(body)[:-6], "deflate", 400,
     "INVALID_COMPRESSION"),
    ("mislabelled", lambda body: body, "gzip", 400, "INVALID_COMPRESSION"),
    ("gzip as zstd", gzip.compress, "zstd", 400, "INVALID_COMPRESSION"),
    ("unknown encoding", lambda body: body, "snappy", 415, "UNSUPPORTED_ENCODING"),
    ("no JSON", lambda _: b"{]", "", 400, "INVALID_JSON"),
    ("truncated JSON", lambda body: body[: len(body) // 2], "", 400, "INVALID_JSON"),
]  # fmt: skip


@dialects
@pytest.mark.parametrize(
    ("change", "encoding", "status", "code"),
    [it[1:] for it in WHOLE],
    ids=[it[0] for it in WHOLE],
)
def test_a_request_that_is_refused_whole(
    server: Server, dialect: Dialect, change: Body, encoding: str, status: int, code: str
) -> None:
    if dialect.name == "mixpanel":  # its form is another wrapping of the same
        dialect = Dialect("mixpanel", dialect.path, dialect.event, ALL[-1].batch)
    body = dialect.batch([dialect.event("fit", "i", "m", {"i": 1})], "wk_whatever")
    headers = {"Content-Encoding": encoding} if encoding else {}
    answer = http("POST", server.url + dialect.path, change(body), headers)
    assert (answer.status, answer.json()["code"]) == (status, code)
    assert answer.json()["message"]


ODD: list[Any] = [None, True, 5, -1.5, "", "text", [], [1], {}, {"a": 1}, "x" * 300, "\u0000", "😀"]


@dialects
def test_wrong_types_anywhere_spoil_one_event_at_the_most(server: Server, dialect: Dialect) -> None:
    """Each field with each odd value: taken, or refused with a reason; never the neighbours."""
    project = made(server, dialect, "types")
    template = dialect.event("fit", "i", "m", {"i": 1})
    odd: list[Any] = list(ODD)
    for place in template:
        odd += [{**template, place: value} for value in ODD]
    for place in ("distinct_id", "$insert_id", "time", "$set", "i"):
        properties = template["properties"]
        odd += [{**template, "properties": {**properties, place: value}} for value in ODD]
    good = [dialect.event("good", "i", f"good-{i}", {}) for i in range(2)]
    answer = send(project, dialect, [good[0], *odd, good[1]])
    assert answer.status == 200, answer.body
    assert folded(project.query(total("good"))) == 2
    kept = rejected(project, "limit=1000")
    assert len(project.events()) - 2 + len(kept) <= len(odd)  # some of them are repeats
    assert kept
    assert all(row["reason"] and row["message"] for row in kept)


@dialects
def test_absurd_times_and_numbers_are_stored_and_found(server: Server, dialect: Dialect) -> None:
    project = made(server, dialect, "times")
    times: list[Any] = [
        "0001-01-01T00:00:00Z", "0000-00-00", "1900-01-01T00:00:00Z", "1969-12-31T23:59:59Z",
        "1970-01-01T00:00:00Z", "2026-02-30T00:00:00Z", "2262-04-12T00:00:00Z",
        "9999-12-31T23:59:59.999999+14:00", "+999999-01-01T00:00:00Z", "now", "", -1, 0, 10**30,
        1e308, [], {}, None, True,
    ]  # fmt: skip
    events = []
    for number, time in enumerate(times):
        properties = {"i": number, "big": 2**63 - 1, "small": -(2**63), "tiny": 5e-324}
        event = dialect.event("fit", "i", f"m{number}", properties)
        if dialect.name.startswith("mixpanel"):
            event["properties"]["time"] = time
        else:
            event["timestamp"] = time
        events.append(event)
    assert send(project, dialect, events).status == 200
    rows = project.events()
    kept = rejected(project)  # Mixpanel's time is a property too, and 10^30 is none
    assert [row["reason"] for row in kept] in ([], ["NUMBER_OUT_OF_RANGE"])
    assert len(rows) + len(kept) == len(times)
    year = str(datetime.now(UTC).year)
    assert all(row["received_at"].startswith(year) for row in rows)
    for row in rows:
        assert row["properties"]["big"] == 2**63 - 1
        assert row["properties"]["small"] == -(2**63)
        assert row["properties"]["tiny"] == 5e-324


HOSTILE = [
    "'; DROP TABLE events --", '"', "\\", "`", "<script>alert(1)</script>", "=cmd|' /C calc'!A0",
    "+1+1", "@SUM(A1)", "{{7*7}}", "%2E", "a.b", "..", "\u202egnp", "a\nb", "\ttab", "é" * 90,
    "\ufeffbom", "null", "$none",
]  # fmt: skip


@dialects
def test_hostile_names_are_names_all_the_way(server: Server, dialect: Dialect) -> None:
    project = made(server, dialect, "names")
    events = [dialect.event(name, name, f"m{i}", {name: name}) for i, name in enumerate(HOSTILE)]
    assert send(project, dialect, events).status == 200
    rows = {row["message_id"]: row for row in project.events()}
    for number, name in enumerate(HOSTILE):
        row = rows[f"m{number}"]
        assert (row["event"], row["install"]) == (name, name)
        assert row["properties"][name] == name
    for name in HOSTILE:
        assert folded(project.query(total(name))) == 1


@dialects
def test_the_same_message_id_in_two_projects_is_two_events(
    server: Server, dialect: Dialect
) -> None:
    first, second = made(server, dialect, "two-a"), made(server, dialect, "two-b")
    event = dialect.event("fit", "i", "same", {})
    for project in (first, second, first):
        assert send(project, dialect, [event]).status == 200
    assert folded(first.query(total())) == folded(second.query(total())) == 1


@dialects
def test_unknown_revoked_and_foreign_keys(server: Server, dialect: Dialect) -> None:
    mine, theirs = made(server, dialect, "keys-a"), made(server, dialect, "keys-b")
    event = dialect.event("fit", "i", "m", {})
    unknown = send(mine, dialect, [event], "wk_unknown")
    assert (unknown.status, unknown.json()["code"]) == (401, "UNKNOWN_WRITE_KEY")
    assert send(mine, dialect, [event], theirs.write_key).status == 200
    assert mine.events() == []  # a key opens its own project, and no other
    assert folded(theirs.query(total())) == 1
    accounts = Accounts(f"sqlite:///{server.data}/metadata.db")
    accounts.revoke_write_key(accounts.project(theirs.name), theirs.write_key)
    accounts.close()
    eventually(lambda: send(theirs, dialect, [event]).status == 401)
    assert send(theirs, dialect, [event]).json()["code"] == "UNKNOWN_WRITE_KEY"


@dialects
def test_one_bad_event_among_thousands(server: Server, dialect: Dialect) -> None:
    project = made(server, dialect, "thousands")
    events = [dialect.event("fit", "i", f"m{i}", {"i": i}) for i in range(1_999)]
    events.insert(1_234, dialect.event("", "i", "bad", {}))
    assert send(project, dialect, events).status == 200
    assert folded(project.query(total())) == 1_999
    (kept,) = rejected(project)
    assert kept["reason"] == "MISSING_EVENT"
    assert '"bad"' in kept["body"]


@dialects
def test_what_json_can_hold_and_texts_cannot(server: Server, dialect: Dialect) -> None:
    """Duplicate keys, lone surrogates, NUL, numbers out of range, depth: one event each."""
    project = made(server, dialect, "json")
    values = {
        "duplicate": '1, "k": 2', "surrogate": '"\\ud800x"', "nul": '"a\\u0000b"',
        "nan": "NaN", "infinity": "-Infinity", "huge": "9" * 5_000, "beyond": "1e999",
        "deep": "[" * 40 + "]" * 40, "abyss": "[" * 50_000 + "]" * 50_000, "good": "true",
    }  # fmt: skip
    events = [dialect.event(name, "i", name, {"k": "@"}) for name in values]
    body = dialect.batch(events, project.write_key)
    if dialect.name == "mixpanel":
        dialect, body = ALL[-1], ALL[-1].batch(events, project.write_key)
    for value in values.values():
        body = body.replace(b'"@"', value.encode(), 1)
    answer = http("POST", server.url + dialect.path, body)
    assert answer.status == 200, answer.body
    found = {row["event"]: row["properties"]["k"] for row in project.events()}
    assert found == {"duplicate": 2, "surrogate": "\ufffdx", "nul": "a\ufffdb", "good": True}
    reasons = sorted(row["reason"] for row in rejected(project))
    assert reasons == ["NUMBER_OUT_OF_RANGE"] * 4 + ["TOO_DEEP"] * 2


@dialects
def test_what_is_too_large(server: Server, dialect: Dialect) -> None:
    project = made(server, dialect, "large")
    large = dialect.event("large", "i", "l", {"x": "x" * 33_000})
    answer = send(project, dialect, [large, dialect.event("fit", "i", "m", {})])
    assert answer.status == 200
    assert [row["event"] for row in project.events()] == ["fit"]
    (kept,) = rejected(project)
    assert kept["reason"] == "EVENT_TOO_LARGE"
    assert len(json.loads(kept["body"])["properties"]["x"]) == 33_000
    limit = 2_000 if dialect.name == "mixpanel-import" else 2_500
    many = send(project, dialect, [dialect.event("e", "i", "m", {})] * (limit + 1))
    assert (many.status, many.json()["code"]) == (413, "TOO_MANY_EVENTS")
