"""Signing in by an OpenID Connect provider: which one, and who may come in by it."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class OpenId:
    """`allowed` holds addresses and domains, in lower case; without a secret the client is public.

    `name` is what the button says; with `only`, nobody signs in by a password.
    """

    issuer: str
    client_id: str
    client_secret: str | None = field(default=None, repr=False)
    name: str = "OpenID Connect"
    allowed: frozenset[str] = frozenset()
    only: bool = False

    def allows(self, address: str) -> bool:
        """Whether an address may have an account without being invited."""
        return address in self.allowed or address.rpartition("@")[2] in self.allowed

    def may_be_first(self, address: str) -> bool:
        """Whether it may be the first one, an administrator: a domain is not enough for that."""
        return "@" in address and address in self.allowed

    @property
    def names_somebody(self) -> bool:
        """Whether there is anybody who may be the first."""
        return any("@" in each for each in self.allowed)


def is_safe(address: str) -> bool:
    """https, or a provider on this very machine."""
    parts = urlsplit(address)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
