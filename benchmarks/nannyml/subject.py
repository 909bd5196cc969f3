"""What runs in each measured process: `subject.py WAY URL MODE [N]`, in NannyML's environment.

Ways: `own`, NannyML's decorator as it is; `before` and `after`, Footfall installed before and after
the import; `drop-in`, the decorator of `footfall_nannyml.usage_logging` itself. The real library is
imported whole, except in modes that would take minutes with it (`module …`), where NannyML's
module `usage_logging` is loaded alone, as it is. Results are printed as one line of JSON.
"""

import json
import os
import sys
import time

MARK = "mark-%d-"


def library(way, url):
    """NannyML's own `log_usage` after the whole library was imported."""
    if way in ("before", "drop-in"):
        import footfall_nannyml

        footfall_nannyml.install(url, "wk")
    import nannyml
    from nannyml import usage_logging

    if way == "own":
        usage_logging.segment_analytics.host = url
    return nannyml, usage_logging


def module(way, url):
    """`usage_logging` alone: NannyML's own file without the rest of the library, or the drop-in."""
    if way == "own":
        import importlib.util
        import types
        import typing

        place = importlib.util.find_spec("nannyml").submodule_search_locations[0]
        package = types.ModuleType("nannyml")
        package.__path__, package.__version__ = [place], "0.13.1"
        kinds = types.ModuleType("nannyml._typing")
        kinds.ParamSpec = typing.ParamSpec
        sys.modules.update({"nannyml": package, "nannyml._typing": kinds})
        from nannyml import usage_logging

        usage_logging.segment_analytics.host = url
    else:
        import footfall_nannyml
        from footfall_nannyml import usage_logging

        footfall_nannyml.install(url, "wk")
    return usage_logging


def decorated(usage_logging, reads=True):
    """A plot that does nothing, declared as NannyML declares its plots."""

    def plot(kind="performance"):
        return None

    event = usage_logging.UsageEvent.DLE_PLOT
    return usage_logging.log_usage(event, metadata_from_kwargs=["kind"] if reads else None)(plot)


def looped(function, count, rounds, *args):
    """ns of a call: the least of the rounds' means, as other work of the machine only adds.

    That favours NannyML, whose client works on another thread in some of the rounds.
    """
    means = []
    for _ in range(rounds):
        start = time.perf_counter_ns()
        for _ in range(count):
            function(*args)
        means.append((time.perf_counter_ns() - start) / count)
    return min(means)


def call(way, url):
    """ns of a call of a no-op, without and with a value read, and of the bare function."""
    _, usage_logging = library(way, url)
    measured = {}
    plain, reading = decorated(usage_logging, reads=False), decorated(usage_logging)
    if way == "after":
        import footfall_nannyml

        footfall_nannyml.install(url, "wk")
    count, rounds = (50, 200) if way == "own" else (1000, 200)
    for name, function in (("no value", plain), ("a value", reading)):
        function()
        measured[name] = looped(function, count, rounds)
    measured["bare"] = looped(plain.__wrapped__, 1000, 200)
    return measured


def exit_after(way, url, count, then=None):
    """Log `count` marked events; the monotonic time of the moment after which nothing is done.

    `then`: `work` for half a second, so that sending is under way at the end, or `flush`.
    """
    if way == "nothing":
        return {"last call": time.monotonic()}
    usage_logging = module(way, url)
    plot = decorated(usage_logging)
    for number in range(count):
        plot(kind=MARK % number)
    if then == "work":
        time.sleep(0.5)
    if then == "flush":
        flush = usage_logging.segment_analytics.flush if way == "own" else usage_logging.usage.flush
        flush(*([] if way == "own" else [10]))
    return {"last call": time.monotonic()}


def children(way, url, count):
    """One event here, then one in each of `count` forked children of multiprocessing."""
    import multiprocessing

    usage_logging = module(way, url)
    plot = decorated(usage_logging)
    plot(kind=MARK % 0)
    time.sleep(1)
    for number in range(1, count + 1):
        context = multiprocessing.get_context("fork")
        child = context.Process(target=plot, kwargs={"kind": MARK % number})
        child.start()
        child.join(15)
    return {}


def main(way, url, mode, count="1", *more):
    if mode == "call":
        return call(way, url)
    if mode == "import":
        start, cpu = time.perf_counter(), time.process_time()
        library(way, url)
        return {"seconds": time.perf_counter() - start, "cpu": time.process_time() - cpu}
    return {"exit": exit_after, "children": children}[mode](way, url, int(count), *more)


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)
    print(json.dumps(main(*sys.argv[1:])), flush=True)
    if sys.argv[3] == "import":
        os._exit(0)
