"""What runs in each measured process: `subject.py SDK URL MODE [N]`. Runs on the bench's Python.

Each SDK gives `log(mark)`, which logs NannyML's event with a mark that the collector counts, and
`flush()`. Results are printed as one line of JSON.
"""

import functools
import json
import os
import sys
import time
import types

PROPERTIES = {
    "kind": "performance", "nannyml_version": "0.13.1", "os_type": "Linux",
    "python_version": "3.11.7", "runtime_environment": "docker", "run_time": 1.2e-5,
    "process_run_time": 1.2e-5, "exception_occurred": True, "nannyml_cloud": False,
    "exception_type": "nannyml.exceptions.InvalidArgumentsException", "metrics": ["mae", "rmse"],
}  # fmt: skip
EVENT = "DLE estimator plot"


def mark_of(number):
    return f"mark-{number}-"


def footfall(url, burst=20, **options):
    import footfall

    usage = footfall.Usage("bench", "1.0", url, "wk", burst=burst, **options)

    @usage.log(EVENT, arguments=["mark"], properties={"kind": "performance"})
    def log(mark):
        return None

    return lambda number: log(mark_of(number)), lambda: usage.flush(60), usage


def segment(url):
    import segment.analytics as analytics

    analytics.write_key, analytics.host = "wk", url

    def log(number):
        analytics.track("install", EVENT, {**PROPERTIES, "mark": mark_of(number)})

    return log, analytics.flush, analytics


def nannyml_usage_logging():
    """NannyML's own module, unmodified, without importing the rest of the library."""
    import importlib.util
    import typing

    place = importlib.util.find_spec("nannyml").submodule_search_locations[0]
    package = types.ModuleType("nannyml")
    package.__path__, package.__version__ = [place], "0.13.1"
    kinds = types.ModuleType("nannyml._typing")
    kinds.ParamSpec = typing.ParamSpec
    sys.modules.update({"nannyml": package, "nannyml._typing": kinds})
    from nannyml import usage_logging

    return usage_logging


def nannyml(url):
    usage_logging = nannyml_usage_logging()
    usage_logging.segment_analytics.host = url

    @usage_logging.log_usage(
        usage_logging.UsageEvent.DLE_PLOT,
        metadata={"kind": "performance"}, metadata_from_kwargs=["mark"],
    )  # fmt: skip
    def log(mark):
        return None

    analytics = usage_logging.segment_analytics
    return lambda number: log(mark=mark_of(number)), analytics.flush, usage_logging


def posthog(url):
    from posthog import Posthog

    client = Posthog("wk", host=url)

    def log(number):
        client.capture(
            EVENT, distinct_id="install", properties={**PROPERTIES, "mark": mark_of(number)}
        )

    return log, client.flush, client


def mixpanel(url):
    from mixpanel import BufferedConsumer, Mixpanel

    consumer = BufferedConsumer(events_url=url + "/track")
    client = Mixpanel("wk", consumer=consumer)

    def log(number):
        client.track("install", EVENT, {**PROPERTIES, "mark": mark_of(number)})

    return log, consumer.flush, client


def huggingface(url):
    os.environ["HF_ENDPOINT"] = url
    from huggingface_hub.utils import _telemetry

    def log(number):
        _telemetry.send_telemetry(mark_of(number), library_name="bench", library_version="1")

    return log, _telemetry._TELEMETRY_QUEUE.join, _telemetry


def empty(url):
    def log(number):
        {**PROPERTIES, "mark": mark_of(number)}

    return log, (lambda: None), None


SDKS = {
    "footfall": footfall, "nannyml": nannyml, "segment": segment, "posthog": posthog,
    "mixpanel": mixpanel, "huggingface": huggingface, "empty": empty,
}  # fmt: skip


def timed(function, count=20_000):
    """(median, 99th percentile, mean) of the ns of each call, and the loop's own cost in them."""
    clock, taken = time.perf_counter_ns, []
    for number in range(20):
        function(number)
    start = clock()
    for number in range(count):
        before = clock()
        function(number)
        taken.append(clock() - before)
    mean = (clock() - start) / count
    taken.sort()
    return {"median": taken[count // 2], "p99": taken[count * 99 // 100], "mean": mean}


def looped(function, count=100_000, rounds=9):
    """The median over rounds of the mean ns of a call without anything around it."""
    means = []
    for _ in range(rounds):
        start = time.perf_counter_ns()
        for _ in range(count):
            function()
        means.append((time.perf_counter_ns() - start) / count)
    return sorted(means)[rounds // 2]


def floors(url):
    """A no-op, bare and decorated by less and by more."""

    def bare():
        return None

    def wraps(function):
        @functools.wraps(function)
        def call(*args, **kwargs):
            return function(*args, **kwargs)

        return call

    def clocks(function):
        append = [].append

        @functools.wraps(function)
        def call(*args, **kwargs):
            start, cpu = time.perf_counter_ns(), time.process_time_ns()
            result = function(*args, **kwargs)
            append((start, time.perf_counter_ns(), cpu, time.process_time_ns()))
            return result

        return call

    import footfall

    on = footfall.Usage("on", "1", url, "wk").log("x")(bare)
    off_usage = footfall.Usage("off", "1", url, "wk")
    off_usage.disable()
    off = off_usage.log("x")(bare)
    usage_logging = nannyml_usage_logging()
    usage_logging.segment_analytics.host = url
    theirs = usage_logging.log_usage(usage_logging.UsageEvent.DLE_PLOT)(bare)
    measured = {
        "bare": looped(bare), "wraps": looped(wraps(bare)),
        "wraps + 4 clocks + append": looped(clocks(bare), 50_000), "footfall": looped(on),
        "footfall off": looped(off), "nannyml": looped(theirs, 2000, 5),
    }  # fmt: skip
    usage_logging.disable_usage_logging()
    measured["nannyml off"] = looped(theirs, 20_000, 5)
    return measured


def throughput(log, flush, usage, seconds=3.0):
    """Log 1,000, have them sent, again and again: events logged, wall and CPU seconds."""
    import resource

    log(0)
    flush()
    before, start = resource.getrusage(resource.RUSAGE_SELF), time.monotonic()
    number = 1
    while time.monotonic() - start < seconds:
        for _ in range(1000):
            log(number)
            number += 1
        flush()
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"events": number - 1, "cpu": cpu, "seconds": time.monotonic() - start}


def child(log, flush, how, count):
    import multiprocessing

    if how in ("fork", "spawn", "forkserver"):
        context = multiprocessing.get_context(how)
        children = [context.Process(target=log, args=(n,)) for n in range(count)]
        for one in children:
            one.start()
        for one in children:
            one.join(15)
            one.kill()
        return
    for number in range(count):
        pid = os.fork()
        if pid == 0:
            import signal

            signal.alarm(5)
            log(number)
            if how == "exit":
                sys.exit(0)
            flush()
            os._exit(0)
        os.waitpid(pid, 0)


def main(name, url, mode, count=1):
    if mode == "floors":
        return floors(url)
    options = {"burst": None} if name == "footfall" and mode != "call" else {}
    log, flush, client = SDKS[name](url, **options)
    if mode == "call":
        return timed(log, int(count))
    if mode == "throughput":
        return throughput(log, flush, client)
    if mode.startswith("child "):
        return child(log, flush, mode[6:], int(count))
    for number in range(int(count)):
        log(number)
    if mode == "flush":
        flush()
    return {"last call": time.monotonic()}


def picklable(number):
    """For children that import this module anew."""
    log(number)


if __name__ in ("__main__", "__mp_main__"):
    arguments = sys.argv[1:]
    if arguments[2] in ("child spawn", "child forkserver"):
        log, flush, _ = SDKS[arguments[0]](arguments[1])
        if __name__ == "__main__":
            child(picklable, flush, arguments[2][6:], int(arguments[3]))
    elif __name__ == "__main__":
        print(json.dumps(main(*arguments)), flush=True)
