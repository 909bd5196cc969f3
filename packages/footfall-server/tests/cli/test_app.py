"""The command itself."""

from __future__ import annotations

from importlib.metadata import version

import pytest
from footfall_server.cli.app import app
from typer.testing import CliRunner


@pytest.mark.parametrize("arguments", [["--version"], ["--version", "serve"]])
def test_the_version_is_what_is_installed(arguments: list[str]) -> None:
    told = CliRunner().invoke(app, arguments)
    assert told.exit_code == 0
    assert told.stdout == f"footfall-server {version('footfall-server')}\n"
