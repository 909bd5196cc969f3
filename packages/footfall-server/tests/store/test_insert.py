"""What is inserted is there once, as sent, and the first acknowledged wins."""

from __future__ import annotations

import asyncio
import itertools
import json
from typing import Any

import pytest
from footfall_server.model.errors import FootfallError, Unprocessable
from footfall_server.store import Limits, Statement, Store, StoreRefused

_projects = itertools.count(1_000)


@pytest.fixture
def project() -> int:
    return next(_projects)


def line(project: int, **changes: Any) -> bytes:
    event = {
        "project": project,
        "kind": "track",
        "event": "fit",
        "install": "i1",
        "message_id": "m1",
        "client_time": "2026-01-02T03:04:05.123456Z",
        "time": "2026-01-02T03:04:05.123456Z",
        "received_at": "2026-01-02T03:04:06.000000Z",
        "time_source": "client",
        "order": 1_700_000_000_000_000,
        "properties": {},
        "raw": "",
    }
    return json.dumps(event | changes).encode() + b"\n"


def rows(store: Store, project: int) -> list[dict[str, Any]]:
    table = store.query(
        Statement(
            "SELECT event, install, message_id, toString(client_time) AS client_time, position, "
            "toJSONString(properties) AS properties, raw FROM events FINAL "
            "WHERE project = {project:UInt32} ORDER BY position",
            {"project": project},
        )
    )
    return table.to_pylist()  # type: ignore[no-any-return]


def test_the_same_token_twice_is_stored_once(store: Store, project: int) -> None:
    store.insert("events", line(project), f"{project}-a")
    before = _stored(store, project)
    store.insert("events", line(project), f"{project}-a")
    assert _stored(store, project) == before == 1


def test_equal_blocks_with_different_tokens_are_one_event(store: Store, project: int) -> None:
    store.insert("events", line(project), f"{project}-a")
    store.insert("events", line(project), f"{project}-b")
    assert len(rows(store, project)) == 1


@pytest.mark.parametrize("first_inserted", [0, 1])
def test_the_first_acknowledged_wins(store: Store, project: int, first_inserted: int) -> None:
    blocks = [
        line(project, order=1_000, properties={"try": "first"}),
        line(project, order=2_000, properties={"try": "second"}),
    ]
    for place in (first_inserted, 1 - first_inserted):
        store.insert("events", blocks[place], f"{project}-{place}")
    [row] = rows(store, project)
    assert json.loads(row["properties"]) == {"try": "first"}
    assert row["position"] == 1_000


def test_it_stays_the_first_when_the_parts_are_merged(store: Store, project: int) -> None:
    for order in (3_000, 1_000, 2_000):
        block = line(project, order=order, client_time="2031-05-05T00:00:00Z")
        store.insert("events", block, f"{project}-{order}")
    store._merge("203105")
    [row] = rows(store, project)
    assert row["position"] == 1_000
    assert _stored(store, project) == 1


def test_maintenance_merges_partitions_in_which_many_parts_wait(store: Store, project: int) -> None:
    for order in range(1, 7):
        block = line(project, order=order, client_time="2032-05-05T00:00:00Z")
        store.insert("events", block, f"{project}-{order}")
    merged = [store.maintain(quiet_seconds=-60) for _ in range(50)]
    assert merged[-1] == 0
    assert _stored(store, project) < 6
    [row] = rows(store, project)
    assert row["position"] == 1


def test_maintenance_merges_two_parts_but_not_for_a_late_event_among_many(
    store: Store, project: int
) -> None:
    for half in (range(50), range(50, 100)):
        block = b"".join(
            line(project, message_id=f"m{place}", client_time="2033-05-05T00:00:00Z")
            for place in half
        )
        store.insert("events", block, f"{project}-{half.start}")
    while store.maintain(quiet_seconds=-60):
        pass
    assert _parts(store, "203305") == [100]
    late = line(project, message_id="late", client_time="2033-05-05T00:00:00Z")
    store.insert("events", late, f"{project}-late")
    while store.maintain(quiet_seconds=-60):
        pass
    assert _parts(store, "203305") == [1, 100]
    assert len(rows(store, project)) == 101


def _parts(store: Store, partition: str) -> list[int]:
    """The rows of each active part."""
    found = store.query(
        Statement(
            "SELECT rows FROM system.parts WHERE database = currentDatabase() AND active "
            "AND table = 'events' AND partition_id = {id:String} ORDER BY rows",
            {"id": partition},
        )
    )
    return [row["rows"] for row in found.to_pylist()]


@pytest.mark.parametrize(
    "change",
    [
        {"client_time": "2026-01-02T03:04:05.123457Z"},
        {"client_time": "2026-02-02T03:04:05.123456Z"},
        {"event": "run"},
        {"install": "i2"},
    ],
)
def test_another_time_name_or_install_is_another_event(
    store: Store, project: int, change: dict[str, str]
) -> None:
    store.insert("events", line(project), f"{project}-a")
    store.insert("events", line(project, order=1_700_000_000_000_001, **change), f"{project}-b")
    assert len(rows(store, project)) == 2


def test_properties_come_back_as_sent(store: Store, project: int) -> None:
    properties = {
        "a.b": 1,
        "a": {"b": 2, "c": {"d": [1, 2]}},
        "big": 2**63 - 1,
        "small": -(2**63),
        "float": 0.1,
        "text": "",
        "date": "2026-01-01",
        "moment": "2026-01-01T00:00:00Z",
        "number as text": "7",
        "yes": True,
        "no": False,
        "list": ["a", "b"],
        "mixed": [1, "a", True, 2.5],
        "objects": [{"x": 1}, {"y": "z"}],
        "empty list": [],
        "": "empty key",
        "ünï": 'çødé 🎉 " \\ \n',
    }
    store.insert("events", line(project, properties=properties), f"{project}-a")
    [row] = rows(store, project)
    assert json.loads(row["properties"]) == properties


def test_lists_of_any_mixture_come_back_as_sent(store: Store, project: int) -> None:
    values = [
        True,
        "a",
        1,
        2.5,
        [1],
        ["a"],
        {"x": 1},
        {"x": "a"},
        {"y": True},
        [],
        [None],
        "2026-01-01",
    ]
    lists = [list(each) for size in (1, 2, 3) for each in itertools.permutations(values, size)]
    block = b"".join(
        line(project, message_id=f"m{place}", order=place, properties={"l": each, "o": {"i": each}})
        for place, each in enumerate(lists)
    )
    store.insert("events", block, f"{project}-a")
    found = [json.loads(row["properties"]) for row in rows(store, project)]
    assert [json.dumps(each["l"]) for each in found] == [json.dumps(each) for each in lists]
    assert all(json.dumps(each["l"]) == json.dumps(each["o"]["i"]) for each in found)


def test_raw_keeps_what_the_column_can_not(store: Store, project: int) -> None:
    raw = json.dumps({"nothing": None, "object": {}, "%2E": 1})
    block = line(project, properties={"nothing": None, "object": {}, "%2E": 1}, raw=raw)
    store.insert("events", block, f"{project}-a")
    assert rows(store, project)[0]["raw"] == raw


def test_types_of_one_property_may_differ_between_events(store: Store, project: int) -> None:
    values: list[Any] = [1, 1.5, "1", True, [1], {"x": 1}, ["a", 1]]
    block = b"".join(
        line(project, message_id=f"m{place}", order=place, properties={"value": value})
        for place, value in enumerate(values)
    )
    store.insert("events", block, f"{project}-a")
    assert [json.loads(row["properties"])["value"] for row in rows(store, project)] == values


def test_months_far_apart_fit_one_block(store: Store, project: int) -> None:
    block = b"".join(
        line(project, message_id=f"m{year}-{month}", client_time=f"{year}-{month:02}-01T00:00:00Z")
        for year in range(1970, 1990)
        for month in range(1, 13)
    )
    store.insert("events", block, f"{project}-a")
    assert len(rows(store, project)) == 240


def test_a_line_that_can_not_be_read_fails_the_whole_block(store: Store, project: int) -> None:
    with pytest.raises(StoreRefused) as caught:
        store.insert("events", line(project) + b'{"project": "x"}\n', f"{project}-a")
    assert caught.value.code == "STORE_REFUSED"
    assert rows(store, project) == []


def test_an_empty_block_is_nothing(store: Store, project: int) -> None:
    store.insert("events", b"\n", f"{project}-a")
    assert rows(store, project) == []


def test_rejected_events_are_kept_with_their_reason(store: Store, project: int) -> None:
    block = {
        "project": project,
        "id": "3f0e6d6c-7a6f-4bb5-8f0c-1d9f0c6a2f11",
        "received_at": "2026-01-02T03:04:06.000000Z",
        "dialect": "segment",
        "reason": "no_event",
        "message": "An event needs a name.",
        "body": '{"event": null}',
    }
    for token in ("a", "b"):
        store.insert("rejected", json.dumps(block).encode(), f"{project}-{token}")
    table = store.query(
        Statement(
            "SELECT toString(id) AS id, reason, body FROM rejected FINAL "
            "WHERE project = {project:UInt32}",
            {"project": project},
        )
    )
    assert table.to_pylist() == [
        {"id": block["id"], "reason": "no_event", "body": '{"event": null}'}
    ]


def test_limits_are_errors_that_say_what_to_do(store: Store) -> None:
    with pytest.raises(Unprocessable) as caught:
        store.query(Statement("SELECT number FROM numbers(11)"), Limits(rows=10))
    assert caught.value.code == "QUERY_TOO_LARGE"
    assert "shorten the range" in caught.value.message
    with pytest.raises(Unprocessable) as caught:
        store.query(
            Statement("SELECT sum(sipHash64(number)) FROM numbers(100000000000)"),
            Limits(seconds=0.2),
        )
    assert caught.value.code == "QUERY_TOO_SLOW"


@pytest.mark.parametrize(
    "failing",
    [
        "SELECT number, throwIf(number = 70000) FROM numbers(100000)",
        "SELECT sum(sipHash64(number)) FROM numbers(100000000000)",
        "SELECT nosuch",
    ],
)
def test_the_answer_after_a_failed_query_is_its_own(store: Store, failing: str) -> None:
    """The engine prefixes a client's next answer with what a failed one had written."""
    with pytest.raises(FootfallError):
        store.query(Statement(failing), Limits(seconds=0.1))
    assert store.query(Statement("SELECT 'own' AS answer")).to_pylist() == [{"answer": "own"}]


def test_values_are_bound_not_pasted(store: Store) -> None:
    value = "'; DROP TABLE events; -- {x:String} \\"
    table = store.query(Statement("SELECT {value:String} AS value", {"value": value}))
    assert table.to_pylist() == [{"value": value}]


async def _answer(store: Store) -> int:
    table = await store.run(Statement("SELECT toUInt8(42) AS answer"))
    return int(table.column("answer")[0].as_py())


def test_run_answers_on_the_stores_own_threads(store: Store) -> None:
    assert asyncio.run(_answer(store)) == 42


def test_a_healthy_store_passes_its_check(store: Store) -> None:
    store.check()


def _stored(store: Store, project: int) -> int:
    """Rows as they lie there, duplicates included."""
    table = store.query(
        Statement(
            "SELECT count() AS n FROM events WHERE project = {project:UInt32}",
            {"project": project},
        )
    )
    return int(table.column("n")[0].as_py())
