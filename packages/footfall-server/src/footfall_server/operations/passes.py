"""A pass for a minute, for whoever can read the server's secret key: an operator on its machine."""

from __future__ import annotations

import hashlib
import hmac

_SECONDS = 60


def issue(secret: bytes, now: float) -> str:
    """A pass from `now` (seconds since 1970)."""
    return f"{int(now)}.{_signature(secret, int(now))}"


def valid(secret: bytes, text: str, now: float) -> bool:
    """Whether it was issued with this secret within a minute."""
    at, _, signature = text.partition(".")
    if not (at.isascii() and at.isdigit() and len(at) <= 12 and signature.isascii()):
        return False
    return abs(now - int(at)) <= _SECONDS and hmac.compare_digest(
        signature, _signature(secret, int(at))
    )


def _signature(secret: bytes, at: int) -> str:
    key = hmac.digest(secret, b"footfall operator", hashlib.sha256)
    return hmac.new(key, str(at).encode(), hashlib.sha256).hexdigest()
