"""What is wrong with NannyML's own usage logging, done wrong by it and right by the drop-in.

Every case is one script that runs twice in NannyML's environment: on its own module `usage_logging`
as it is on PyPI (loaded without the rest of the library, which takes seconds), and on the drop-in.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

PREAMBLE = """
import importlib.util, json, os, sys
which, url, place = sys.argv[1:]
if which == "original":
    import types, typing
    package = types.ModuleType("nannyml")
    package.__path__, package.__version__ = [place], "0.13.1"
    sys.modules["nannyml"] = package
    import segment.analytics
    segment.analytics.write_key, segment.analytics.max_retries = "the host's own", 7
    from nannyml import usage_logging
    segment.analytics.host = url
    flush = segment.analytics.flush
else:
    from footfall_nannyml import usage_logging
    usage_logging.usage.configure(url, "wk_test")
    flush = lambda: usage_logging.usage.flush(10)
log_usage, UsageEvent = usage_logging.log_usage, usage_logging.UsageEvent
EVENT = UsageEvent.DLE_PLOT
said = {}
"""
Case = Callable[..., dict[str, Any]]


@pytest.fixture
def case(
    nannyml_environment: Path, tmp_path: Path, make_collector: Any, nannyml_settings: Any
) -> Case:
    """Run a script on both; for each, what it said, the events that arrived, and its stderr."""

    def run(script: str, dotenv: str = "") -> dict[str, Any]:
        found = {}
        (source,) = nannyml_environment.glob("lib/python3*/site-packages/nannyml")
        for which in ("original", "ours"):
            collector = make_collector()
            project = tmp_path / which
            place = project / "lib/nannyml"  # a library inside the project, as in a venv
            place.mkdir(parents=True)
            for name in ("usage_logging.py", "_typing.py"):
                shutil.copy(source / name, place)
            (place / "_typing.py").write_text("from typing import ParamSpec\n")
            (project / ".env").write_text(dotenv)
            script_file = project / "script.py"
            ending = "\nflush()\nprint(json.dumps(said))\n"
            script_file.write_text(PREAMBLE + textwrap.dedent(script) + ending)
            done = subprocess.run(
                [str(nannyml_environment / "bin/python"), str(script_file), which, collector.url,
                 str(place)],
                env=nannyml_settings(tmp_path / "home" / which), cwd=project,
                capture_output=True, text=True, timeout=100,
            )  # fmt: skip
            assert done.returncode == 0, done.stderr
            said = json.loads(done.stdout.splitlines()[-1])
            found[which] = {"said": said, "events": collector.events, "stderr": done.stderr}
        return found

    return run


def arrived(found: dict[str, Any]) -> tuple[int, int]:
    """Events of the original, and ours."""
    return len(found["original"]["events"]), len(found["ours"]["events"])


def properties(found: dict[str, Any], which: str, place: int = 0) -> dict[str, Any]:
    return found[which]["events"][place]["properties"]  # type: ignore[no-any-return]


def test_an_opt_out_in_a_dotenv_holds_though_the_library_is_outside_the_project(
    case: Case, tmp_path: Path
) -> None:
    found = case(
        """
        os.makedirs("project")
        os.chdir("project")
        open(".env", "w").write("NML_DISABLE_USAGE_LOGGING=1")
        log_usage(EVENT)(lambda: None)()
        """
    )
    assert arrived(found) == (1, 0)


def test_a_dotenv_is_not_loaded_into_the_environment(case: Case) -> None:
    found = case("said['loaded'] = 'MY_PASSWORD' in os.environ", dotenv="MY_PASSWORD=secret\n")
    assert found["original"]["said"] == {"loaded": True}
    assert found["ours"]["said"] == {"loaded": False}


HIDE = """
import io
stat, opened = os.stat, io.open
def hiding_stat(path, *args, **more):
    if str(path) in HIDDEN:
        raise FileNotFoundError(2, "No such file", str(path))
    return stat("/" if str(path).rstrip("/") in SHOWN else path, *args, **more)
def hiding_open(path, *args, **more):
    if str(path).startswith("/proc"):
        raise FileNotFoundError(2, "No such file", str(path))
    return opened(path, *args, **more)
os.stat = hiding_stat
"""


def test_no_event_is_lost_where_there_is_no_proc(case: Case) -> None:
    found = case(
        "HIDDEN, SHOWN = ['/.dockerenv', '/run/.containerenv'], []\n" + HIDE + "import builtins\n"
        "io.open = builtins.open = hiding_open\n"
        "log_usage(EVENT)(lambda: None)()\n"
    )
    assert arrived(found) == (0, 1)


def test_no_call_asks_the_network_where_it_runs(case: Case) -> None:
    """Where Kubernetes is, the original asks the cloud's metadata service and waits 5 s for it."""
    found = case(
        "HIDDEN = ['/.dockerenv', '/run/.containerenv']\n"
        "SHOWN = ['/var/run/secrets/kubernetes.io',"
        " '/var/run/secrets/kubernetes.io/serviceaccount']\n" + HIDE + "import socket\n"
        "connect = socket.socket.connect\n"
        "said['asked'] = []\n"
        "def watched(self, address):\n"
        "    if address[0] != '127.0.0.1':\n"
        "        said['asked'].append(address[0])\n"
        "        raise OSError('nothing is there')\n"
        "    return connect(self, address)\n"
        "socket.socket.connect = watched\n"
        "import pathlib\n"
        "original_open = pathlib.Path.open\n"
        "pathlib.Path.open = lambda self, *a, **k: original_open(\n"
        "    pathlib.Path(os.devnull) if str(self).startswith('/proc') else self, *a, **k)\n"
        "log_usage(EVENT)(lambda: None)()\n"
    )
    assert "169.254.169.254" in found["original"]["said"]["asked"]
    assert found["ours"]["said"]["asked"] == []
    where = properties(found, "ours")["runtime_environment"]
    assert where in ("kubernetes", "aks", "eks")


def test_the_hardware_address_does_not_leave(case: Case) -> None:
    found = case(
        """
        import uuid
        said["node"] = f"{uuid.getnode():012x}"
        log_usage(EVENT)(lambda: None)()
        """
    )
    for which, leaves in (("original", True), ("ours", False)):
        sent = json.dumps(found[which]["events"])
        assert (found[which]["said"]["node"] in sent) is leaves


def test_an_interrupt_while_logging_ends_the_program(case: Case) -> None:
    found = case(
        """
        import signal

        class Slow(usage_logging.UsageLogger):
            def _log(self, usage_event, metadata):
                signal.raise_signal(signal.SIGINT)  # Ctrl-C, while the logger waits

        said["swallowed"] = False
        try:
            log_usage(EVENT, logger=Slow())(lambda: None)()
            said["swallowed"] = True
        except KeyboardInterrupt:
            pass
        """
    )
    assert found["original"]["said"] == {"swallowed": True}
    assert found["ours"]["said"] == {"swallowed": False}


def test_an_async_call_is_timed_to_its_end_and_its_error_seen(case: Case) -> None:
    found = case(
        """
        import asyncio

        @log_usage(EVENT)
        async def plot():
            await asyncio.sleep(0.1)
            raise LookupError

        try:
            asyncio.run(plot())
        except LookupError:
            pass
        """
    )
    theirs, ours = properties(found, "original"), properties(found, "ours")
    assert (theirs["run_time"] < 0.1, theirs["exception_occurred"]) == (True, False)
    assert (ours["run_time"] >= 0.1, ours["exception_occurred"]) == (True, True)


def test_the_hosts_own_segment_client_is_left_alone(case: Case) -> None:
    found = case(
        """
        import segment.analytics
        if which == "ours":
            segment.analytics.write_key, segment.analytics.max_retries = "the host's own", 7
        log_usage(EVENT)(lambda: None)()
        said["key"] = segment.analytics.write_key
        said["retries"] = segment.analytics.max_retries
        """
    )
    assert found["original"]["said"]["key"] != "the host's own"
    assert found["ours"]["said"] == {"key": "the host's own", "retries": 7}


def test_a_kind_that_is_passed_by_position_is_reported_as_it_is(case: Case) -> None:
    found = case(
        """
        class Result:
            @log_usage(EVENT, metadata_from_kwargs=["kind"])
            def plot(self, kind="performance"):
                return kind

        Result().plot("drift")
        """
    )
    assert properties(found, "original")["kind"] == "performance"
    assert properties(found, "ours")["kind"] == "drift"


def test_one_call_does_not_change_what_the_next_one_says(case: Case) -> None:
    found = case(
        """
        shared = {"family": "DLE"}

        @log_usage(EVENT, metadata=shared)
        def plot(fails):
            if fails:
                raise LookupError

        try:
            plot(True)
        except LookupError:
            pass
        flush()
        plot(False)
        said["shared"] = sorted(shared)
        """
    )
    assert properties(found, "original", 1)["exception_type"] == "LookupError"
    assert properties(found, "ours", 1)["exception_type"] is None
    assert properties(found, "ours", 1)["family"] == "DLE"
    assert "exception_type" in found["original"]["said"]["shared"]
    assert found["ours"]["said"] == {"shared": ["family"]}


def test_events_of_forked_children_arrive(case: Case) -> None:
    """The original logs in the parent first, so its client's thread is missing in the children."""
    found = case(
        """
        import multiprocessing

        plot = log_usage(EVENT)(lambda: None)
        plot()
        flush()
        children = [multiprocessing.get_context("fork").Process(target=plot) for _ in range(3)]
        for child in children:
            child.start()
        for child in children:
            child.join(20)
        """
    )
    assert arrived(found) == (1, 4)


def test_events_for_a_dead_collector_arrive_later_and_nothing_is_printed(case: Case) -> None:
    found = case(
        """
        import socket, subprocess
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            dead = f"http://127.0.0.1:{probe.getsockname()[1]}"
        plot = log_usage(EVENT)(lambda: None)
        if os.environ.get("FIRST"):
            if which == "original":
                segment.analytics.host = dead
            else:
                usage_logging.usage.given_endpoint = dead
            for _ in range(10):
                plot()
        else:
            first = {**os.environ, "FIRST": "1"}
            subprocess.run([sys.executable, *sys.argv], env=first, stdout=subprocess.DEVNULL)
            plot()
        """
    )
    weights = [event["properties"].get("weight", 1) for event in found["original"]["events"]]
    assert sum(weights) == 1  # the second process's own
    weights = [event["properties"]["weight"] for event in found["ours"]["events"]]
    assert sum(weights) == 11
    assert found["original"]["stderr"] != ""
    assert found["ours"]["stderr"] == ""


def test_what_is_installed_is_what_is_tested(nannyml_environment: Path) -> None:
    """The original is NannyML 0.13.1, untouched: its record says what each file has to be."""
    (info,) = nannyml_environment.glob("lib/python3*/site-packages/nannyml-*.dist-info")
    assert info.name == "nannyml-0.13.1.dist-info"
    import base64
    import hashlib

    for line in (info / "RECORD").read_text().splitlines():
        name, digest, _ = line.rsplit(",", 2)
        if name.endswith("nannyml/usage_logging.py"):
            content = (info.parent / name).read_bytes()
            found = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=")
            assert digest == f"sha256={found.decode()}"
            return
    raise AssertionError(f"{os.fspath(info)} names no usage_logging.py")
