"""Installed after the import on every CPython from 3.8 on that this machine has."""

from __future__ import annotations

import glob
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

MINORS = ["3.8", "3.9", "3.10", "3.11", "3.12", "3.13"]
SCRIPT = """
import json, sys
from nannyml import usage_logging

class Result:
    @usage_logging.log_usage(usage_logging.UsageEvent.DLE_PLOT, metadata_from_kwargs=["kind"])
    def plot(self, kind="performance"):
        if kind == "bad":
            raise ValueError
        return kind

held = Result().plot  # a reference from before
import footfall_nannyml
from footfall.testing import capture

usage = footfall_nannyml.install("http://127.0.0.1:9", "wk_test")
with capture(usage) as events:
    assert held("drift") == "drift"
    try:
        Result().plot("bad")
    except ValueError:
        pass
print(json.dumps([[e["properties"][n] for n in ("kind", "exception_type")] for e in events]))
"""
STUBS = {
    "nannyml/__init__.py": "__version__ = '0.13.1'\n",
    "nannyml/_typing.py": "class P:\n    args = kwargs = 0\n\ndef ParamSpec(name):\n    return P\n",
    "dotenv.py": "def load_dotenv():\n    pass\n",
    "segment/analytics.py": "",
}


def interpreters() -> dict[str, str]:
    """One interpreter a minor version: this one's, then those of PATH and of pyenv."""
    found = {f"{sys.version_info.major}.{sys.version_info.minor}": sys.executable}
    pyenv = os.environ.get("PYENV_ROOT", "/nowhere")
    if pyenv == "/nowhere" and shutil.which("pyenv"):
        asked = ["pyenv", "root"]
        pyenv = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
    for minor in MINORS:
        named = [f"{pyenv}/versions/{minor}.*/bin/python", shutil.which(f"python{minor}") or ""]
        for python in [path for name in named for path in glob.glob(name)]:
            asked = [python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
            told = subprocess.run(asked, capture_output=True, text=True, check=False)
            if told.stdout.strip() == minor:
                found.setdefault(minor, python)
    return found


def test_wrapped_functions_are_replaced_on_every_python_that_is_here(
    nannyml_environment: Path, nannyml_settings: Any, tmp_path: Path
) -> None:
    """NannyML's own module, only its annotations left out, which older Pythons can't evaluate."""
    (original,) = nannyml_environment.glob("lib/python3*/site-packages/nannyml/usage_logging.py")
    source = original.read_text()
    for annotation in ("Callable[[Callable[P, T]], Callable[P, T]]", "Callable[P, T]"):
        source = source.replace(annotation, "Any")
    for name, text in {**STUBS, "nannyml/usage_logging.py": source}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    env = nannyml_settings(tmp_path / "home")
    env["PYTHONPATH"] += os.pathsep + str(tmp_path)
    found = interpreters()
    for minor, python in found.items():
        done = subprocess.run(
            [python, "-c", SCRIPT], env=env, cwd=tmp_path, capture_output=True, text=True
        )
        assert done.returncode == 0, (minor, done.stderr)
        assert json.loads(done.stdout) == [["drift", None], ["bad", "ValueError"]], minor
    print("footfall-nannyml ran on CPython", ", ".join(m for m in MINORS if m in found))
