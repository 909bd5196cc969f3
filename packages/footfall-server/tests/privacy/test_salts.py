"""A day's salt is one for all processes, and is destroyed when the day is over."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from footfall_server.model.errors import Unavailable
from footfall_server.privacy import Salts

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_all_processes_use_the_same(tmp_path: Path) -> None:
    folder = tmp_path / "salts"
    first = Salts(folder)(1, "daily", NOW)("id")
    assert Salts(folder)(1, "daily", NOW.astimezone(timezone(timedelta(hours=-13))))("id") == first
    (path,) = folder.iterdir()
    assert path.name == "2026-03-01"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_it_is_destroyed_when_the_day_is_over_though_nobody_sends(tmp_path: Path) -> None:
    salts = Salts(tmp_path / "salts")
    salts(1, "daily", NOW)
    assert salts.destroy(NOW) == 0
    assert salts.destroy(NOW + timedelta(hours=12)) == 1
    assert list((tmp_path / "salts").iterdir()) == []


def test_other_projects_leave_no_file(tmp_path: Path) -> None:
    salts = Salts(tmp_path / "salts")
    assert salts(1, "install", NOW)("id") == "id"
    assert salts(1, "none", NOW)("id") == "anonymous"
    assert salts.destroy(NOW) == 0
    assert not (tmp_path / "salts").exists()


def test_what_cant_be_kept_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable) as caught:
        Salts(tmp_path / "file" / "salts")(1, "daily", NOW)
    assert caught.value.code == "SALT_UNAVAILABLE"
