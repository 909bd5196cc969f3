"""The door's knowledge of write keys."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from footfall_server.intake import WriteKeys
from footfall_server.model.errors import TooMany


class Metadata:
    def __init__(self) -> None:
        self.keys: dict[str, int] = {"wk_first": 1}
        self.asked = 0
        self.used: list[str] = []

    def note_used(self, keys: Iterable[str]) -> None:
        self.used += keys

    def active_keys(self) -> dict[str, int]:
        self.asked += 1
        return dict(self.keys)

    def key_project(self, key: str) -> int | None:
        self.asked += 1
        return self.keys.get(key)


def test_new_keys_work_at_once_and_revoked_ones_stop() -> None:
    metadata, now = Metadata(), 0.0
    keys = WriteKeys(metadata, refresh_seconds=2, clock=lambda: now)  # type: ignore[arg-type]
    assert keys("wk_first") == 1
    metadata.keys["wk_new"] = 2
    assert keys("wk_new") == 2
    assert keys("wk_early") is None
    metadata.keys["wk_early"] = 3
    now = 1.0
    assert keys("wk_early") == 3
    del metadata.keys["wk_first"]
    now = 2.5
    assert keys("wk_first") is None


def test_known_keys_cost_no_look_up() -> None:
    metadata, now = Metadata(), 0.0
    keys = WriteKeys(metadata, refresh_seconds=2, clock=lambda: now)  # type: ignore[arg-type]
    for _ in range(1_000):
        assert keys("wk_first") == 1
    assert metadata.asked == 1


def test_who_tries_many_keys_is_told_to_wait_and_the_known_work_on() -> None:
    metadata, now = Metadata(), 0.0
    keys = WriteKeys(metadata, lookups_a_second=10, clock=lambda: now)  # type: ignore[arg-type]
    for i in range(10):
        assert keys(f"wk_{i}") is None
    with pytest.raises(TooMany):
        keys("wk_another")
    assert keys("wk_first") == 1
    now = 1.5
    assert keys("wk_another") is None


def test_a_busy_stale_key_leaves_room_for_new_ones() -> None:
    metadata, now = Metadata(), 0.0
    keys = WriteKeys(metadata, lookups_a_second=10, clock=lambda: now)  # type: ignore[arg-type]
    for _ in range(1_000):
        assert keys("wk_stale") is None
    metadata.keys["wk_new"] = 2
    assert keys("wk_new") == 2


def test_a_keys_use_is_noted_once_a_minute() -> None:
    metadata, now = Metadata(), 0.0
    keys = WriteKeys(metadata, clock=lambda: now)  # type: ignore[arg-type]
    for now in (0.0, 1.0, 30.0, 61.0, 62.0):  # noqa: B007 (the clock reads it)
        keys("wk_first")
        keys("wk_unknown")
    keys.close()
    assert metadata.used == ["wk_first", "wk_first"]
