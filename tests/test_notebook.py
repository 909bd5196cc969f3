"""The documentation's notebook does what it shows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import altair
import pytest
from footfall_server.accounts import Accounts

from .conftest import Project, Server, http

NOTEBOOKS = Path(__file__).resolve().parent.parent / "docs" / "notebooks"
CELLS = json.loads((NOTEBOOKS / "nannyml.ipynb").read_text())["cells"]
CODE = [cell for cell in CELLS if cell["cell_type"] == "code"]


@pytest.fixture
def project(server: Server) -> Project:
    accounts = Accounts(f"sqlite:///{server.data}/metadata.db")
    created = accounts.create_project("notebook", version_property="nannyml_version")
    accounts.close()
    made = Project(server, "notebook", created.write_key, created.api_token)
    archive = (NOTEBOOKS / "nannyml-events.ndjson.gz").read_bytes()
    url = f"{server.url}/api/v1/projects/notebook/import"
    assert http("POST", url, archive, made.authorization).json()["rejected"] == 0
    made.events()
    return made


def test_every_cell_runs(project: Project, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setenv("FOOTFALL_URL", project.server.url)
    monkeypatch.setenv("FOOTFALL_TOKEN", project.api_token)
    names: dict[str, Any] = {}
    with altair.renderers.enable("default"):
        for cell in CODE:
            exec("".join(cell["source"]), names)
    names["client"].close()
    assert names["client"].project == "notebook"
    assert names["table"]["total"].sum() == 98
    assert "UNKNOWN_PROPERTY" in capsys.readouterr().out


def test_its_outputs_are_kept_and_no_errors() -> None:
    outputs = [cell["outputs"] for cell in CODE]
    assert all(outputs)
    kinds = {each["output_type"] for cell in outputs for each in cell}
    assert kinds == {"execute_result", "stream"}
