"""RudderStack's, PostHog's and Mixpanel's dialects: how they are read and how answered."""

from __future__ import annotations

import base64
import gzip
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from footfall_server.ingest.dialects.dialect import Endpoint, Fixed
from footfall_server.ingest.dialects.table import find
from footfall_server.model.errors import BadRequest, TooLarge, UnsupportedMedia
from footfall_server.model.event import EPOCH, KINDS

from .wire import KEY, NOW, lines, take


def mixpanel(name: str | None = "fit", **properties: Any) -> dict[str, Any]:
    return {"event": name, "properties": {"distinct_id": "u", "token": KEY, **properties}}


def posthog(name: str = "fit", **fields: Any) -> dict[str, Any]:
    return {"event": name, "distinct_id": "u", "properties": {"a": 1}, **fields}


def encoded(document: Any) -> bytes:
    return base64.b64encode(json.dumps(document).encode())


def said(taken: Any) -> Any:
    return json.loads(taken.answer.body)


@pytest.mark.parametrize("base", ["", "/posthog", "/mixpanel", "/segment", "/rudderstack"])
def test_every_dialect_has_its_base_and_takes_a_trailing_slash(base: str) -> None:
    words = {
        "": [
            "v1/batch",
            "v1/merge",
            "batch",
            "capture",
            "e",
            "i/v0/e",
            "track",
            "import",
            "groups",
        ],
        "/posthog": ["batch", "capture", "e", "i/v0/e", "track", "engage"],
        "/mixpanel": ["track", "import", "engage", "groups"],
        "/segment": ["v1/track", "v1/identify", "v1/import"],
        "/rudderstack": ["v1/track", "v1/merge", "v1/batch"],
    }
    for word in words[base]:
        assert isinstance(find(f"{base}/{word}"), Endpoint)
        assert find(f"{base}/{word}/") == find(f"{base}/{word}")
    assert find(f"{base}/nothing") is None


@pytest.mark.parametrize("path", ["/flags", "/flags/", "/decide/", "/posthog/flags/"])
def test_there_are_no_flags(path: str) -> None:
    fixed = find(path)
    assert isinstance(fixed, Fixed)
    assert fixed.reply.status == 200
    assert json.loads(fixed.reply.body)["flags"] == {}


@pytest.mark.parametrize("path", ["/flags/definitions", "/i/v1/analytics", "/posthog/i/v1/x"])
def test_protocols_that_are_not_spoken_say_so(path: str) -> None:
    fixed = find(path)
    assert isinstance(fixed, Fixed)
    assert fixed.reply.status == 404
    assert json.loads(fixed.reply.body).keys() >= {"code", "message"}


def test_import_and_batch_may_be_larger() -> None:
    for path in ("/batch", "/posthog/batch/", "/import", "/mixpanel/import"):
        endpoint = find(path)
        assert isinstance(endpoint, Endpoint)
        assert endpoint.max_body == endpoint.max_decompressed == 20 << 20
    track = find("/track")
    assert isinstance(track, Endpoint)
    assert track.max_body == 4 << 20


@pytest.mark.parametrize(
    ("path", "body", "dialect"),
    [
        ("/track", mixpanel(""), "mixpanel"),
        ("/track", [mixpanel("")], "mixpanel"),
        ("/track", posthog("", api_key=KEY), "posthog"),
        ("/track", {"api_key": KEY, "batch": [posthog("")]}, "posthog"),
        ("/engage", {"$token": KEY, "$set": {}}, "mixpanel"),
        ("/engage", {"api_key": KEY, "event": "$set"}, "posthog"),
    ],
)
def test_shared_paths_are_told_apart_by_the_bodys_shape(path: str, body: Any, dialect: str) -> None:
    (kept,) = lines(take(path, body, key=None), "rejected")
    assert kept["dialect"] == dialect


# RudderStack


def test_each_event_of_rudderstack_has_its_own_clock() -> None:
    def event(behind: timedelta) -> dict[str, Any]:
        sent = NOW - behind
        return {
            "type": "track", "event": "fit", "userId": "u", "sentAt": sent.isoformat(),
            "originalTimestamp": (sent - timedelta(minutes=2)).isoformat(),
        }  # fmt: skip

    events = [event(timedelta(hours=5)), event(timedelta(days=-3))]
    for path in ("/rudderstack/v1/batch", "/v1/batch"):
        for row in lines(take(path, {"batch": events})):
            client = datetime.fromisoformat(row["client_time"])
            assert client + timedelta(microseconds=row["skew"]) == NOW - timedelta(minutes=2)
            assert row["time_source"] == "corrected"


def test_merge_needs_no_other_id() -> None:
    ids = [{"type": "email", "value": "a@b.example"}, {"type": "mobile", "value": "5"}]
    for path in ("/v1/merge", "/rudderstack/v1/merge/"):
        (row,) = lines(take(path, {"mergeProperties": ids}))
        assert (row["kind"], row["install"]) == ("merge", "a@b.example")
        assert row["properties"] == {"mergeProperties": ids}


# PostHog


@pytest.mark.parametrize(
    "body",
    [
        {"api_key": KEY, "batch": [posthog()]},
        {"token": KEY, "batch": [posthog()]},
        {"batch": [posthog(properties={"a": 1, "token": KEY})]},
        [posthog(properties={"a": 1, "token": KEY})],
        {"event": "fit", "properties": {"a": 1, "token": KEY, "distinct_id": "u"}},
        posthog(api_key=KEY),
    ],
)
@pytest.mark.parametrize("wrap", ["json", "form", "form+gzip"])
def test_posthogs_requests(body: Any, wrap: str) -> None:
    text = json.dumps(body).encode()
    if wrap != "json":
        packed = gzip.compress(text) if "gzip" in wrap else text
        text = b"data=" + quote(base64.b64encode(packed)).encode() + b"&compression=gzip-js"
    taken = take("/e/", text, key=None)
    (row,) = lines(taken)
    assert (row["kind"], row["event"], row["install"]) == ("track", "fit", "u")
    assert row["properties"]["a"] == 1
    assert KEY not in str(row)
    assert (taken.answer.status, said(taken)) == (200, {"status": 1})


def test_posthogs_times_ids_and_profiles() -> None:
    sent = NOW - timedelta(hours=2)
    event = posthog(uuid="id-1", timestamp=sent.isoformat(), **{"$set": {"plan": "a", "$ip": "x"}})
    (row,) = lines(take("/batch", {"batch": [event], "sent_at": sent.isoformat()}))
    assert row["message_id"] == "id-1"
    assert timedelta(microseconds=row["skew"]) == timedelta(hours=2)
    assert row["properties"] == {"a": 1, "$set": {"plan": "a"}}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("$set", "$set"), ("$set_once", "$set"), ("$identify", "$identify"),
        ("$create_alias", "$create_alias"), ("$groupidentify", "$groupidentify"),
        ("$merge", "merge"), ("$pageview", "track"), ("fit", "track"),
    ],
)  # fmt: skip
def test_kinds_go_by_name(name: str, kind: str) -> None:
    for path, body in (("/e", posthog(name)), ("/mixpanel/track", mixpanel(name))):
        (row,) = lines(take(path, body))
        assert (row["kind"], row["event"]) == (kind, name)
        assert kind in KINDS


def test_posthog_names_what_it_refused() -> None:
    taken = take("/batch", {"batch": [posthog(), posthog("")]})
    assert said(taken)["status"] == 1
    assert [each["code"] for each in said(taken)["rejected"]] == ["MISSING_EVENT"]
    assert isinstance(take("/capture", posthog("")).error, BadRequest)


def test_a_compression_that_is_not_known() -> None:
    with pytest.raises(UnsupportedMedia):
        take("/e", b"data=abcd", query=b"compression=lz64")


def test_a_bomb_inside_base64_stops_at_the_limit() -> None:
    bomb = base64.b64encode(gzip.compress(b"\0" * (21 << 20)))
    with pytest.raises(TooLarge):
        take("/e", b"data=" + quote(bomb).encode())


# Mixpanel


@pytest.mark.parametrize(
    "body",
    [
        json.dumps(mixpanel(text="~~>>?ÿ")).encode(),
        b"data=" + quote(json.dumps(mixpanel(text="~~>>?ÿ"))).encode() + b"&verbose=0&ip=1",
        b"ip=1&data=" + encoded(mixpanel(text="~~>>?ÿ")),
        b"data=" + quote(encoded(mixpanel(text="~~>>?ÿ"))).encode(),
        b"data=" + base64.urlsafe_b64encode(json.dumps(mixpanel(text="~~>>?ÿ")).encode()),
    ],
)
def test_mixpanels_wrappings(body: bytes) -> None:
    taken = take("/track", body, key=None)
    (row,) = lines(taken)
    assert row["properties"] == {"distinct_id": "u", "text": "~~>>?ÿ"}
    assert taken.answer == (200, b"1")
    query = body if body.startswith((b"data", b"ip")) else b"data=" + quote(body).encode()
    (row,) = lines(take("/track", b"", key=None, query=query))
    assert row["properties"]["text"] == "~~>>?ÿ"


def test_base64_with_every_letter_survives_unencoded_forms() -> None:
    for text in ("\u00fb\u00ef\u00be", ">>>", "???", "~o~"):
        (row,) = lines(take("/track", b"data=" + encoded([mixpanel(text=text * 5)])))
        assert row["properties"]["text"] == text * 5


def test_data_that_is_nothing() -> None:
    with pytest.raises(BadRequest) as raised:
        take("/track", b"data=%%%")
    assert raised.value.code == "INVALID_DATA"


@pytest.mark.parametrize("where", ["query", "form"])
def test_verbose_answers(where: str) -> None:
    def verbose(document: Any) -> Any:
        body, query = b"data=" + encoded(document), b""
        if where == "query":
            query = b"verbose=1"
        else:
            body += b"&verbose=1"
        return said(take("/track", body, query=query))

    assert verbose([mixpanel()]) == {"status": 1, "error": None}
    partly = verbose([mixpanel(), mixpanel("")])
    assert (partly["status"], partly["accepted"]) == (1, 1)
    assert partly["rejected"][0]["index"] == 1
    assert verbose([mixpanel("")])["status"] == 0


def test_short_answers() -> None:
    assert take("/track", [mixpanel(), mixpanel("")]).answer == (200, b"1")
    assert take("/track", [mixpanel("")]).answer == (200, b"0")
    assert isinstance(take("/track", mixpanel("")).error, BadRequest)
    assert take("/engage", [{"$distinct_id": "u", "$set": {}}]).answer == (200, b"1")


def test_profiles_are_kept_whole_and_without_addresses() -> None:
    change = {
        "$token": KEY,
        "$distinct_id": "u",
        "$time": 5,
        "$ip": "x",
        "$set": {"$ip": "x", "a": 1},
    }
    (row,) = lines(take("/engage", change, key=None))
    assert (row["kind"], row["install"]) == ("engage", "u")
    assert row["properties"] == {"$distinct_id": "u", "$time": 5, "$set": {"a": 1}}
    group = {"$token": KEY, "$group_key": "company", "$group_id": "g", "$set": {"a": 1}}
    (row,) = lines(take("/groups", group, key=None))
    assert (row["kind"], row["install"]) == ("groups", "g")


@pytest.mark.parametrize("time", [1_764_000_000, 1_764_000_000_000, 1_764_000_000.0, "1764000000"])
def test_mixpanels_time_is_in_seconds_or_milliseconds(time: Any) -> None:
    (row,) = lines(take("/track", mixpanel(time=time, **{"$insert_id": "i"})))
    assert datetime.fromisoformat(row["client_time"]) == datetime.fromtimestamp(1_764_000_000, UTC)
    assert (row["message_id"], row["time_source"]) == ("i", "client")


def test_without_a_time_it_is_the_time_of_receipt() -> None:
    (row,) = lines(take("/track", mixpanel()))
    assert row["time_source"] == "received"
    assert datetime.fromisoformat(row["client_time"]) == EPOCH


def test_strict_import_names_each_failure_and_takes_the_rest() -> None:
    events = [mixpanel(), mixpanel("", **{"$insert_id": "bad"}), mixpanel()]
    taken = take("/import", events, query=b"strict=1")
    assert (taken.answer.status, taken.accepted) == (400, 2)
    document = said(taken)
    assert document["num_records_imported"] == 2
    assert {"code", "message", "error", "status"} <= document.keys()
    (failed,) = document["failed_records"]
    assert (failed["index"], failed["insert_id"], failed["field"]) == (1, "bad", "event")
    assert len(lines(taken, "rejected")) == 1
    assert take("/import", [mixpanel()], query=b"strict=1").answer.status == 200


def test_import_takes_newline_delimited_json_and_sets_bad_lines_aside() -> None:
    good = json.dumps(mixpanel())
    deep = json.dumps(mixpanel(a="@")).replace('"@"', "[" * 100_000 + "]" * 100_000)
    taken = take("/import", f"{good}\n{{bad\n\r\n{deep}\n{good}\n".encode())
    assert len(lines(taken)) == 2
    assert taken.refused == ["INVALID_JSON", "TOO_DEEP"]


def test_one_event_over_several_lines_is_one_event() -> None:
    assert len(lines(take("/import", json.dumps(mixpanel(), indent=2).encode()))) == 1


def test_the_token_goes_before_names_that_other_services_know() -> None:
    taken = take("/import", [mixpanel()], key="service-account", query=b"api_key=other")
    assert lines(taken)[0]["project"] == 7
    untokened = {"event": "fit", "properties": {"distinct_id": "u"}}
    for key, query in ((KEY, b""), (None, b"api_key=" + KEY.encode())):
        assert lines(take("/import", [untokened], key=key, query=query))[0]["project"] == 7


def test_an_event_of_another_project_is_not_this_ones() -> None:
    events = [mixpanel(), mixpanel(token="wk_other"), mixpanel()]
    taken = take("/track", events, key=None)
    assert {row["project"] for row in lines(taken)} == {7}
    (kept,) = lines(taken, "rejected")
    assert kept["reason"] == "FOREIGN_TOKEN"
    assert "wk_other" not in kept["body"]
