"""Which installs the door refuses, known without asking the metadata each time."""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable

from footfall_server.accounts import Erasures
from footfall_server.privacy.marks import Marker


class Blocklist:
    """Read again after `refresh_seconds`, for blocks by other processes; `refresh` at once."""

    def __init__(
        self,
        erasures: Erasures,
        marker: Marker,
        *,
        refresh_seconds: float = 2.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._erasures, self._marker = erasures, marker
        self._refresh_seconds, self._clock = refresh_seconds, clock
        self._read_at = float("-inf")
        self._blocked: dict[int, Callable[[str], bool]] = {}

    def __call__(self, project: int) -> Callable[[str], bool] | None:
        """What tells whether the project refuses an install; None where it refuses nobody."""
        if self._clock() - self._read_at > self._refresh_seconds:
            self.refresh()
        return self._blocked.get(project)

    def refresh(self) -> None:
        self._read_at = self._clock()
        self._blocked = {
            project: _checker(self._marker.key(project), marks)
            for project, marks in self._erasures.blocked().items()
        }


def _checker(key: bytes, marks: frozenset[str]) -> Callable[[str], bool]:
    raw = frozenset(bytes.fromhex(mark) for mark in marks)

    def is_blocked(install: str) -> bool:
        return hmac.digest(key, install.encode("utf-8", "replace"), "sha256") in raw

    return is_blocked
