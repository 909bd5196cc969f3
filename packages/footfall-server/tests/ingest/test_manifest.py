"""The manifest at the door: what isn't declared is passed, reported or refused, in each dialect."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import footfall
import msgspec
import pytest
from footfall_server.ingest.dialects.dialect import Endpoint, Request
from footfall_server.ingest.dialects.table import find
from footfall_server.ingest.pipeline import Pipeline, Taken
from footfall_server.ingest.policy import DEFAULT_LIMITS, Policy
from footfall_server.journal import Entry
from footfall_server.model.errors import BadRequest, Unprocessable
from footfall_server.model.event import RejectedEvent
from footfall_server.model.manifest import AllowList, Status, parse_manifest
from footfall_server.model.privacy import Privacy
from footfall_server.services import refused_line

from . import wire
from .wire import Dialect

dialects = pytest.mark.parametrize("dialect", wire.ALL, ids=lambda it: it.path.strip("/"))


def allow_list(**events: dict[str, Any]) -> AllowList:
    manifest = {
        "manifest": 1,
        "library": "lib",
        "opt_out_env": "LIB_OFF",
        "install": "hardware",
        "common": {"lib_version": {"type": "string", "why": "its version"}},
        "events": events,
    }
    saved, _ = parse_manifest(json.dumps({"mode": "enforce", "manifest": manifest}).encode())
    return AllowList(saved.manifest)


FIT = {"why": "", "properties": {"kind": {"type": "string", "from": "argument", "why": ""}}}
ALLOWED = allow_list(fit=FIT, free={"properties": {}, "computed": True})


class KeptJournal(wire.MemoryJournal):
    """Remembers what was appended."""

    def __init__(self) -> None:
        super().__init__()
        self.entries: list[Entry] = []

    async def append(self, entries: Sequence[Entry]) -> None:
        self.entries += entries

    def lines(self, stream: str) -> list[dict[str, Any]]:
        bodies = [entry.body for entry in self.entries if entry.stream == stream]
        return [json.loads(line) for body in bodies for line in body.splitlines()]


class At:
    """A door whose project has a policy that can be changed."""

    def __init__(self, *, enforced: bool, allowed: AllowList | None = ALLOWED) -> None:
        self.policy = Policy(DEFAULT_LIMITS, allowed, enforced)
        self.journal = KeptJournal()
        self.pipeline = Pipeline(
            {wire.KEY: 7}.get,
            self.journal,  # type: ignore[arg-type]
            policies=lambda project: self.policy,
            clock=lambda: wire.NOW,
        )

    def take(self, dialect: Dialect, *events: dict[str, Any], **outer: Any) -> Taken:
        body = dialect.batch(",".join(json.dumps(event) for event in events))
        if outer and body.startswith("{"):
            body = json.dumps(json.loads(body) | outer)
        endpoint = find(dialect.path)
        assert isinstance(endpoint, Endpoint)
        return self.pipeline.take(endpoint, Request(endpoint.word, body.encode(), wire.KEY))

    def replay(self, taken: Taken) -> list[RejectedEvent | None]:
        kept = [
            RejectedEvent(
                row["project"], row["id"], wire.NOW - timedelta(hours=1), row["dialect"],
                row["reason"], row["message"], row["body"], row["word"], None, row["rekeyed"],
            )
            for row in wire.lines(taken, "rejected")
        ]  # fmt: skip
        return asyncio.run(self.pipeline.replay(kept))


@dialects
def test_enforced_only_what_is_declared_is_taken(dialect: Dialect) -> None:
    taken = At(enforced=True).take(
        dialect,
        dialect.event("fit", "u", "a", {"kind": "x", "run_time": 1, "lib_version": "1"}),
        dialect.event("plot", "u", "b", {"kind": "x"}),
        dialect.event("fit", "u", "c", {"kind": "x", "email": "e", "token2": "t"}),
        dialect.event("fit", "u", "d", {}),
        dialect.event("free", "u", "e", {"whatever": 1}),
    )
    assert [row["message_id"] for row in wire.lines(taken)] == ["a", "d", "e"]
    undeclared, odd = wire.lines(taken, "rejected")
    assert (undeclared["reason"], odd["reason"]) == ("UNDECLARED_EVENT", "UNDECLARED_PROPERTY")
    assert "plot" in undeclared["message"]
    assert "email, token2" in odd["message"]


@dialects
def test_warned_everything_is_taken_and_counted(dialect: Dialect) -> None:
    door = At(enforced=False)
    taken = door.take(
        dialect,
        dialect.event("plot", "u", "b", {}),
        dialect.event("fit", "u", "c", {"email": "e"}),
        dialect.event("fit", "u", "d", {}),
    )
    assert len(wire.lines(taken)) == 3
    assert not taken.refused
    counted = door.pipeline.counters.undeclared
    assert counted == {"UNDECLARED_EVENT": 1, "UNDECLARED_PROPERTY": 1}


@pytest.mark.parametrize("kind", ["identify", "page", "group"])
def test_other_kinds_must_be_declared_by_their_name_as_well(kind: str) -> None:
    segment = wire.ALL[0]
    sent = {"type": kind, "userId": "u", "traits": {"email": "e"}}
    door = At(enforced=True)
    assert door.take(segment, sent).refused == ["UNDECLARED_EVENT"]
    door.policy = Policy(DEFAULT_LIMITS, allow_list(**{kind: {"properties": {"email": {}}}}), True)
    assert not door.take(segment, sent).refused


@dialects
def test_the_same_names_are_found_once_they_are_learnt(dialect: Dialect) -> None:
    """Properties that come often are decoded into fields: these are names like others."""
    door = At(enforced=True)
    events = [dialect.event("fit", "u", f"m{i}", {"kind": "x"}) for i in range(3)]
    odd = [dialect.event("fit", "u", f"o{i}", {"kind": "x", "email": "e"}) for i in range(3)]
    for _ in range(3):
        assert not door.take(dialect, *events).refused
        assert door.take(dialect, *odd).refused == ["UNDECLARED_PROPERTY"] * 3


@dialects
def test_what_was_refused_is_taken_as_it_would_have_been(dialect: Dialect) -> None:
    events = [
        dialect.event("plot", "u", "a", {"kind": "x", "nested": {"a": [1, None]}, "none": None}),
        dialect.event("plot", "u", "b", {"kind": "y\ud800", "z": -0.5}),
        dialect.event("plot", "u", None, {}),
    ]
    plain = wire.lines(At(enforced=False, allowed=None).take(dialect, *events))
    door = At(enforced=True)
    taken = door.take(dialect, *events)
    assert taken.refused == ["UNDECLARED_EVENT"] * 3
    names = {"kind", "nested", "none", "z"}
    door.policy = Policy(
        DEFAULT_LIMITS, allow_list(plot={"properties": {name: {} for name in names}}), True
    )
    assert door.replay(taken) == [None] * 3
    assert door.replay(taken) == [None] * 3  # as after a crash, before it was known
    again = door.journal.lines("events")
    fields = ("project", "kind", "event", "install", "client_time", "properties")
    for row, first, second in zip(plain, again[:3], again[3:], strict=True):
        assert [row[field] for field in fields] == [first[field] for field in fields]
        assert row.get("raw") == first.get("raw")
        assert first["message_id"] == second["message_id"]
        if row["message_id"] in ("a", "b"):
            assert first["message_id"] == row["message_id"]


@dialects
@pytest.mark.parametrize(
    ("code", "parts"),
    [
        ("NUMBER_OUT_OF_RANGE", ("e", "u", "m", {"a": float("nan")})),
        ("NUMBER_OUT_OF_RANGE", ("e", "u", "m", {"a": 10**60})),
        ("MISSING_EVENT", (None, "u", "m", {"a": "\ud800"})),
        ("WRONG_TYPE", ("e", "u", 5, {})),
        ("EVENT_TOO_LARGE", ("e", "u", "m", {"a": "x" * 33_000})),
    ],
)
def test_what_is_still_wrong_stays_with_its_reason(dialect: Dialect, code: str, parts: Any) -> None:
    door = At(enforced=False, allowed=None)
    taken = door.take(dialect, dialect.event(*parts))
    assert taken.refused == [code]
    (still,) = door.replay(taken)
    assert still is not None
    assert still.reason == code
    assert door.journal.entries == []  # nothing has changed


def test_another_projects_event_is_never_replayed_into_this_one() -> None:
    posthog = next(it for it in wire.ALL if it.name == "posthog")
    door = At(enforced=False, allowed=None)
    mine = posthog.event("e", "u", "m", {"token": wire.KEY})
    theirs = posthog.event("e", "u", "n", {"token": "wk_other"})
    taken = door.take(posthog, mine, theirs)
    assert taken.refused == ["FOREIGN_TOKEN"]
    (still,) = door.replay(taken)
    assert still is not None
    assert still.reason == "FOREIGN_TOKEN"


def test_schema_status() -> None:
    assert ALLOWED.event("fit") is Status.DECLARED
    assert ALLOWED.event("plot") is Status.UNDECLARED
    for name in ("kind", "lib_version", "run_time", "$lib"):
        assert ALLOWED.property("fit", name) is Status.DECLARED
    for name in ("email", "$set", "$current_url"):
        assert ALLOWED.property("fit", name) is Status.UNDECLARED
    assert ALLOWED.property("free", "email") is Status.DECLARED
    assert ALLOWED.property("plot", "run_time") is Status.UNDECLARED


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"manifest": {"manifest": 1}}, "/manifest"),
        ({"manifest": {"manifest": 2, "events": {}}}, "/manifest/manifest"),
        ({"mode": "always", "manifest": {"manifest": 1, "events": {}}}, "/mode"),
        ({"manifest": {"manifest": 1, "events": {"e": 5}}}, "/manifest/events"),
        ({"mode": "warn"}, ""),
        ([], ""),
    ],
)
def test_a_manifest_that_is_none(body: Any, path: str) -> None:
    with pytest.raises(Unprocessable) as raised:
        parse_manifest(json.dumps(body).encode())
    assert raised.value.code == "INVALID_MANIFEST"
    assert raised.value.path == path


def test_a_manifest_that_is_no_json() -> None:
    with pytest.raises(BadRequest):
        parse_manifest(b"{")


def test_the_sdks_own_manifest_is_one() -> None:
    usage = footfall.Usage("lib", version="1", endpoint="http://127.0.0.1:9", write_key="wk_x")
    usage.disable()

    @usage.log("fit", arguments=["kind"])
    def fit(kind: str) -> None: ...

    text = json.dumps({"mode": "enforce", "manifest": usage.manifest()}).encode()
    saved, kept = parse_manifest(text)
    assert kept["manifest"] == usage.manifest()
    names = {"kind", *usage.manifest()["common"]}
    assert AllowList(saved.manifest).keeps("fit", names)
    # What the SDK adds is declared also where a manifest written by hand leaves it out.
    bare = parse_manifest(
        json.dumps({"manifest": {"manifest": 1, "events": {"fit": FIT}}}).encode()
    )
    assert AllowList(bare[0].manifest).keeps("fit", names)


def test_what_the_store_refused_is_tried_again_as_the_line_that_it_was() -> None:
    door = At(enforced=False, allowed=None)
    taken = door.take(wire.ALL[0], wire.ALL[0].event("fit", "u", "m", {"a": 1}))
    (line,) = wire.lines(taken)
    kept = msgspec.json.decode(
        refused_line(json.dumps(line).encode(), "The store says no."), type=RejectedEvent
    )
    assert asyncio.run(door.pipeline.replay([kept])) == [None]
    (again,) = door.journal.lines("events")
    del line["order"], again["order"]
    assert again == line


@dialects
def test_an_id_that_was_replaced_is_not_replaced_again_at_a_replay(dialect: Dialect) -> None:
    door = At(enforced=True)
    door.policy = Policy(DEFAULT_LIMITS, ALLOWED, True, Privacy(identity="daily"))
    days = iter(range(100))
    door.pipeline._rekeys = lambda project, identity, now: lambda id_: f"day {next(days)} of {id_}"
    taken = door.take(dialect, dialect.event("plot", "u", "a", {"kind": "x"}))
    assert taken.refused == ["UNDECLARED_EVENT"]
    assert '"u"' not in json.dumps(wire.lines(taken, "rejected"))
    allowed = allow_list(plot={"properties": {"kind": {}}})
    door.policy = Policy(DEFAULT_LIMITS, allowed, True, Privacy(identity="daily"))
    assert door.replay(taken) == [None]
    assert door.replay(taken) == [None]
    first, second = door.journal.lines("events")
    assert first["install"] == second["install"] == "day 0 of u"
    assert first["message_id"] == second["message_id"]
