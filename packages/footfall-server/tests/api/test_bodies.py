"""A body that isn't what it must be: which error, and where it points."""

from __future__ import annotations

import msgspec
import pytest
from footfall_server.api.bodies import decoded
from footfall_server.model.errors import BadRequest, Unprocessable


class Inner(msgspec.Struct, forbid_unknown_fields=True):
    at_least: int


class Outer(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    all: list[Inner] = []
    named: dict[str, list[int]] = {}


def test_a_body_that_fits_is_a_value() -> None:
    assert decoded(b'{"name": "x", "all": [{"at_least": 2}]}', Outer, "X").all[0].at_least == 2


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (b"{}", "/name"),
        (b"5", ""),
        (b'{"name": 7}', "/name"),
        (b'{"name": "x", "more/~": 1}', "/more~1~0"),
        (b'{"name": "x", "all": {}}', "/all"),
        (b'{"name": "x", "all": [{"at_least": 1}, {"at_least": "1"}]}', "/all/1/at_least"),
        (b'{"name": "x", "all": [{"at_least": 1}, {}]}', "/all/1/at_least"),
        (b'{"name": "x", "named": {"y": [1, null]}}', "/named"),
    ],
)
def test_what_does_not_fit_is_pointed_at(body: bytes, path: str) -> None:
    with pytest.raises(Unprocessable) as raised:
        decoded(body, Outer, "INVALID_THING")
    assert (raised.value.code, raised.value.path) == ("INVALID_THING", path)
    assert raised.value.message.endswith(".")
    assert " at `" not in raised.value.message


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (b'{"name": "x", "y` - at `$.name": 1}', "/y` - at `$.name"),
        (b'{"name": "x", "all": [{"at_least": 1, "y` - at `$": 1}]}', "/all/0/y` - at `$"),
        (b'{"y` - at `$.name": 1, "name": ', "/name/y"),  # a guess: it is no JSON behind
    ],
)
def test_a_name_that_reads_like_a_place_is_a_name(body: bytes, path: str) -> None:
    with pytest.raises(Unprocessable) as raised:
        decoded(body, Outer, "INVALID_THING")
    assert raised.value.path == path


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"name": "\xff"}', b'{"name": "x"} 1'])
def test_what_is_no_json_is_a_bad_request(body: bytes) -> None:
    with pytest.raises(BadRequest) as raised:
        decoded(body, Outer, "INVALID_THING")
    assert raised.value.code == "MALFORMED_JSON"
