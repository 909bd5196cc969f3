"""NannyML as it is on PyPI, with Footfall installed before its import and after it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from footfall_nannyml.page import as_text, kept_manifest, users_page

ROOT = Path(__file__).resolve().parents[3]

BEFORE = """
import json, sys
import footfall_nannyml
usage = footfall_nannyml.install(sys.argv[1], "wk_test")
import nannyml.usage_logging
from footfall_nannyml import usage_logging
from footfall_nannyml.page import declared_manifest
from footfall.testing import capture
modules = sorted(name for name in sys.modules if name.startswith("segment"))
import nannyml as nml

frame, _, _ = nml.load_synthetic_car_loan_dataset()
with capture(usage) as events:
    calculator = nml.SummaryStatsRowCountCalculator(chunk_size=5000)
    result = calculator.fit(frame).calculate(frame)
    result.plot()
    try:
        calculator.calculate("not a table")
    except nml.exceptions.CalculatorException as error:
        raised = type(error.__context__).__name__
nml.disable_usage_logging()
off = usage.status()
nml.enable_usage_logging()
print(json.dumps({
    "segment": modules,
    "same": nannyml.usage_logging.log_usage is usage_logging.log_usage,
    "attribute": nml.usage_logging is sys.modules["nannyml.usage_logging"],
    "raised": raised, "events": events,
    "off": [off.enabled, off.source], "on": usage.status().enabled,
    "manifest": declared_manifest(),
}))
"""

AFTER = """
import inspect, json, sys
import nannyml as nml
from nannyml import log_usage
from nannyml import usage_logging as original
import segment.analytics
import footfall_nannyml
from footfall.testing import capture
from footfall_nannyml import usage_logging as ours

def shape(function):
    return [[p.name, str(p.kind), p.default is p.empty] for p in
            inspect.signature(function).parameters.values()]

shapes = {}
for name in ("log_usage", "get_logger", "enable_usage_logging", "disable_usage_logging",
             "SegmentUsageTracker", "SegmentUsageTracker._log", "UsageLogger.log"):
    first, _, method = name.partition(".")
    pair = [getattr(module, first) for module in (original, ours)]
    shapes[name] = [shape(getattr(each, method) if method else each) for each in pair]
members = [{m.name: m.value for m in module.UsageEvent} for module in (original, ours)]

class Mine(original.UsageLogger):
    logged = []
    def _log(self, usage_event, metadata):
        self.logged.append(usage_event.value)

mine = log_usage(nml.UsageEvent.CLI_RUN, logger=Mine())(lambda: "mine")
theirs = log_usage(nml.UsageEvent.CLI_RUN)(lambda: "theirs")
held = nml.SummaryStatsRowCountCalculator._fit  # a reference from before
tracker = original.SegmentUsageTracker  # and a logger's class

usage = footfall_nannyml.install(sys.argv[1], "wk_test")
footfall_nannyml.install(sys.argv[1], "wk_test")
nml.DatabaseWriter  # imported when it is first asked for, after the installation

frame, _, _ = nml.load_synthetic_car_loan_dataset()
with capture(usage) as events:
    calculator = nml.SummaryStatsRowCountCalculator(chunk_size=5000)
    calculator.fit(frame)
    held(calculator, frame)
    results = [mine(), theirs()]
    tracker().log(nml.UsageEvent.DLE_PLOT, {"run_time": 2.0, "kind": "drift"})
print(json.dumps({
    "shapes": shapes, "members": members, "results": results, "mine": Mine.logged,
    "events": [event["event"] for event in events],
    "run time": events[-1]["properties"]["run_time"],
    "late": "Exported results with DatabaseWriter" in usage.declarations,
    "segment started": segment.analytics.default_client is not None,
}))
"""


@pytest.fixture(scope="module")
def nobody() -> str:
    """An address where nothing listens; events are captured."""
    return "http://127.0.0.1:9"


def test_before_the_import_the_drop_in_takes_its_place(run_nannyml: Any, nobody: str) -> None:
    said = run_nannyml(BEFORE, nobody)
    assert said["segment"] == []
    assert said["same"]
    assert said["attribute"]
    names = [event["event"] for event in said["events"]]
    assert names == [f"Simple Stats Count {what}" for what in ("run", "fit", "run", "plot", "run")]
    failed = said["events"][-1]["properties"]
    assert failed["exception_type"] == said["raised"]
    assert failed["nannyml_version"] == failed["library_version"] == "0.13.1"
    assert said["off"] == [False, "code"]
    assert said["on"]
    # What the decorators of the real NannyML declare is what is kept here, and so on the page.
    assert as_text(said["manifest"]) == as_text(kept_manifest())


def test_after_the_import_every_wrapped_function_logs_by_footfall(
    run_nannyml: Any, nobody: str
) -> None:
    said = run_nannyml(AFTER, nobody)
    for name, (original, ours) in said["shapes"].items():
        assert original == ours, name
    assert said["members"][0] == said["members"][1]
    assert said["results"] == ["mine", "theirs"]
    assert said["mine"] == ["CLI run"]
    fit, run = "Simple Stats Count fit", "Simple Stats Count run"
    assert said["events"] == [run, fit, run, fit, "CLI run", "DLE estimator plot"]
    assert said["run time"] == 2.0
    assert said["late"]
    assert not said["segment started"]


def test_the_manifest_has_the_events_and_properties_of_nannyml() -> None:
    events = kept_manifest()["events"]
    assert len(events) == 48
    assert set(events["Realized performance calculator run"]["properties"]) == {
        "metrics",
        "problem_type",
    }
    assert all(event["why"] for event in events.values())
    assert all(one["why"] for event in events.values() for one in event["properties"].values())


def test_the_committed_page_is_the_one_that_the_manifest_makes() -> None:
    committed = (ROOT / "docs/nannyml.md").read_text(encoding="utf-8")
    made = users_page()
    assert committed == made, "run: python -m footfall_nannyml.page page > docs/nannyml.md"


def _premium(folder: Path, **settings: str) -> Any:
    code = (
        "import json, sys\n"
        "try:\n"
        "    import nannyml_premium\n"
        "    found = nannyml_premium.__file__\n"
        "except ImportError as error:\n"
        "    found = [type(error).__name__, error.name]\n"
        "from_env = sys.modules.get('footfall_nannyml.project')\n"
        "print(json.dumps([found, 'footfall' in sys.modules,"
        " bool(from_env and from_env.usage.configured)]))\n"
    )
    names = ("FOOTFALL_NANNYML_ENDPOINT", "FOOTFALL_NANNYML_WRITE_KEY")
    kept = {name: value for name, value in os.environ.items() if name not in names}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**kept, "PYTHONPATH": str(folder), **settings},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return json.loads(done.stdout)


def test_the_door_that_nannyml_leaves_open_is_used_only_when_it_is_asked_for() -> None:
    here = ROOT / "packages/footfall-nannyml/src"
    absent = ["ModuleNotFoundError", "nannyml_premium"]
    assert _premium(here) == [absent, False, False]
    where = {"FOOTFALL_NANNYML_ENDPOINT": "http://127.0.0.1:9"}
    assert _premium(here, **where) == [absent, True, False]  # no key: nothing is installed
    assert _premium(here, **where, FOOTFALL_NANNYML_WRITE_KEY="wk") == [absent, True, True]


def test_a_real_package_of_that_name_is_never_hidden(tmp_path: Path) -> None:
    shutil.copy(ROOT / "packages/footfall-nannyml/src/nannyml_premium.py", tmp_path)
    real = tmp_path / "nannyml_premium/__init__.py"
    real.parent.mkdir()
    real.write_text("")
    found, _, _ = _premium(tmp_path, FOOTFALL_NANNYML_ENDPOINT="http://127.0.0.1:9")
    assert found == str(real)


def test_the_wheel_has_all_of_it_and_nothing_that_runs_at_the_start_of_python(
    tmp_path: Path,
) -> None:
    subprocess.run(
        [sys.executable, str(ROOT / "tools/bootstrap.py"), "uv", "build", "--quiet", "--wheel",
         "--out-dir", str(tmp_path), str(ROOT / "packages/footfall-nannyml")],
        check=True,
    )  # fmt: skip
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {"nannyml_premium.py", "footfall_nannyml/manifest.json"} <= set(names)
    assert not [name for name in names if name.endswith((".pth", ".start"))]
