"""The suite passes on every CPython from 3.8 to 3.13 that this machine has, each named."""

import glob
import os
import re
import shutil
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

VERSIONS = ["3.8", "3.9", "3.10", "3.11", "3.12", "3.13"]
HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent.parent
INSIDE = "FOOTFALL_MATRIX" in os.environ


def version_of(python):
    try:
        told = subprocess.run(
            [python, "-c", "import sys; print(sys.implementation.name, sys.version.split()[0])"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            timeout=20,
        ).stdout.split()
    except (OSError, subprocess.TimeoutExpired):
        return None
    return told[1] if len(told) == 2 and told[0] == "cpython" else None


def pyenv_root():
    """Where pyenv keeps its interpreters; a folder that isn't there, without pyenv."""
    if os.environ.get("PYENV_ROOT") or not shutil.which("pyenv"):
        return os.environ.get("PYENV_ROOT", "/nowhere")
    told = subprocess.run(["pyenv", "root"], stdout=subprocess.PIPE, text=True)
    return told.stdout.strip()


def interpreters():
    """One interpreter a minor version: this one's, then PATH's, then pyenv's and uv's."""
    found = {"%d.%d" % sys.version_info[:2]: (sys.version.split()[0], sys.executable)}
    pyenv = pyenv_root()
    uv = os.path.expanduser("~/.local/share/uv/python")
    for minor in VERSIONS:
        candidates = [shutil.which("python" + minor)]
        candidates += sorted(glob.glob("%s/versions/%s.*/bin/python" % (pyenv, minor)))
        candidates += sorted(glob.glob("%s/cpython-%s.*/bin/python3" % (uv, minor)))
        for python in filter(None, candidates):
            if minor not in found:
                version = version_of(python)
                if version and version.startswith(minor + "."):
                    found[minor] = (version, python)
    return [found[minor] for minor in VERSIONS if minor in found]


def environment(version, python):
    """The locked environment for one interpreter, made anew only when the lock has changed."""
    target = ROOT / ".matrix" / version
    lock = (HERE / "matrix.lock").read_bytes()
    stamp = target / "lock"
    executable = target / "bin" / "python"
    if executable.exists() and stamp.exists() and stamp.read_bytes() == lock:
        return executable
    bootstrap = [sys.executable, str(ROOT / "tools" / "bootstrap.py"), "uv"]
    subprocess.run([*bootstrap, "venv", "-q", "--clear", "-p", python, str(target)], check=True)
    install = ["pip", "install", "-q", "--require-hashes", "-p", str(executable)]
    subprocess.run([*bootstrap, *install, "-r", str(HERE / "matrix.lock")], check=True)
    stamp.write_bytes(lock)
    return executable


def suite(version, python, folder):
    """The suite's run on one interpreter. The soak is shorter than where it runs for itself."""
    return subprocess.run(
        [str(environment(version, python)), "-m", "pytest", str(HERE), "-q",
         "-p", "no:cacheprovider", "-p", "footfall.pytest_plugin",
         "-c", str(ROOT / "pyproject.toml"), "--rootdir", str(ROOT), "--basetemp", str(folder)],
        cwd=str(ROOT),
        env=dict(os.environ, FOOTFALL_MATRIX="1", FOOTFALL_SOAK_CALLS="20000",
                 PYTHONPATH=str(HERE.parent / "src")),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )  # fmt: skip


if not INSIDE:
    FOUND = interpreters()

    @pytest.fixture(scope="module")
    def runs(tmp_path_factory):
        """Three at a time, since a good part of a run is waiting."""
        with ThreadPoolExecutor(3) as pool:
            yield {
                version: pool.submit(suite, version, python, tmp_path_factory.mktemp(version))
                for version, python in FOUND
            }

    @pytest.mark.timeout(900)
    @pytest.mark.parametrize(
        "version", [pytest.param(version, id="CPython %s" % version) for version, _ in FOUND]
    )
    def test_on(version, runs):
        done = runs[version].result()
        assert done.returncode == 0, done.stdout[-8000:]
        passed = re.search(r"(\d+) passed", done.stdout)
        assert passed
        assert int(passed.group(1)) > 300
        print("CPython %s: %s" % (version, done.stdout.strip().splitlines()[-1]))

    def test_a_wheel_needs_nothing(tmp_path):
        build = [
            sys.executable,
            str(ROOT / "tools" / "bootstrap.py"),
            "uv",
            "build",
            "--wheel",
            "-q",
        ]
        subprocess.run([*build, "packages/footfall", "-o", str(tmp_path)], check=True)
        (wheel,) = tmp_path.glob("*.whl")
        files = zipfile.ZipFile(str(wheel))
        (name,) = (n for n in files.namelist() if n.endswith("METADATA"))
        assert b"Requires-Dist" not in files.read(name)
        assert "footfall/py.typed" in files.namelist()
