"""The user's command line, the manifest, the page, and what a library's own tests use."""

import json
import sys

import footfall
import pytest
from footfall import cli
from footfall.page import About, page
from footfall.testing import capture

LIBRARY = """
import footfall
usage = footfall.Usage(
    "mylib", "1.0", %r, "wk", opt_out_env="MY_OFF", version_property="my_version"
)

@usage.log("fit", arguments={"kind": "which method"}, properties={"family": "A"}, why="The core.")
def fit(data, kind: str = "x"):
    return kind

usage.declare("wizard", {"steps": "how long it takes"}, why="Is it used?")
"""


@pytest.fixture
def mylib(tmp_path, collector, monkeypatch):
    (tmp_path / "work" / "mylib.py").write_text(LIBRARY % collector.url)
    monkeypatch.setattr(sys, "path", list(sys.path))
    sys.modules.pop("mylib", None)
    yield tmp_path / "work"
    module = sys.modules.pop("mylib", None)
    if module is not None:
        module.usage.disable()


def test_status_on_and_off(usage, collector, capsys, home):
    collector.answer = 500
    usage.track("x")
    usage.flush(5)
    assert cli.main(["status", "lib"]) == 0
    out = capsys.readouterr().out
    assert "lib: on" in out
    assert collector.url in out
    assert "1 calls wait" in out
    assert cli.main(["off"]) == 0
    assert "1 calls that waited to be sent were deleted" in capsys.readouterr().out
    assert not usage.status().enabled
    assert cli.main(["on", "lib"]) == 0
    assert usage.status().enabled
    assert cli.main(["status", "another"]) == 0
    assert "another: off (the user chose off)" in capsys.readouterr().out


def test_on_says_when_something_else_still_forbids_it(usage, capsys, monkeypatch):
    usage.track("x")
    usage.flush(5)
    monkeypatch.setenv("DO_NOT_TRACK", "1")
    assert cli.main(["on", "lib"]) == 0
    assert "but it is off here, since DO_NOT_TRACK is set" in capsys.readouterr().out


def test_off_that_cant_be_remembered_fails(capsys, home):
    home.write_text("not a folder")
    assert cli.main(["off"]) == 1
    assert "FOOTFALL_DISABLE=1" in capsys.readouterr().err


def test_show_prints_what_waits_and_log_what_was_sent(usage, collector, capsys):
    collector.answer = 500
    usage.track("waits")
    usage.flush(5)
    assert cli.main(["show", "lib"]) == 0
    shown = json.loads(capsys.readouterr().out)
    collector.answer = "good"
    assert usage.flush(5)
    assert collector.events == [shown]
    assert cli.main(["log", "lib"]) == 0
    assert json.loads(capsys.readouterr().out) == shown
    assert cli.main(["show", "lib"]) == 0
    out, err = capsys.readouterr()
    assert "nothing waits" in err
    assert json.loads(out)["properties"]["library"] == "lib"


def test_erase_asks_the_collector_and_prints_a_receipt(usage, collector, capsys, home):
    usage.track("x")
    assert usage.flush(5)
    collector.body = b'{"success": true, "receipt": "r-1"}'
    collector.events.clear()
    assert cli.main(["erase", "lib"]) == 0
    receipt = json.loads(capsys.readouterr().out)
    assert receipt["receipt"]["receipt"] == "r-1"
    path, _, content = collector.requests[-1]
    assert path == "/v1/erase"
    assert json.loads(content) == {"writeKey": "wk_test", "install": usage.status().install_id}
    assert not list(home.rglob("sent*"))


@pytest.mark.parametrize("fault", [401, 500, "refused"])
def test_an_erasure_that_failed_says_so(usage, collector, capsys, fault):
    usage.track("x")
    assert usage.flush(5)
    collector.answer = fault
    if fault == "refused":
        collector.refuse()
    assert cli.main(["erase", "lib"]) == 1
    assert "nothing there was erased" in capsys.readouterr().err


def test_misuse_is_status_2(capsys):
    assert cli.main([]) == 2
    with pytest.raises(SystemExit) as stop:
        cli.main(["nonsense"])
    assert stop.value.code == 2


def test_the_module_runs(run):
    done = run(
        "import subprocess, sys\n"
        "sys.exit(subprocess.call([sys.executable, '-m', 'footfall', 'status']))"
    )
    assert "No library has logged" in done.stdout


def test_the_manifest_lists_events_properties_types_and_why(mylib):
    import importlib

    sys.path.insert(0, str(mylib))
    manifest = importlib.import_module("mylib").usage.manifest()
    assert manifest["opt_out_env"] == "MY_OFF"
    fit = manifest["events"]["fit"]
    assert fit["why"] == "The core."
    assert fit["properties"]["kind"] == {
        "type": "string", "from": "argument", "why": "which method",
    }  # fmt: skip
    assert fit["properties"]["family"]["values"] == ["A"]
    assert manifest["events"]["wizard"]["properties"]["steps"]["why"] == "how long it takes"
    assert manifest["common"]["my_version"]["type"] == "string"
    json.dumps(manifest)


def test_every_property_that_is_sent_is_in_the_manifest(make_usage):
    usage = make_usage("l", version_property="l_version")

    @usage.log("e", arguments=["a"], attributes=["b"], properties={"c": 1})
    def call(self, a):
        return a

    with capture(usage) as events:
        call(None, 1)
    manifest = usage.manifest()
    declared = set(manifest["common"]) | set(manifest["events"]["e"]["properties"])
    assert set(events[0]["properties"]) <= declared


def test_the_check_tells_when_code_and_manifest_differ(mylib, capsys):
    assert cli.main(["manifest", "check", "mylib:usage"]) == 1
    assert cli.main(["manifest", "write", "mylib:usage"]) == 0
    assert cli.main(["manifest", "check", "mylib:usage"]) == 0
    path = mylib / "footfall-manifest.json"
    path.write_text(path.read_text().replace('"kind"', '"kinds"'))
    capsys.readouterr()
    assert cli.main(["manifest", "check", "mylib:usage"]) == 1
    out, err = capsys.readouterr()
    assert '-        "kinds": {' in out
    assert "footfall manifest write mylib:usage" in err
    assert cli.main(["manifest", "check", "mylib:nothing"]) == 2


@pytest.mark.parametrize("form", ["md", "rst"])
def test_the_page_says_all_that_a_user_has_to_know(mylib, capsys, form):
    assert cli.main([
        "manifest", "page", "mylib:usage", "--format", form, "--project", "MyLib",
        "--contact", "privacy@mylib.example", "--why", "to please funders",
    ]) == 0  # fmt: skip
    page = capsys.readouterr().out
    for needed in (
        "MyLib", "fit", "The core.", "which method", "wizard", "MY_OFF=1", "docker run", ".env",
        "usage.disable()", "footfall off mylib", "footfall erase mylib", "DO_NOT_TRACK",
        "FOOTFALL_DISABLE", "personal data", "exception_type", "to please funders", "never its",
        "privacy@mylib.example", '"event": "fit"', "HMAC-SHA-256", "opt in",
    ):  # fmt: skip
        assert needed in page, needed


def test_capture_sends_nothing_and_works_when_logging_is_off(make_usage, collector, monkeypatch):
    usage = make_usage()
    usage.track("before")
    monkeypatch.setenv("FOOTFALL_DISABLE", "1")
    with capture(usage) as events:
        for _ in range(100):
            usage.track("x")
        assert len(events) == 100
    assert {event["properties"]["weight"] for event in events} == {1}
    usage.flush(1)
    assert collector.requests == []


def test_the_fixture_captures(footfall_capture, usage):
    events = footfall_capture(usage)
    usage.track("x")
    assert [event["event"] for event in events] == ["x"]


@pytest.mark.parametrize("form", ["md", "rst"])
def test_the_page_says_what_a_project_adds_and_keeps_many_events_short(form):
    usage = footfall.Usage("mylib", "1.0", "http://127.0.0.1:9", "wk")
    for number in range(20):
        usage.declare("event %d" % number, {"kind": "which kind"}, why="reason %d" % number)
    about = About(
        "MyLib",
        functions=("fitting a model",),
        commands=(("A script", "MYLIB_DISABLE_USAGE_LOGGING=1 python mine.py"),),
        in_code="mylib.silence()",
        reasons=(("Surviving", "It pays for the work."),),
        example={"event": "an event of our own"},
    )
    text = page(usage.manifest(), "1.0", about, form)
    for needed in (
        "fitting a model", "A script:", "python mine.py", "mylib.silence()",
        "It pays for the work.", "an event of our own", "event 19", "reason 19", "which kind",
    ):  # fmt: skip
        assert needed in text, needed
    assert "docker run" not in text  # the commands are the project's own
    headings = text.count("\n### ") if form == "md" else text.count("####")
    assert headings < 20  # one table instead of a heading each
