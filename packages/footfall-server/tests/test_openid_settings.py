"""The settings of OpenID Connect: what is understood, and what stops a start with a clear line."""

from __future__ import annotations

import pytest
from footfall_server.settings import SetupError, read_openid

GOOD = {"FOOTFALL_OIDC_ISSUER": "https://id.example.org", "FOOTFALL_OIDC_CLIENT_ID": "footfall"}


def test_addresses_and_domains_are_told_apart() -> None:
    given = {"FOOTFALL_OIDC_ALLOWED": "Ada@example.org, @example.com"}
    found = read_openid({**GOOD, **given, "FOOTFALL_OIDC_CLIENT_SECRET": "s3cret"})
    assert found is not None
    assert found.allows("ada@example.org")
    assert found.allows("bob@example.com")
    assert not found.allows("bob@example.org")
    assert not found.allows("bob@sub.example.com")
    assert found.may_be_first("ada@example.org")
    assert not found.may_be_first("bob@example.com")
    assert "s3cret" not in repr(found)
    assert read_openid({}) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"FOOTFALL_OIDC_CLIENT_ID": ""},
        {"FOOTFALL_OIDC_ISSUER": ""},
        {"FOOTFALL_OIDC_ISSUER": "http://id.example.org"},
        {"FOOTFALL_OIDC_ONLY": "yes"},
        {"FOOTFALL_OIDC_ISSUER": "", "FOOTFALL_OIDC_CLIENT_ID": "", "FOOTFALL_OIDC_ONLY": "1"},
    ],
)
def test_half_a_provider_stops_the_start(wrong: dict[str, str]) -> None:
    with pytest.raises(SetupError, match="FOOTFALL_OIDC"):
        read_openid({**GOOD, **wrong})
