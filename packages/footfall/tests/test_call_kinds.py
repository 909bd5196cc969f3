"""Coroutines and generators are timed over their whole life."""

import asyncio
import contextlib
import inspect

import footfall
import pytest
from footfall.testing import capture

usage = footfall.Usage("lib", "1.2.3", "http://127.0.0.1:9", "wk")


@usage.log("module function")
def module_function(value):
    return value * 2


def names(events):
    return [event["event"] for event in events]


def test_an_async_function_is_timed_until_it_is_done():
    @usage.log("async", arguments=["kind"])
    async def wait(kind):
        await asyncio.sleep(0.02)
        return kind

    assert inspect.iscoroutinefunction(wait)
    with capture(usage) as events:
        assert asyncio.run(wait("a")) == "a"
    assert events[0]["properties"]["run_time"] >= 0.02
    assert events[0]["properties"]["process_run_time"] < events[0]["properties"]["run_time"]
    assert events[0]["properties"]["kind"] == "a"


def test_parents_are_right_among_interleaved_tasks():
    @usage.log("leaf")
    async def leaf():
        await asyncio.sleep(0)

    @usage.log("first")
    async def first():
        await asyncio.sleep(0.001)
        await leaf()

    @usage.log("second")
    async def second():
        await leaf()
        await asyncio.sleep(0.005)

    async def both():
        await asyncio.gather(first(), second())

    with capture(usage) as events:
        asyncio.run(both())
    leaves = sorted(e["properties"]["parent"] for e in events if e["event"] == "leaf")
    assert leaves == ["first", "second"]


def test_cancellation_passes():
    @usage.log("cancelled")
    async def forever():
        await asyncio.sleep(60)

    async def cancel():
        task = asyncio.ensure_future(forever())
        await asyncio.sleep(0)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        return task.cancelled()

    with capture(usage) as events:
        assert asyncio.run(cancel())
    assert events[0]["properties"]["exception_type"].endswith("CancelledError")


def test_a_generator_is_timed_over_its_whole_life():
    @usage.log("inside generator")
    def work():
        return None

    @usage.log("generator", arguments=["count"])
    def generate(count):
        got = []
        for i in range(count):
            work()
            got.append((yield i))
        return got

    def drive():
        received = yield from generate(3)
        assert received == [None, None, None]

    assert inspect.isgeneratorfunction(generate)
    with capture(usage) as events:
        for value in drive():
            module_function(value)  # its consumer's call isn't enclosed
    ended = [event for event in events if event["event"] == "generator"]
    assert len(ended) == 1
    assert ended[0]["properties"]["count"] == 3
    assert {e["properties"]["parent"] for e in events if e["event"] == "inside generator"} == {
        "generator"
    }
    assert {e["properties"]["parent"] for e in events if e["event"] == "module function"} == {None}


def test_a_generator_can_be_sent_to_thrown_into_and_closed_early():
    cleaned = []

    @usage.log("talk")
    def talk():
        try:
            said = yield 1
            while True:
                try:
                    said = yield said
                except KeyError:
                    said = "caught"
        finally:
            cleaned.append(True)

    with capture(usage) as events:
        generator = talk()
        assert next(generator) == 1
        assert generator.send("hello") == "hello"
        assert generator.throw(KeyError("x")) == "caught"
        generator.close()
        other = talk()
        next(other)
        with pytest.raises(ZeroDivisionError):
            other.throw(ZeroDivisionError())
        talk()  # never started: no code of it ran
    assert cleaned == [True, True]
    assert [e["properties"]["exception_type"] for e in events] == [None, "ZeroDivisionError"]


def test_a_generator_that_ignores_its_closing_is_still_told_so():
    @usage.log("stubborn")
    def stubborn():
        try:
            yield 1
        except GeneratorExit:
            yield 2

    with capture(usage):
        generator = stubborn()
        next(generator)
        with pytest.raises(RuntimeError, match="ignored GeneratorExit"):
            generator.close()


def test_an_async_generator():
    closed = []

    @usage.log("async generator")
    async def generate(count):
        try:
            for i in range(count):
                await asyncio.sleep(0)
                got = yield i
                if got:
                    yield got
        finally:
            await asyncio.sleep(0)
            closed.append(count)

    async def use():
        assert [i async for i in generate(2)] == [0, 1]
        early = generate(5)
        assert await early.__anext__() == 0
        assert await early.asend("sent") == "sent"
        await early.aclose()
        failing = generate(6)
        await failing.__anext__()
        with pytest.raises(KeyError):
            await failing.athrow(KeyError("x"))

    assert inspect.isasyncgenfunction(generate)
    with capture(usage) as events:
        asyncio.run(use())
    assert closed == [2, 5, 6]
    assert [e["properties"]["exception_type"] for e in events] == [None, None, "KeyError"]


def test_generators_work_the_same_when_logging_is_off():
    off = footfall.Usage("off", "1", "http://127.0.0.1:9", "wk")
    off.disable()

    @off.log("g")
    def generate():
        got = yield 1
        return got

    @off.log("a")
    async def generate_async():
        yield 1

    async def use():
        return [i async for i in generate_async()]

    generator = generate()
    assert next(generator) == 1
    with pytest.raises(StopIteration) as stop:
        generator.send("x")
    assert stop.value.value == "x"
    assert asyncio.run(use()) == [1]
    assert off.status().pending == 0
