"""The user's will, in the contract's order, by every route."""

import os
import sys

import footfall
import pytest
from footfall import consent, state
from footfall.consent import Consent, decide, parse_dotenv

NAME = "LIB_DISABLE_USAGE_LOGGING"


def ask(**known):
    given = {
        "code": None, "name": NAME, "environ": {}, "dotenvs": {}, "choice": None,
        "in_ci": True, "ci": None, **known,
    }  # fmt: skip
    return decide(**given)


# Each speaks against the one before it and all that come after.
ORDER = [
    ("default", {}, True),
    ("ci", {"in_ci": False, "ci": "jenkins"}, False),
    ("user", {"choice": "on"}, True),
    ("dotenv", {"dotenvs": {"/x/.env": {NAME: ""}}}, False),
    ("do_not_track", {"environ": {"DO_NOT_TRACK": "1"}}, False),
    ("env", {"environ": {"DO_NOT_TRACK": "1", "FOOTFALL_DISABLE": ""}}, False),
    ("env", {"environ": {"DO_NOT_TRACK": "1", NAME: "0"}}, False),
    ("code", {"code": True}, True),
]


@pytest.mark.parametrize("last", range(len(ORDER)))
def test_the_first_that_speaks_wins(last):
    known = {}
    for _, more, _ in ORDER[: last + 1]:
        known.update(more)
    answer = ask(**known)
    assert (answer.source, answer.enabled) == (ORDER[last][0], ORDER[last][2])
    assert answer.reason


@pytest.mark.parametrize("value", ["0", "false", "False", "", " 0 "])
def test_do_not_track_may_say_nothing(value):
    assert ask(environ={"DO_NOT_TRACK": value}) == Consent(True, "nobody opted out", "default")
    assert ask(dotenvs={"/.env": {"DO_NOT_TRACK": value}}).enabled


@pytest.mark.parametrize("value", ["1", "true", "yes", "anything"])
def test_do_not_track_in_a_dotenv(value):
    assert ask(dotenvs={"/.env": {"DO_NOT_TRACK": value}}).source == "dotenv"


@pytest.mark.parametrize("value", ["1", "0", "false", "", "no"])
@pytest.mark.parametrize("name", [NAME, "FOOTFALL_DISABLE"])
def test_a_variable_counts_by_being_there(usage, monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    status = usage.status()
    assert (status.enabled, status.source) == (False, "env")


def test_the_variable_is_named_after_the_library_unless_it_chose_one(make_usage, monkeypatch):
    assert make_usage("my-lib.x2").opt_out_env == "MY_LIB_X2_DISABLE_USAGE_LOGGING"
    nannyml = make_usage("nannyml", opt_out_env="NML_DISABLE_USAGE_LOGGING")
    monkeypatch.setenv("NANNYML_DISABLE_USAGE_LOGGING", "1")
    assert nannyml.status().enabled
    monkeypatch.setenv("NML_DISABLE_USAGE_LOGGING", "")
    assert not nannyml.status().enabled


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("A=1", {"A": "1"}),
        ("export A=1\r\nB = 2 # c", {"A": "1", "B": "2"}),
        ("\ufeffA=1".lstrip("\ufeff"), {"A": "1"}),
        ("# A=1\n\nB", {"B": ""}),
        ("A='x # y'\nB=\"\"", {"A": "x # y", "B": ""}),
        ('KEY="-----\nLIB_DISABLE_USAGE_LOGGING=1\n-----"\nB=1', None),
        ('A="unclosed', {"A": "unclosed"}),
        ("=novalue", {"": "novalue"}),
    ],
)
def test_dotenv_files_are_read_as_others_read_them(text, names):
    parsed = parse_dotenv(text)
    if names is None:
        assert NAME not in parsed
        assert parsed["B"] == "1"
    else:
        assert parsed == names


@pytest.mark.parametrize("place", ["working", "working's parent", "script", "script's parent"])
def test_a_dotenv_is_honoured_and_never_loaded(run, tmp_path, collector, place):
    # The script lies in tmp_path/scripts/deep, the working directory is tmp_path/work.
    folder = {
        "working": tmp_path / "work",
        "working's parent": tmp_path,
        "script": tmp_path / "scripts" / "deep",
        "script's parent": tmp_path / "scripts",
    }[place]
    scripts = tmp_path / "scripts" / "deep"
    scripts.mkdir(parents=True)
    (folder / ".env").write_text("%s=\nOTHER=loaded\n" % NAME)
    (scripts / "real.py").write_text(
        "import os, footfall\n"
        "usage = footfall.Usage('lib', '1', %r, 'wk')\n"
        "usage.track('x')\n"
        "print(usage.status().source, usage.status().enabled, 'OTHER' in os.environ)\n"
        % collector.url
    )
    done = run(
        "import subprocess, sys\n"
        "print(subprocess.run([sys.executable, %r], stdout=-1).stdout.decode())"
        % str(scripts / "real.py")
    )
    assert done.stdout.split() == ["dotenv", "False", "False"]
    assert collector.requests == []


def test_a_dotenv_that_cant_be_read_is_no_dotenv(usage, tmp_path):
    (tmp_path / "work" / ".env").mkdir()
    (tmp_path / ".env").write_bytes(b"\xff\xfe\x00rubbish\n")
    assert usage.status().enabled


def test_a_deleted_working_directory_is_no_reason_to_fail(usage, tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()
    os.chdir(str(gone))
    gone.rmdir()
    try:
        assert usage.status().enabled
    finally:
        os.chdir(str(tmp_path))


def test_code_speaks_first(usage, monkeypatch):
    monkeypatch.setenv("FOOTFALL_DISABLE", "1")
    usage.enable()
    assert usage.status()[:3] == (True, "enabled in code", "code")
    usage.disable()
    assert usage.status()[:3] == (False, "disabled in code", "code")


def test_the_users_choice_is_remembered_for_one_library_or_for_all(make_usage, home):
    one, other = make_usage("one"), make_usage("other")
    assert one.opt_out()
    assert (one.status().enabled, one.status().source) == (False, "user")
    assert other.status().enabled
    assert not make_usage("one").status().enabled
    assert one.opt_in()
    assert (one.status().enabled, one.status().source) == (True, "user")
    state.choose(str(home), "off")
    assert not one.status().enabled
    assert not make_usage("a future one").status().enabled
    state.choose(str(home), "on", "one")
    assert one.status().enabled
    assert not other.status().enabled


def test_a_choice_that_cant_be_remembered_still_holds_here(usage, home):
    home.write_text("a file where the folder should be")
    assert usage.opt_out() is False
    assert usage.status().enabled is False


def test_opting_out_works_at_once_and_deletes_the_spool(make_usage, collector, home):
    collector.answer = 500
    usage = make_usage()
    for _ in range(3):
        usage.track("x")
    assert usage.flush(5) is False
    usage.track("buffered")
    assert usage.status().pending == 4
    assert list(home.rglob("*.events"))
    usage.opt_out()
    assert list(home.rglob("*.events")) == []
    collector.answer = "good"
    usage.track("y")
    status = usage.status()
    assert (status.enabled, status.pending, status.sent, status.lost) == (
        False, 0, 0, {"opt_out": 4},
    )  # fmt: skip
    assert usage.flush(1)
    assert collector.events == []


def test_a_variable_set_while_running_holds_from_then_on(usage, collector, monkeypatch):
    usage.track("before")
    assert usage.flush(5)
    usage.track("buffered")
    monkeypatch.setenv(NAME, "1")
    usage.flush(5)
    usage.track("after")
    assert [event["event"] for event in collector.events] == ["before"]
    status = usage.status()
    assert (status.enabled, status.pending, status.sent) == (False, 0, 1)
    assert sum(status.lost.values()) == 1 if status.lost else False
    monkeypatch.delenv(NAME)
    assert usage.status().enabled
    usage.track("again")
    assert usage.flush(5)
    assert [event["event"] for event in collector.events] == ["before", "again"]


def test_a_variable_set_before_the_first_call_holds(usage, collector, monkeypatch):
    monkeypatch.setenv(NAME, "1")
    usage.track("x")
    assert usage.flush()
    status = usage.status()
    assert (status.pending, status.sent, status.lost) == (0, 0, {})


def test_a_library_may_stay_silent_in_ci(make_usage, monkeypatch):
    usage = make_usage(in_ci=False)
    assert usage.status().enabled
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert (usage.status().enabled, usage.status().source) == (False, "ci")
    assert make_usage("other").status().enabled


def test_pytest_keeps_events_from_every_collector_but_a_local_one(make_usage, monkeypatch):
    monkeypatch.setenv(consent.PYTEST, "1")
    assert not make_usage(endpoint="https://usage.example.org").status().enabled
    assert not make_usage(endpoint="https://127.example@evil.example").status().enabled
    assert make_usage().status().enabled
    far = make_usage(endpoint="https://usage.example.org")
    far.enable()
    assert far.status().enabled
    far.disable()


WATCH = """
import sys
seen = []
QUIET = {"compile", "sys._getframemodulename", "exec", "marshal.loads", "object.__getattr__",
         "code.__new__", "os.listdir", "import", "sys._getframe", "object.__setattr__",
         "object.__delattr__", "sys.excepthook", "cpython._PySys_ClearAuditHooks",
         "os.scandir", "sys.unraisablehook"}
def watch(event, args):
    if event == "open":
        mode, flags = args[1], args[2]
        import os
        writes = isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        if writes:
            seen.append((event, str(args[0])))
    elif event not in QUIET:
        seen.append((event, str(args)))
sys.addaudithook(watch)
"""


@pytest.mark.parametrize("how", ["variable", "dotenv", "user", "code", "do not track"])
def test_off_means_no_file_no_thread_no_socket_no_child(run, collector, home, tmp_path, how):
    env = {}
    if how == "variable":
        env = {NAME: "1"}
    elif how == "do not track":
        env = {"DO_NOT_TRACK": "1"}
    elif how == "dotenv":
        (tmp_path / ".env").write_text(NAME + "=1")
    elif how == "user":
        state.choose(str(home), "off")
    before = sorted(str(p) for p in tmp_path.rglob("*") if "__pycache__" not in str(p))
    done = run(
        WATCH
        + ("usage.disable()\n" if how == "code" else "")
        + """
import _thread, atexit
@usage.log("x")
def f(): return 1
@usage.log("g")
def g(): yield 1
for _ in range(1000):
    f(); list(g()); usage.track("t")
with usage.span("s"): pass
assert usage.flush()
status = usage.status()
assert (status.enabled, status.pending, status.sent, status.lost) == (False, 0, 0, {}), status
assert usage.preview() == []
assert _thread._count() == 0
atexit.register(lambda: print(seen))  # registered last, so it would run before ours
import footfall.process
footfall.process.at_exit()
""",
        env=dict(env, PYTHONDONTWRITEBYTECODE="1"),
    )
    assert done.stdout.strip() == "[]"
    after = sorted(str(p) for p in tmp_path.rglob("*") if "__pycache__" not in str(p))
    assert [path for path in after if not path.endswith("script.py")] == before
    assert collector.requests == []


def test_the_audit_hook_of_that_proof_sees_what_it_should(run):
    done = run(WATCH + "usage.track('x'); usage.flush(5); print([e for e, _ in seen])")
    assert {"open", "socket.connect"} <= set(eval(done.stdout))


def test_importing_and_declaring_do_nothing(run, collector):
    done = run(
        WATCH
        + """
import threading
other = footfall.Usage("other", "1", "http://127.0.0.1:9", "wk")
@other.log("x")
def f(): return 1
import os, sys
print(seen, threading.active_count(), "http.client" in sys.modules, "json" in sys.modules)
""",
        env={"PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert done.stdout.split() == ["[]", "1", "False", "False"]
    assert "footfall" in sys.modules


def test_notice_is_given_once_on_a_terminal(run, home):
    script = """
import sys
class Terminal:
    text = ""
    def isatty(self): return True
    def write(self, text): Terminal.text += text
    def flush(self): pass
sys.stderr = Terminal()
usage.track("x"); usage.flush(5)
print(Terminal.text)
"""
    first = run(script, options="notice=True").stdout
    assert first.count("\n") == 2
    assert NAME in first
    assert "footfall show lib" in first
    assert run(script, options="notice=True").stdout.strip() == ""
    (home / "lib" / "noticed").unlink()
    assert run(script).stdout.strip() == ""
    assert run(script, options="notice=True", env={"CI": "true"}).stdout.strip() == ""
    assert run("usage.track('x'); usage.flush(5)", options="notice=True").stderr == ""


def test_the_lib_is_typed():
    folder = os.path.dirname(footfall.__file__)
    assert os.path.exists(os.path.join(folder, "py.typed"))
