"""A decorated function is the same function, and every call of it is an event."""

import asyncio
import functools
import inspect
import pickle
import sys
import traceback

import footfall
import pytest
from footfall.testing import capture

usage = footfall.Usage("lib", "1.2.3", "http://127.0.0.1:9", "wk")


@usage.log("module function")
def module_function(value: int, *, option: str = "x") -> int:
    """Doubles."""
    return value * 2


class Thing:
    def __init__(self):
        self.metrics = ["f1", "mae"]

    @usage.log("method", arguments=["kind"], attributes=["metrics"], properties={"family": "DLE"})
    def method(self, data, kind="performance"):
        return data, kind

    @usage.log("static outside")
    @staticmethod
    def static_outside(value):
        return value

    @staticmethod
    @usage.log("static inside")
    def static_inside(value):
        return value

    @usage.log("class outside")
    @classmethod
    def class_outside(cls, value):
        return cls, value

    @classmethod
    @usage.log("class inside")
    def class_inside(cls, value):
        return cls, value


def names(events):
    return [event["event"] for event in events]


def test_a_function_keeps_what_it_is():
    assert module_function.__name__ == "module_function"
    assert module_function.__doc__ == "Doubles."
    assert list(inspect.signature(module_function).parameters) == ["value", "option"]
    assert pickle.loads(pickle.dumps(module_function)) is module_function
    with capture(usage) as events:
        assert module_function(4) == 8
    assert names(events) == ["module function"]


def test_methods_of_every_kind_in_either_order():
    thing = Thing()
    with capture(usage) as events:
        assert thing.method(1) == (1, "performance")
        assert Thing.static_outside(2) == thing.static_inside(2) == 2
        assert thing.class_outside(3) == Thing.class_inside(3) == (Thing, 3)
    assert names(events) == [
        "method",
        "static outside",
        "static inside",
        "class outside",
        "class inside",
    ]


@pytest.mark.parametrize(
    "call",
    [
        lambda thing: thing.method(1, "x"),
        lambda thing: thing.method(1, kind="x"),
        lambda thing: thing.method(kind="x", data=1),
    ],
)
def test_an_argument_is_found_by_position_and_by_keyword(call):
    with capture(usage) as events:
        call(Thing())
    assert events[0]["properties"]["kind"] == "x"
    assert events[0]["properties"]["metrics"] == ["f1", "mae"]
    assert events[0]["properties"]["family"] == "DLE"


def test_an_argument_is_found_by_default_behind_another_decorator_and_in_kwargs():
    def other(function):
        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            return function(*args, **kwargs)

        return wrapper

    @usage.log("wrapped", arguments=["kind", "only"])
    @other
    def wrapped(kind="default", *, only=3):
        return kind

    @usage.log("open", arguments=["anything"])
    def open_(**kwargs):
        return kwargs

    with capture(usage) as events:
        wrapped()
        open_(anything=True)
        open_()
    assert (events[0]["properties"]["kind"], events[0]["properties"]["only"]) == ("default", 3)
    assert events[1]["properties"]["anything"] is True
    assert "anything" not in events[2]["properties"]


def test_a_wrong_declaration_is_told_to_the_maintainer():
    with pytest.raises(footfall.ConfigurationError) as error:

        @usage.log("wrong", arguments=["kindd"])
        def wrong(kind):
            return kind

    assert error.value.code == "NO_SUCH_PARAMETER"
    assert "kindd" in str(error.value)
    with pytest.raises(ValueError, match="__init__"):
        usage.log("class")(Thing)
    with pytest.raises(ValueError, match=r'\["kind"\]'):
        usage.log("text", arguments="kind")(module_function)


def test_computed_properties_get_the_declared_values_and_may_fail():
    @usage.log("computed", arguments=["rows"], properties=lambda rows: {"many": rows > 10})
    def computed(rows):
        return rows

    @usage.log("broken", arguments=["rows"], properties=lambda rows: {"x": 1 / 0})
    def broken(rows):
        return rows

    with capture(usage) as events:
        assert computed(11) == 11
        assert broken(1) == 1
    assert events[0]["properties"]["many"] is True
    assert events[1]["properties"]["rows"] == 1
    assert "x" not in events[1]["properties"]


def test_attributes_that_are_missing_or_raise_are_left_out():
    class Odd:
        @property
        def broken(self):
            raise RuntimeError("no")

        @usage.log("odd", attributes=["broken", "missing", "there"])
        def call(self):
            self.there = 1  # read when the call has ended

    with capture(usage) as events:
        Odd().call()
    assert events[0]["properties"]["there"] == 1
    assert not {"broken", "missing"} & set(events[0]["properties"])


@pytest.mark.parametrize(
    "error", [ValueError("secret"), KeyboardInterrupt(), SystemExit(3), GeneratorExit()]
)
def test_exceptions_pass_unchanged_with_one_frame_more(error):
    @usage.log("fails")
    def fails():
        raise error

    with capture(usage) as events, pytest.raises(type(error)) as caught:
        fails()
    assert caught.value is error
    assert error.__context__ is None
    assert len(traceback.extract_tb(caught.value.__traceback__)) == 3  # here, the wrapper, fails
    assert events[0]["properties"]["exception_occurred"] is True
    assert events[0]["properties"]["exception_type"] == type(error).__name__
    assert "secret" not in str(events)


def test_an_exception_of_a_module_has_its_module_and_no_message():
    class Custom(Exception):
        pass

    @usage.log("custom")
    def custom():
        raise Custom("secret")

    with capture(usage) as events, pytest.raises(Custom):
        custom()
    assert events[0]["properties"]["exception_type"] == "%s.Custom" % Custom.__module__
    assert "secret" not in str(events)


def test_recursion_and_nesting_count_every_call_and_name_the_enclosing_event():
    @usage.log("inner")
    def inner():
        return 1

    @usage.log("outer")
    def outer(depth):
        return outer(depth - 1) if depth else inner()

    with capture(usage) as events:
        outer(2)
        inner()
    told = [(event["event"], event["properties"]["parent"]) for event in events]
    assert told == [
        ("inner", "outer"),
        ("outer", "outer"),
        ("outer", "outer"),
        ("outer", None),
        ("inner", None),
    ]


def test_span_and_track():
    async def use():
        async with usage.span("async block"):
            await asyncio.sleep(0)

    with capture(usage) as events:
        with usage.span("block", {"steps": 1}) as span:
            usage.track("happened", {"why": "x"})
            span.set(found=2)
        with pytest.raises(KeyError), usage.span("failed"):
            raise KeyError("x")
        asyncio.run(use())
    assert names(events) == ["happened", "block", "failed", "async block"]
    assert events[0]["properties"]["parent"] == "block"
    assert events[0]["properties"]["run_time"] is None
    assert (events[1]["properties"]["steps"], events[1]["properties"]["found"]) == (1, 2)
    assert events[2]["properties"]["exception_type"] == "KeyError"


class Text(str):
    """A text that tries to get more of itself sent."""

    def __str__(self):
        return "spy" * 1000


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        ("x" * 200, "x" * 200),
        ("x" * 201, "str"),
        (Text("plain"), "plain"),
        (True, True),
        (None, None),
        (2**63 - 1, 2**63 - 1),
        (2**63, "int"),
        (1.5, 1.5),
        (float("nan"), "float"),
        (float("inf"), "float"),
        ([1, "a", None, True], [1, "a", None, True]),
        (list(range(50)), list(range(50))),
        (list(range(51)), "list"),
        (["x" * 201], "list"),
        ([object()], "list"),
        ([[1]], "list"),
        ((1, 2), "tuple"),
        ({"a": 1}, "dict"),
        (b"bytes", "bytes"),
        (object(), "object"),
        (1j, "complex"),
    ],
)
def test_values_are_bounded(value, sent):
    @usage.log("bounded", arguments=["value"])
    def bounded(value):
        return value

    with capture(usage) as events:
        assert bounded(value) is value
        usage.track("tracked", {"value": value})
    assert events[0]["properties"]["value"] == sent
    assert events[1]["properties"]["value"] == sent
    assert type(events[0]["properties"]["value"]) is type(sent)


def test_our_own_properties_win_and_every_event_carries_them():
    named = footfall.Usage(
        "nannyml", "0.13.1", "http://127.0.0.1:9", "wk", version_property="nannyml_version"
    )

    @named.log("e", properties={"run_time": "mine", "weight": 100, "nannyml_version": "x", "a": 1})
    def call():
        return None

    with capture(named) as events:
        call()
    (event,) = events
    assert set(event) == {
        "type", "event", "userId", "messageId", "timestamp", "properties", "context",
    }  # fmt: skip
    assert event["type"] == "track"
    assert event["context"] == {"library": {"name": "footfall", "version": footfall.__version__}}
    properties = event["properties"]
    assert properties["weight"] == 1
    assert properties["run_time"] < 1
    assert properties["nannyml_version"] == properties["library_version"] == "0.13.1"
    assert properties["library"] == "nannyml"
    assert properties["python_version"] == sys.version.split()[0]
    assert set(properties) == {
        "run_time", "process_run_time", "exception_occurred", "exception_type", "library",
        "library_version", "python_version", "os_type", "runtime_environment", "ci", "ephemeral",
        "session_id", "parent", "weight", "nannyml_version", "a",
    }  # fmt: skip


def test_processor_time_is_told_from_waiting():
    import time

    @usage.log("sleeps")
    def sleeps():
        time.sleep(0.03)

    @usage.log("works")
    def works():
        end = time.process_time() + 0.03
        while time.process_time() < end:
            pass

    with capture(usage) as events:
        sleeps()
        works()
    assert events[0]["properties"]["run_time"] >= 0.03
    assert events[0]["properties"]["process_run_time"] < 0.02
    assert events[1]["properties"]["process_run_time"] >= 0.0299
