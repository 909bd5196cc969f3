"""Who did what: an append-only log of the acts that somebody may ask about later."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from footfall_server.accounts.accounts import Accounts
from footfall_server.accounts.tables import AuditRow
from footfall_server.model.project import Project


@dataclass(frozen=True, slots=True)
class Act:
    """`actor` is an address, `token NAME` or the machine; `subject` never holds a secret."""

    at: datetime
    actor: str
    action: str
    subject: str


class Audit:
    """The log in the metadata that `accounts` has open."""

    def __init__(self, accounts: Accounts) -> None:
        self._session, self._clock = accounts.session, accounts.clock

    def note(self, actor: str, action: str, project: Project | None, subject: str = "") -> None:
        """Write an act down; actions are words like `token.create`, `install.view`, `erase`."""
        row = AuditRow(
            at=self._clock(),
            actor=actor[:300],
            action=action,
            project_id=project.id if project else None,
            subject=subject[:300],
        )
        with self._session() as session:
            session.add(row)
            session.commit()

    def acts(self, project: Project | None, limit: int = 200) -> list[Act]:
        """The newest of a project (None: those of no project), newest first."""
        with self._session() as session:
            rows = session.scalars(
                select(AuditRow)
                .where(AuditRow.project_id == (project.id if project else None))
                .order_by(AuditRow.id.desc())
                .limit(limit)
            )
            return [Act(row.at, row.actor, row.action, row.subject) for row in rows]
