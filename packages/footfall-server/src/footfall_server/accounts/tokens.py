"""API tokens: shown once, kept as a hash, with a scope; each opens one project."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import delete, select, update

from footfall_server.accounts.accounts import Accounts
from footfall_server.accounts.credentials import hash_of, new_token, token_row
from footfall_server.accounts.tables import ApiTokenRow, ProjectRow
from footfall_server.model.errors import Unprocessable
from footfall_server.model.project import Project

Scope = Literal["read", "write", "admin"]
SCOPES: dict[str, int] = {"read": 1, "write": 2, "admin": 3}
"""Ask questions; keep reports, boards and the like; and whatever an owner may do."""

_STEP = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Token:
    """What may be told of a token; `last_used_at` is exact to a minute."""

    id: str
    name: str
    scope: str
    created_at: datetime
    last_used_at: datetime | None
    revoked: bool


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token opens."""

    project: Project
    scope: str
    name: str

    def allows(self, scope: Scope) -> bool:
        return SCOPES.get(self.scope, 0) >= SCOPES[scope]


class Tokens:
    """The tokens in the metadata that `accounts` has open."""

    def __init__(self, accounts: Accounts) -> None:
        self._session, self._clock = accounts.session, accounts.clock

    def create(self, project: Project, name: str, scope: Scope = "admin") -> str:
        """The secret; shown here and never again. Raises Unprocessable INVALID_SCOPE."""
        if scope not in SCOPES:
            raise Unprocessable("INVALID_SCOPE", f"A scope is one of {', '.join(SCOPES)}.")
        secret = new_token()
        with self._session() as session:
            session.add(token_row(project.id, secret, name, scope, self._clock()))
            session.commit()
        return secret

    def all(self, project: Project) -> list[Token]:
        """Oldest first, revoked ones too."""
        with self._session() as session:
            rows = session.scalars(
                select(ApiTokenRow)
                .where(ApiTokenRow.project_id == project.id)
                .order_by(ApiTokenRow.created_at, ApiTokenRow.id)
            )
            return [
                Token(
                    row.id,
                    row.name,
                    row.scope,
                    row.created_at,
                    row.last_used_at,
                    row.revoked_at is not None,
                )
                for row in rows
            ]

    def revoke(self, project: Project, id_: str) -> None:
        """It opens nothing from now on; a no-op for one that isn't there."""
        with self._session() as session:
            session.execute(
                update(ApiTokenRow)
                .where(ApiTokenRow.id == id_, ApiTokenRow.project_id == project.id)
                .values(revoked_at=self._clock())
            )
            session.commit()

    @contextmanager
    def passing(self, project: Project, name: str, scope: Scope) -> Iterator[str]:
        """The secret of a token for as long as the block runs; it leaves nothing behind."""
        secret = self.create(project, name, scope)
        try:
            yield secret
        finally:
            with self._session() as session:
                session.execute(delete(ApiTokenRow).where(ApiTokenRow.hash == hash_of(secret)))
                session.commit()

    def forget(self, secret: str) -> None:
        """Delete a token that was needed for a moment only."""
        with self._session() as session:
            session.execute(delete(ApiTokenRow).where(ApiTokenRow.hash == hash_of(secret)))
            session.commit()

    def grant(self, secret: str) -> Grant | None:
        """What a token opens; None if it opens nothing. Notes that it was used."""
        now = self._clock()
        with self._session() as session:
            found = session.execute(
                select(ProjectRow, ApiTokenRow)
                .join(ApiTokenRow, ApiTokenRow.project_id == ProjectRow.id)
                .where(ApiTokenRow.hash == hash_of(secret), ApiTokenRow.revoked_at.is_(None))
            ).one_or_none()
            if found is None:
                return None
            project, token = found
            if token.last_used_at is None or now - token.last_used_at >= _STEP:
                token.last_used_at = now
                session.commit()
            opened = Project(project.id, project.name, project.timezone, project.version_property)
            return Grant(opened, token.scope, token.name)
