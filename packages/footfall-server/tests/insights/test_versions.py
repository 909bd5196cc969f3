"""PEP 440 order in version filters."""

from __future__ import annotations

import pytest
from footfall_server.insights.versions import matching_codes
from footfall_server.model.errors import Unprocessable

CODES = ["s0.9", "s0.10.0", "s0.10.0rc1", "s1.0", "s1", "sdev", "s", "j2", "jtrue", 'j["0.9",3]']


def test_at_least_a_version() -> None:
    assert matching_codes(CODES, "version_gte", "0.10") == ["j2", "j3", "s0.10.0", "s1", "s1.0"]


def test_below_a_version_comes_what_is_none() -> None:
    found = matching_codes(CODES, "version_lt", "0.10")
    assert found == ["jtrue", "s", "s0.10.0rc1", "s0.9", "sdev"]


def test_the_bound_must_be_a_version() -> None:
    with pytest.raises(Unprocessable, match="PEP 440"):
        matching_codes(CODES, "version_lt", "latest")
