"""The server's secret: given, or made once and kept."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from footfall_server.settings import SetupError, read, secret


def test_it_is_made_once_and_readable_by_its_owner_alone(tmp_path: Path) -> None:
    settings = read({}, data=tmp_path)
    made = secret(settings)
    assert secret(settings) == made
    assert len(made) == 64
    (path,) = tmp_path.iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_given_one_is_used_and_nothing_is_written(tmp_path: Path) -> None:
    given = "x" * 32
    assert secret(read({"FOOTFALL_SECRET_KEY": given}, data=tmp_path)) == given.encode()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("environment", "content", "code"),
    [
        ({"FOOTFALL_SECRET_KEY": "short"}, None, "WEAK_SECRET_KEY"),
        ({}, "damaged", "SECRET_KEY_UNREADABLE"),
    ],
)
def test_a_bad_one_is_said(
    tmp_path: Path, environment: dict[str, str], content: str | None, code: str
) -> None:
    if content is not None:
        (tmp_path / "secret.key").write_text(content)
    with pytest.raises(SetupError) as caught:
        secret(read(environment, data=tmp_path))
    assert caught.value.code == code
