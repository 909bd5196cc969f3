"""Who is signed in: sessions of users, and of one-time links from the command line."""

from __future__ import annotations

import secrets
from datetime import timedelta

from sqlalchemy import delete, select, update

from footfall_server.accounts.accounts import Accounts
from footfall_server.accounts.credentials import hash_of
from footfall_server.accounts.tables import MemberRow, SessionRow, SignInLinkRow, UserRow
from footfall_server.model.visitor import LINK, Visitor

LINK_AGE = timedelta(hours=1)
SESSION_AGE = timedelta(days=14)


class Sessions:
    """The sessions in the metadata that `accounts` has open. Secrets are kept as hashes."""

    def __init__(self, accounts: Accounts) -> None:
        self._session, self._clock = accounts.session, accounts.clock

    def begin(self, user: int | None = None) -> str:
        """The secret of a new session; None is a session of the command line's link."""
        token, now = secrets.token_urlsafe(32), self._clock()
        with self._session() as session:
            session.execute(delete(SessionRow).where(SessionRow.expires_at <= now))
            session.add(
                SessionRow(
                    hash=hash_of(token), user_id=user, created_at=now, expires_at=now + SESSION_AGE
                )
            )
            session.commit()
        return token

    def visitor(self, token: str) -> Visitor | None:
        """Who the secret of a session that still lasts belongs to."""
        with self._session() as session:
            row = session.get(SessionRow, hash_of(token))
            if row is None or row.expires_at <= self._clock():
                return None
            if row.user_id is None:
                return LINK
            user = session.get(UserRow, row.user_id)
            if user is None or user.disabled_at is not None:
                return None
            roles = session.execute(
                select(MemberRow.project_id, MemberRow.role).where(MemberRow.user_id == user.id)
            )
            return Visitor(
                user.email, user.id, user.admin, {row.project_id: row.role for row in roles}
            )

    def end(self, token: str) -> None:
        """Sign out."""
        with self._session() as session:
            session.execute(delete(SessionRow).where(SessionRow.hash == hash_of(token)))
            session.commit()

    def create_link(self) -> str:
        """The secret of a link that signs in once, within an hour."""
        secret, now = secrets.token_urlsafe(32), self._clock()
        with self._session() as session:
            session.add(
                SignInLinkRow(hash=hash_of(secret), created_at=now, expires_at=now + LINK_AGE)
            )
            session.commit()
        return secret

    def use_link(self, secret: str) -> str | None:
        """Use a link up: the secret of a session; None when the link isn't (any more) good."""
        now = self._clock()
        with self._session() as session:
            used = session.execute(
                update(SignInLinkRow)
                .where(
                    SignInLinkRow.hash == hash_of(secret),
                    SignInLinkRow.used_at.is_(None),
                    SignInLinkRow.expires_at > now,
                )
                .values(used_at=now)
            )
            session.commit()
        return self.begin() if used.rowcount == 1 else None  # type: ignore[attr-defined]
