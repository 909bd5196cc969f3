"""Ends, forks, threads and signals: the host sees nothing of it, and nothing is lost."""

import os
import signal
import subprocess
import sys
import time

import pytest

FUNCTION = """
@usage.log("x", properties={"from": "decorator"})
def f(mark=None):
    return mark
"""
posix = pytest.mark.skipif(os.name != "posix", reason="there is no fork on Windows")


def events_of(collector, name="x"):
    return [event for event in collector.events if event["event"] == name]


def test_events_are_delivered_at_the_end(run, collector):
    run(FUNCTION + "f()", options="exit_timeout=5")
    assert len(events_of(collector)) == 1


def test_a_thousand_events_at_the_end_none_lost_none_doubled(run, collector, home):
    run(FUNCTION + "for i in range(1000): f()", options="burst=None, exit_timeout=5")
    assert len(collector.events) == 1000
    assert len(set(collector.ids)) == 1000
    assert list(home.rglob("*.events")) == []


def test_refused_at_the_end_and_delivered_by_the_next_run(run, collector, home):
    collector.refuse()
    run(FUNCTION + "for i in range(1000): f()", options="burst=None")
    assert list(home.rglob("*.events"))
    collector.accept_again()
    run(FUNCTION + "f(); assert usage.flush(10); print(usage.status())", options="burst=None")
    assert len(collector.events) == 1001
    assert len(set(collector.ids)) == 1001
    assert len({event["properties"]["session_id"] for event in collector.events}) == 2


def test_a_black_hole_at_the_end_loses_nothing(run, collector):
    collector.answer = "black hole"
    script = (
        FUNCTION
        + """
for i in range(1000): f()
import atexit, time
import footfall.process
start = time.monotonic()
footfall.process.at_exit()
print(time.monotonic() - start)
"""
    )
    # The time that it takes is a benchmark's matter; here it must only be far from the network's.
    assert float(run(script, options="burst=None").stdout) < 2
    collector.answer = "good"
    run(FUNCTION + "f(); assert usage.flush(10)", options="burst=None")
    assert len(collector.events) == 1001


def test_a_request_under_way_at_the_end_is_not_doubled_on_disk(run, collector, home):
    collector.answer = "slow"
    run(
        FUNCTION + "f(); import time; usage.flush(0.1); f(2)",
        options="exit_timeout=5",
    )
    assert len(collector.events) == len(set(collector.ids)) == 2
    assert list(home.rglob("*.events")) == []


def test_an_event_logged_at_exit_by_the_host_is_sent(run, collector):
    run(
        FUNCTION + "import atexit; atexit.register(f); f()",
        options="exit_timeout=5",
    )
    assert collector.weight == 2


@pytest.mark.parametrize(
    ("end", "status"),
    [
        ("pass", 0),
        ("sys.exit(7)", 7),
        ("raise RuntimeError('the host fails')", 1),
        ("raise KeyboardInterrupt", -signal.SIGINT),
        ("os.kill(os.getpid(), signal.SIGINT); time.sleep(5)", -signal.SIGINT),
        ("os.kill(os.getpid(), signal.SIGTERM); time.sleep(5)", -signal.SIGTERM),
        ("os._exit(9)", 9),
    ],
)
@pytest.mark.parametrize(
    ("answer", "pause"),  # while the sender imports, and when it has
    [("good", 0), ("good", 0.012), ("good", 0.03), ("black hole", 0.2)],
)
@posix
def test_the_exit_status_is_the_hosts(run, collector, end, status, pause, answer):
    collector.answer = answer
    script = "import os, sys, signal, time\n%s\nf()\ntime.sleep(%r)\n%s" % (FUNCTION, pause, end)
    with_us = run(script, check=False)
    assert with_us.returncode == status
    assert "footfall" not in with_us.stderr.replace("script.py", "")
    assert ("Traceback" in with_us.stderr) == (status in (1, -signal.SIGINT))


CHILDREN = {
    "fork, then exit": """
import os, sys
for mark in range(5):
    if os.fork() == 0:
        f(mark)
        sys.exit(0)
for mark in range(5):
    assert os.wait()[1] == 0
""",
    "fork, flush, then _exit": """
import os
for mark in range(5):
    if os.fork() == 0:
        f(mark)
        os._exit(0 if usage.flush(10) else 1)
for mark in range(5):
    assert os.wait()[1] == 0
""",
    "multiprocessing": """
if __name__ == "__main__":
    import multiprocessing, sys
    context = multiprocessing.get_context(METHOD)
    children = [context.Process(target=f, args=(mark,)) for mark in range(5)]
    for child in children: child.start()
    for child in children:
        child.join()
        assert child.exitcode == 0
""",
    "pool": """
if __name__ == "__main__":
    import multiprocessing
    pool = multiprocessing.get_context(METHOD).Pool(2)
    assert pool.map(f, range(5), chunksize=1) == list(range(5))
    pool.close()
    pool.join()
""",
    "executor": """
if __name__ == "__main__":
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor
    with ProcessPoolExecutor(2) as pool:
        assert list(pool.map(f, range(5))) == list(range(5))
""",
}
MARKED = """
import warnings
warnings.simplefilter("ignore")
@usage.log("x", arguments=["mark"])
def f(mark=None):
    return mark
"""


@pytest.mark.parametrize("parent", ["quiet", "has logged", "is sending"])
@pytest.mark.parametrize(
    ("name", "method"),
    [
        ("fork, then exit", None),
        ("fork, flush, then _exit", None),
        ("multiprocessing", "fork"),
        ("multiprocessing", "spawn"),
        ("multiprocessing", "forkserver"),
        ("pool", "fork"),
        ("executor", None),
    ],
)
@posix
def test_every_child_delivers(run, collector, name, method, parent):
    before = {
        "quiet": "",
        "has logged": "f('parent'); assert usage.flush(10)\n",
        "is sending": "f('parent')\n",  # its sender is just importing what it needs
    }[parent]
    if before:
        before = "if __name__ == '__main__':\n    " + before
    script = MARKED + before + CHILDREN[name].replace("METHOD", repr(method))
    run(script, options="exit_timeout=5")
    marks = [event["properties"]["mark"] for event in events_of(collector)]
    assert sorted(m for m in marks if m != "parent") == [0, 1, 2, 3, 4]
    assert marks.count("parent") == (1 if before else 0)
    assert len(set(collector.ids)) == len(collector.ids)


@posix
def test_a_child_doesnt_send_what_its_parent_buffered(run, collector):
    run(
        MARKED
        + """
import os
for i in range(10): f(i)
child = os.fork()
if child == 0:
    assert usage.status().pending == 0, usage.status()
    f("child")
    assert usage.flush(10)
    assert usage.status().sent == 1
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
assert usage.flush(10)
assert usage.status().sent == 10
""",
    )
    assert len(collector.events) == 11


@posix
def test_a_child_of_a_thread_that_forks_during_imports(run, collector):
    # The sender's imports are made slow, and the fork falls right into one.
    run(
        MARKED
        + """
import os, sys, time
class Slow:
    def find_spec(self, name, path=None, target=None):
        if name == "http.client":
            time.sleep(0.3)
sys.meta_path.insert(0, Slow())
f("parent")
time.sleep(0.15)
child = os.fork()
if child == 0:
    f("child")
    os._exit(0 if usage.flush(10) else 1)
assert os.waitpid(child, 0)[1] == 0
assert usage.flush(10)
""",
    )
    assert sorted(e["properties"]["mark"] for e in collector.events) == ["child", "parent"]


def test_threads(run, collector):
    run(
        MARKED
        + """
import threading
threads = [threading.Thread(target=lambda: [f() for _ in range(1000)]) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
assert usage.flush(10)
status = usage.status()
assert (status.sent, status.pending, status.lost) == (8000, 0, {}), status
""",
    )
    assert collector.weight == 8000


def test_where_no_thread_can_be_started(run, collector):
    run(
        MARKED
        + """
import threading
start = threading.Thread.start
def refuse(self):
    raise RuntimeError("can't start new thread")
threading.Thread.start = refuse
f("first")
threading.Thread.start = start
assert usage.flush(0.1) is False
""",
    )
    assert collector.events == []
    run(MARKED + "f('second'); assert usage.flush(10)")
    assert [e["properties"]["mark"] for e in collector.events] == ["second", "first"]


@pytest.mark.parametrize(
    "spoil",
    [
        "sys.stderr.close()",
        "sys.stderr = None",
        "sys.stdout.close()",
        "os.close(2)",
        "sys.excepthook = None",
        "threading.excepthook = None",
        "sys.stderr = type('Odd', (), {'flush': lambda self: None})()",
        "del sys.modules['footfall.debug']",
        "time.time = lambda: -1e12",
        "os.environ['HOME'] = ''; del os.environ['FOOTFALL_HOME']",
        "os.environ['FOOTFALL_HOME'] = '/proc/nowhere'",
        "os.environ['FOOTFALL_HOME'] = '/dev/null'",
        "os.environ['FOOTFALL_DEBUG'] = '1'; sys.stderr.close()",
    ],
)
def test_a_host_that_spoils_things_is_left_alone(run, collector, spoil):
    done = run(
        "import os, sys, threading, time\n" + MARKED
        + "sys.modules.setdefault('footfall.debug', None)\n" * ("modules" in spoil)
        + spoil + "\nfor i in range(50): f(i)\nusage.flush(10)\nos._exit(0) if 0 else None\n",
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


def test_a_read_only_home(run, collector, home):
    home.mkdir()
    home.chmod(0o500)
    collector.answer = 500
    script = MARKED + "f(1); print(usage.flush(10)); print(usage.status()[5:])"
    done = run(script)
    assert done.stdout.splitlines()[0] == "False"
    home.chmod(0o700)


def test_the_clock_may_step_back(run, collector):
    run(
        MARKED
        + """
import time
f(1); f(2)
assert usage.flush(10)
real = time.time
time.time = lambda: real() - 86400
f(3)
assert usage.flush(10)
assert usage.status().sent == 3
"""
    )
    assert all(event["properties"]["run_time"] >= 0 for event in collector.events)


def test_a_finalizer_that_logs_while_the_interpreter_ends(run, collector):
    run(
        FUNCTION
        + """
class Late:
    def __del__(self):
        f()
late = Late()
late.cycle = late
f()
"""
    )


LEAVING = """
import atexit
atexit.register(print, "leaving", flush=True)  # before our own, which was registered earlier
"""


@posix
def test_ctrl_c_while_waiting_at_the_end(run, collector, tmp_path):
    collector.answer = "black hole"
    script = tmp_path / "script.py"
    run(FUNCTION + "f()", options="exit_timeout=0.1")  # writes the script
    script.write_text(script.read_text().replace("0.1", "20") + LEAVING)
    child = subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path)),
    )
    assert child.stdout.readline() == b"leaving\n"
    time.sleep(0.5)
    child.send_signal(signal.SIGINT)
    _, errors = child.communicate(timeout=10)
    assert child.returncode == 0
    assert errors == b""


@posix
def test_an_interrupted_program_keeps_its_events(run, collector):
    """And the trap is real: without our care its exit status would be 1."""
    interrupt = "import os, signal, time\nf()\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep(5)"
    assert run(FUNCTION + interrupt, check=False).returncode == -signal.SIGINT
    run(FUNCTION + "f(); assert usage.flush(10)")
    # It may have ended before it read the answer: then the next one sends the same event again.
    assert len(set(collector.ids)) == 2
    trap = (
        "import atexit, os, signal, time\n"
        "atexit.register(lambda: __import__('http.client'))\n"
        "os.kill(os.getpid(), signal.SIGINT)\n"
        "time.sleep(5)\n"
    )
    trapped = subprocess.run([sys.executable, "-c", trap], stderr=subprocess.DEVNULL)
    assert trapped.returncode == 1
