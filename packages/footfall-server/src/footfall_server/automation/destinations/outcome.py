"""How a delivery can fail: for now, or for good."""

from __future__ import annotations


class Undelivered(Exception):
    """Not now: the same again later. `retry_after` is in seconds, where the other side said so."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Refused(Exception):
    """The other side won't take these events, however often they come."""
