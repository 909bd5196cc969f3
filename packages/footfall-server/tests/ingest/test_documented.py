"""What clients can be told is documented."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest
from footfall_server.ingest.policy import Limits
from footfall_server.model.manifest import CLIENT_PROPERTIES, SDK_PROPERTIES
from footfall_server.model.reason import Reason

ROOT = Path(__file__).parents[4]
SOURCES = ROOT / "packages/footfall-server/src/footfall_server"
PAGE = (ROOT / "docs/collector.md").read_text()


@pytest.mark.parametrize(
    "name",
    [
        *Reason,
        *(field.name for field in msgspec.structs.fields(Limits)),
        *sorted(SDK_PROPERTIES | CLIENT_PROPERTIES),
    ],
)
def test_it_is_in_the_collectors_page(name: str) -> None:
    assert f"`{name}`" in PAGE


def test_so_is_every_code_that_the_door_answers() -> None:
    codes = {"JOURNAL_FULL", "JOURNAL_UNWRITABLE", "JOURNAL_STOPPED", "SALT_UNAVAILABLE"}
    for path in (SOURCES / "ingest").rglob("*.py"):
        codes |= set(re.findall(r'"([A-Z]+(?:_[A-Z]+)+)"', path.read_text()))
    elsewhere = {"TOO_MANY_LISTENERS", "NOT_SPOKEN"}  # of the live view, of optional protocols
    undocumented = {code for code in codes - elsewhere if f"`{code}`" not in PAGE}
    assert undocumented == set()


def test_and_every_setting_of_the_environment() -> None:
    names = set(re.findall(r'number\("(FOOTFALL_[A-Z_]+)"', (SOURCES / "settings.py").read_text()))
    assert names
    assert {name for name in names if name not in PAGE} == set()
