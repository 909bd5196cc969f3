"""Marks: what is known of an install when its id may not be kept."""

from __future__ import annotations

import hmac
from collections.abc import Iterable


class Marker:
    """Makes marks by the server's secret. Without the secret, no mark can be tested for an id."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def key(self, project: int) -> bytes:
        """A project's own key, so that its marks tell nothing about another's."""
        return hmac.digest(self._secret, b"footfall erased installs %d" % project, "sha256")

    def mark(self, project: int, install: str) -> str:
        """HMAC-SHA-256 of an install's id, hexadecimal."""
        return hmac.digest(self.key(project), install.encode("utf-8", "replace"), "sha256").hex()

    def marks(self, project: int, installs: Iterable[str]) -> list[str]:
        return [self.mark(project, install) for install in installs]
