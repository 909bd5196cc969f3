"""Secrets and keys: how they are made, and what is kept of them."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime

from footfall_server.accounts.tables import ApiTokenRow


def hash_of(secret: str) -> str:
    """Secrets are 256 random bits: a plain hash of one can't be searched for."""
    return hashlib.sha256(secret.encode()).hexdigest()


def new_token() -> str:
    return f"ff_{secrets.token_urlsafe(32)}"


def new_write_key() -> str:
    return f"wk_{secrets.token_hex(16)}"


def token_row(project: int, secret: str, name: str, scope: str, now: datetime) -> ApiTokenRow:
    return ApiTokenRow(
        hash=hash_of(secret),
        id=secrets.token_hex(8),
        project_id=project,
        name=name.strip()[:100] or "token",
        scope=scope,
        created_at=now,
        revoked_at=None,
        last_used_at=None,
    )
