"""Slows down who guesses passwords: by the account that is tried, and over all accounts.

By address of the network would be of little use and would need to look at it; so it isn't.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from footfall_server.model.errors import TooMany

FREE_TRIES = 5
WINDOW = timedelta(minutes=15)
_ALL_TRIES, _ALL_WINDOW = 100, timedelta(minutes=1)
_MAX_ACCOUNTS = 10_000


class Throttle:
    """Remembers failed tries in memory, by account, for `WINDOW`."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._failed: dict[str, list[datetime]] = {}
        self._all: list[datetime] = []

    def check(self, account: str) -> None:
        """Raises TooMany TOO_MANY_TRIES while the account, or all together, failed too often."""
        now = self._clock()
        self._all = [at for at in self._all if now - at < _ALL_WINDOW]
        if len(self._all) >= _ALL_TRIES:
            raise _too_many(60)
        tries = [at for at in self._failed.get(account, []) if now - at < WINDOW]
        if len(tries) >= FREE_TRIES:
            wait = min(timedelta(seconds=15 * 2 ** (len(tries) - FREE_TRIES)), WINDOW)
            left = (tries[-1] + wait - now).total_seconds()
            if left > 0:
                raise _too_many(int(left) + 1)

    def failed(self, account: str) -> None:
        now = self._clock()
        self._all.append(now)
        if len(self._failed) >= _MAX_ACCOUNTS:
            self._failed.pop(next(iter(self._failed)))
        kept = [at for at in self._failed.pop(account, []) if now - at < WINDOW]
        self._failed[account] = [*kept, now]

    def succeeded(self, account: str) -> None:
        self._failed.pop(account, None)


def _too_many(seconds: int) -> TooMany:
    return TooMany(
        "TOO_MANY_TRIES",
        f"Too many tries that failed: wait {seconds} seconds, then try again.",
        retry_after=seconds,
    )
