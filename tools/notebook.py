"""Execute the documentation's notebook against a server of its own, and keep what it shows.

.venv/bin/python -m tools.notebook
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

NOTEBOOKS = Path(__file__).resolve().parent.parent / "docs" / "notebooks"
NOTEBOOK = NOTEBOOKS / "nannyml.ipynb"
ARCHIVE = NOTEBOOKS / "nannyml-events.ndjson.gz"
SERVER = [sys.executable, "-m", "footfall_server"]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "FOOTFALL_DATA": folder}
        created = _run(["project", "create", "nannyml", "--version-property", "nannyml_version",
                        "--json"], environment)  # fmt: skip
        _run(["import", "nannyml", str(ARCHIVE)], environment)
        server = subprocess.Popen(
            [*SERVER, "serve", "--port", "0"], env=environment, stdout=subprocess.PIPE, text=True
        )
        try:
            assert server.stdout is not None
            url = server.stdout.readline().split()[-1]
            os.environ |= {"FOOTFALL_URL": url, "FOOTFALL_TOKEN": created["api_token"]}
            execute(NOTEBOOK)
        finally:
            server.terminate()
            server.wait()


def _run(arguments: list[str], environment: dict[str, str]) -> dict[str, Any]:
    told = subprocess.run(
        [*SERVER, *arguments], env=environment, check=True, capture_output=True, text=True
    ).stdout
    found: dict[str, Any] = json.loads(told) if told.startswith("{") else {}
    return found


def execute(path: Path) -> None:
    """Run every cell and write the notebook with its outputs, without times and machine's marks."""
    from nbclient import NotebookClient

    nbformat: Any = importlib.import_module("nbformat")  # it has no types
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
    nbformat.write(notebook, path)


if __name__ == "__main__":
    main()
