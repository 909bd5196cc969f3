"""A sign-in that was begun here: what the browser keeps until it comes back from the provider.

It is in a cookie, signed, so that nobody can fill this server's memory by beginning; what is kept
here is which ones came back, for as long as they could come a second time.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

AGE = timedelta(minutes=10)


class Begun(msgspec.Struct, frozen=True):
    """`state` comes back by the address, `nonce` in the token; `verifier` is PKCE's."""

    state: str
    nonce: str
    verifier: str
    following: str
    until: float


def begin(following: str, now: datetime) -> Begun:
    return Begun(
        state=secrets.token_urlsafe(32),
        nonce=secrets.token_urlsafe(32),
        verifier=secrets.token_urlsafe(48),
        following=following,
        until=(now + AGE).timestamp(),
    )


def sealed(begun: Begun, secret: bytes) -> str:
    """The cookie of a sign-in."""
    body = base64.urlsafe_b64encode(msgspec.json.encode(begun)).decode()
    return f"{body}.{_signature(body, secret)}"


def opened(cookie: str, secret: bytes) -> Begun | None:
    """What a cookie holds; None for one that wasn't made here."""
    body, _, signature = cookie.partition(".")
    if not hmac.compare_digest(_signature(body, secret).encode(), signature.encode()):
        return None
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(body), type=Begun)
    except (ValueError, msgspec.MsgspecError):
        return None


def _signature(body: str, secret: bytes) -> str:
    return hmac.new(secret, b"openid:" + body.encode(), hashlib.sha256).hexdigest()


class Returned:
    """Which sign-ins came back."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._until: dict[str, float] = {}

    def first_time(self, begun: Begun) -> bool:
        """Whether it comes back in time, and for the first time."""
        now = self._clock().timestamp()
        self._until = {state: until for state, until in self._until.items() if until > now}
        if begun.until <= now or begun.state in self._until:
            return False
        self._until[begun.state] = begun.until
        return True
