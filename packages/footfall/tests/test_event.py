"""Events as they are sent: the text that is joined from parts says what plain JSON would say."""

import datetime
import json
import random
import uuid

import pytest
from footfall.declaration import Declaration
from footfall.event import Encoder

ENVIRONMENT = {"python_version": "3.11.7", "os_type": "Linux", "ci": False, "ci_name": None}
NOW, UP = 1_700_000_000.25, 5_000_000_000  # the wall clock (s) and the monotonic one (ns)


class Failure(Exception):
    pass


def encoder(**options):
    settings = {"version_property": None, "environment": ENVIRONMENT, "install_id": "an id"}
    settings.update(clock=lambda: NOW, monotonic=lambda: UP, **options)
    return Encoder("lïb", "1.0", **settings)


def call(declaration, end=UP, run=1000, cpu=1000, parent=None, values=None, kind=None):
    return (declaration, end, run, cpu, parent, values, kind)


def properties(body, own=("library", "library_version", "session_id", *ENVIRONMENT)):
    return {k: v for k, v in json.loads(body)["properties"].items() if k not in own}


def test_every_part_of_a_call_arrives_as_it_was():
    plain, constant = Declaration("fit"), Declaration('p"lot ü', properties={"kind": "a", "n": 1})
    chosen = random.Random(3)
    calls = [
        call(
            chosen.choice([plain, constant]),
            end=chosen.randrange(UP),
            run=chosen.choice([None, 0, 1, 999, 1181, 10**9 + 7, 12345678901234567]),
            cpu=chosen.choice([None, 0, -5, 1181]),
            parent=chosen.choice([None, "outer \n", object()]),
            values=chosen.choice([None, {}, {"kind": "b\x00"}, {"x": [1, "é", None], "y": 0.1}]),
            kind=chosen.choice([None, ValueError, Failure]),
        )
        for _ in range(300)
    ]
    for one, event in zip(calls, encoder().calls(calls, 2.5)):  # noqa: B905 - for Python 3.8
        declaration, _, run, cpu, parent, values, kind = one
        body = json.loads(event.body)
        assert (body["type"], body["event"]) == ("track", declaration.event)
        assert body["userId"] == "an id"
        names = {None: None, ValueError: "ValueError", Failure: f"{__name__}.Failure"}
        assert properties(event.body) == {
            **declaration.constants,
            **(values or {}),
            "run_time": None if run is None else run / 1e9,
            "process_run_time": None if cpu is None else max(cpu, 0) / 1e9,
            "exception_occurred": kind is not None,
            "exception_type": names[kind],
            "parent": parent if isinstance(parent, str) else None,
            "weight": 2.5,
        }
        assert body["properties"]["library"] == "lïb"
        assert event.weight == 2.5


def test_a_property_cant_take_the_place_of_our_own():
    declared = Declaration("fit", properties={"library": "other", "v": "0"})
    values = {"weight": 7, "run_time": "long", "v": "1", "kept": True}
    one = encoder(version_property="v").calls([call(declared, values=values)])[0]
    sent = json.loads(one.body)["properties"]
    assert (sent["library"], sent["weight"], sent["run_time"]) == ("lïb", 1, 1e-6)
    assert (sent["v"], sent["kept"]) == ("1.0", True)
    assert one.body.count(b'"weight"') == one.body.count(b'"v"') == 1


def test_times_count_back_from_now():
    ends = [UP, UP - 1_000, UP - 250_000_000, UP - 251_000_000]
    events = encoder().calls([call(Declaration("fit"), end=end) for end in ends])
    stamps = [json.loads(event.body)["timestamp"] for event in events]
    assert stamps == [
        "2023-11-14T22:13:20.250000Z",
        "2023-11-14T22:13:20.249999Z",
        "2023-11-14T22:13:20.000000Z",
        "2023-11-14T22:13:19.999000Z",
    ]
    assert [event.at for event in events] == [1_700_000_000] * 3 + [1_699_999_999]


def test_message_ids_are_unique_and_ordered_by_time():
    calls = [call(Declaration("fit"), end=UP - 300 * back) for back in range(20_000, 0, -1)]
    bodies = [json.loads(event.body) for event in encoder().calls(calls)]
    ids = [uuid.UUID(body["messageId"]) for body in bodies]
    assert {(one.version, one.variant) for one in ids} == {(7, uuid.RFC_4122)}
    assert len(set(ids)) == len(ids)
    assert [one.int >> 64 for one in ids] == sorted(one.int >> 64 for one in ids)
    for one, body in zip(ids, bodies):  # noqa: B905 - for Python 3.8
        stamp = datetime.datetime.strptime(body["timestamp"], "%Y-%m-%dT%H:%M:%S.%fZ")
        seconds = (stamp - datetime.datetime(1970, 1, 1)).total_seconds()
        assert one.int >> 80 == pytest.approx(seconds * 1000, abs=1)


def test_two_processes_never_make_the_same_ids():
    calls = [call(Declaration("fit"))] * 5000
    both = encoder().calls(calls) + encoder().calls(calls)
    assert len({json.loads(event.body)["messageId"] for event in both}) == 10_000


def test_a_clock_before_1970_loses_nothing():
    early = encoder()
    early._clock = lambda: -86400.0
    (event,) = early.calls([call(Declaration("fit"))])
    assert json.loads(event.body)["timestamp"].startswith("1970-01-01")
