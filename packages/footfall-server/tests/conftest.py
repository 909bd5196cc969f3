"""One engine for the whole session: a process can hold only one path."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from footfall_server.store import Store, open_store


@pytest.fixture(scope="session")
def data_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("footfall")


@pytest.fixture(scope="session")
def store(data_directory: Path) -> Iterator[Store]:
    opened = open_store(f"chdb://{data_directory}/store", data_directory / "temporary")
    yield opened
    opened.close()
