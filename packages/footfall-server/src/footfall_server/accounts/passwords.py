"""Passwords: argon2id, and a check that takes as long for an address that isn't known."""

from __future__ import annotations

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from footfall_server.model.errors import Unprocessable

SHORTEST, LONGEST = 8, 200


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@cache
def _nobody() -> str:
    return _hasher().hash("the password of nobody")


def hashed(password: str, email: str = "") -> str:
    """Raises Unprocessable WEAK_PASSWORD."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise Unprocessable(
            "WEAK_PASSWORD",
            f"A password has {SHORTEST} to {LONGEST} characters; a few words in a row are good.",
            path="/password",
        )
    if password.lower() in (email.lower(), email.lower().partition("@")[0]) or (
        len(set(password)) < 4
    ):
        raise Unprocessable(
            "WEAK_PASSWORD",
            "This password is too easy to guess; a few words in a row are good.",
            path="/password",
        )
    return _hasher().hash(password)


def fits(stored: str | None, password: str) -> bool:
    """Whether it is the password; nobody has one that isn't stored, which takes as long to say."""
    if len(password) > LONGEST:
        return False
    try:
        return _hasher().verify(stored or _nobody(), password) and stored is not None
    except (Argon2Error, InvalidHashError):
        return False
