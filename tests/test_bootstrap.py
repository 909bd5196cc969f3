"""Set-up goes where pip's own settings say, and says clearly what is missing."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).resolve().parent.parent / "tools" / "bootstrap.py"


@pytest.fixture
def bootstrap() -> Any:
    spec = importlib.util.spec_from_file_location("bootstrap", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A pip configuration that is the only one: the file to write it to."""
    for name in list(os.environ):
        if name.startswith(("PIP_", "UV_")) or name == "SSL_CERT_FILE":
            monkeypatch.delenv(name)
    file = tmp_path / "pip.conf"
    monkeypatch.setenv("PIP_CONFIG_FILE", str(file))
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    return file


def test_pips_settings_reach_uv(bootstrap: Any, pip: Path, tmp_path: Path) -> None:
    (tmp_path / "wheels").mkdir()
    pip.write_text(
        "[global]\n"
        "index-url = https://mirror.example/simple\n"
        f"extra-index-url = https://more.example/simple\n    file://{tmp_path}/missing\n"
        f"find-links = {tmp_path}/wheels\n"
        "trusted-host = mirror.example\n"
        "cert = /etc/ca.pem\n"
        "timeout = 99\n"
    )
    environment = bootstrap.uv_environment()
    assert environment["UV_DEFAULT_INDEX"] == "https://mirror.example/simple"
    assert environment["UV_INDEX"] == "https://more.example/simple"
    assert environment["UV_FIND_LINKS"] == f"{tmp_path}/wheels"
    assert environment["UV_INSECURE_HOST"] == "mirror.example"
    assert environment["SSL_CERT_FILE"] == "/etc/ca.pem"
    assert environment["UV_HTTP_TIMEOUT"] == "99"


def test_the_environment_wins_over_files_and_uvs_own_over_pips(
    bootstrap: Any, pip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pip.write_text("[global]\nindex-url = https://file.example/simple\n")
    monkeypatch.setenv("PIP_INDEX_URL", "https://environment.example/simple")
    assert bootstrap.uv_environment()["UV_DEFAULT_INDEX"] == "https://environment.example/simple"
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://uv.example/simple")
    assert bootstrap.uv_environment()["UV_DEFAULT_INDEX"] == "https://uv.example/simple"


def test_nothing_set_leaves_uv_its_defaults(bootstrap: Any, pip: Path) -> None:
    pip.write_text("")
    assert "UV_DEFAULT_INDEX" not in bootstrap.uv_environment()


def test_the_lock_file_names_no_address() -> None:
    lock = (SCRIPT.parent.parent / "requirements.lock").read_text()
    assert "==" in lock
    assert "://" not in lock


def test_an_unknown_command_is_one_clear_line() -> None:
    run = subprocess.run(
        [sys.executable, str(SCRIPT), "frobnicate"], capture_output=True, text=True, check=False
    )
    assert run.returncode == 1
    assert run.stderr.strip().splitlines() == [
        "setup: unknown command 'frobnicate'; one of setup, lock, clients, venv, uv"
    ]
