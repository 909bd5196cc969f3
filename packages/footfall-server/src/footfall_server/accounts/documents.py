"""Named JSON documents of a project, by kind: boards, reports, cohorts, settings …

What a kind's body may say is the caller's to check; here is only where it is kept.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ForeignKey, String, Text, UniqueConstraint, delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from footfall_server.accounts.accounts import Accounts
from footfall_server.accounts.tables import Base, UtcDateTime
from footfall_server.model.errors import Conflict, NotFound, TooLarge, Unprocessable
from footfall_server.model.project import Project

MAX_BODY = 256 * 1024
MAX_DOCUMENTS = 1_000
"""Of one kind in one project."""

_ONLY = "-"
"""The name of a document that is the only one of its kind."""


class DocumentRow(Base):
    __tablename__ = "documents"
    __table_args__ = (UniqueConstraint("project_id", "kind", "name"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"))
    kind: Mapped[str] = mapped_column(String(32))
    name: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


@dataclass(frozen=True, slots=True)
class Document:
    """`body` is JSON without the name; `project` is the project's id."""

    id: str
    project: int
    kind: str
    name: str
    body: dict[str, Any]
    created_at: datetime
    updated_at: datetime


class Documents:
    """The documents in the metadata that `accounts` has open."""

    def __init__(self, accounts: Accounts) -> None:
        self._session, self._clock = accounts.session, accounts.clock

    def all(self, project: Project, kind: str) -> list[Document]:
        """All of a kind, by name."""
        with self._session() as session:
            rows = session.scalars(
                select(DocumentRow)
                .where(DocumentRow.project_id == project.id, DocumentRow.kind == kind)
                .order_by(DocumentRow.name)
            )
            return [_document(row) for row in rows]

    def of_kind(self, kind: str) -> list[Document]:
        """All of a kind in every project, oldest first."""
        with self._session() as session:
            rows = session.scalars(
                select(DocumentRow)
                .where(DocumentRow.kind == kind)
                .order_by(DocumentRow.created_at, DocumentRow.id)
            )
            return [_document(row) for row in rows]

    def get(self, project: Project, kind: str, id_: str) -> Document:
        """Raises NotFound NO_SUCH_DOCUMENT."""
        with self._session() as session:
            return _document(self._row(session, project, kind, id_))

    def create(self, project: Project, kind: str, name: str, body: dict[str, Any]) -> Document:
        """Raises Conflict NAME_TAKEN, Unprocessable INVALID_NAME, TooLarge DOCUMENT_TOO_LARGE."""
        now = self._clock()
        row = DocumentRow(
            id=secrets.token_hex(8),
            project_id=project.id,
            kind=kind,
            name=_named(name),
            body=_text(body),
            created_at=now,
            updated_at=now,
        )
        with self._session() as session:
            count = session.scalar(
                select(func.count())
                .select_from(DocumentRow)
                .where(DocumentRow.project_id == project.id, DocumentRow.kind == kind)
            )
            if (count or 0) >= MAX_DOCUMENTS:
                raise Conflict(
                    "TOO_MANY_DOCUMENTS",
                    f"There are {MAX_DOCUMENTS:,} {kind} already: delete some that aren't used.",
                )
            session.add(row)
            _commit(session, kind, name)
        return _document(row)

    def replace(
        self, project: Project, kind: str, id_: str, name: str, body: dict[str, Any]
    ) -> Document:
        """The document with another name and body. Raises as `get` and `create`."""
        with self._session() as session:
            row = self._row(session, project, kind, id_)
            row.name, row.body, row.updated_at = _named(name), _text(body), self._clock()
            _commit(session, kind, name)
            return _document(row)

    def swap(
        self,
        project: Project,
        kind: str,
        name: str,
        old: dict[str, Any] | None,
        new: dict[str, Any],
    ) -> bool:
        """Put a body in the place of another (None: of none); False when somebody was quicker.

        Of several processes that try it with the same `old`, one succeeds. Raises as `create`.
        """
        if old is None:
            try:
                self.create(project, kind, name, new)
            except Conflict as error:
                if error.code != "NAME_TAKEN":
                    raise
                return False
            return True
        of_name = (
            DocumentRow.project_id == project.id,
            DocumentRow.kind == kind,
            DocumentRow.name == name,
        )
        with self._session() as session:
            there = session.scalar(select(DocumentRow.body).where(*of_name))
            if there is None or msgspec.json.decode(there) != old:
                return False
            swapped = session.scalars(
                update(DocumentRow)
                .where(*of_name, DocumentRow.body == there)
                .values(body=_text(new), updated_at=self._clock())
                .returning(DocumentRow.id)
            ).all()
            session.commit()
        return bool(swapped)

    def delete(self, project: Project, kind: str, id_: str) -> None:
        """Raises NotFound NO_SUCH_DOCUMENT."""
        with self._session() as session:
            session.delete(self._row(session, project, kind, id_))
            session.commit()

    def only(self, project: Project | int, kind: str) -> dict[str, Any] | None:
        """The body of a kind of which a project (or its id) has one at most (its settings, its
        manifest)."""
        id_ = project if isinstance(project, int) else project.id
        with self._session() as session:
            body = session.scalar(
                select(DocumentRow.body).where(
                    DocumentRow.project_id == id_,
                    DocumentRow.kind == kind,
                    DocumentRow.name == _ONLY,
                )
            )
        return None if body is None else msgspec.json.decode(body)

    def stamps(self, kinds: Sequence[str]) -> dict[int, dict[str, datetime]]:
        """When the only ones of these kinds were last changed, by project and kind."""
        with self._session() as session:
            rows = session.execute(
                select(DocumentRow.project_id, DocumentRow.kind, DocumentRow.updated_at).where(
                    DocumentRow.kind.in_(kinds), DocumentRow.name == _ONLY
                )
            ).all()
        found: dict[int, dict[str, datetime]] = {}
        for row in rows:
            found.setdefault(row.project_id, {})[row.kind] = row.updated_at
        return found

    def put_only(self, project: Project, kind: str, body: dict[str, Any]) -> None:
        """Keep it instead of what was there."""
        found = [one for one in self.all(project, kind) if one.name == _ONLY]
        if found:
            self.replace(project, kind, found[0].id, _ONLY, body)
        else:
            self.create(project, kind, _ONLY, body)

    def delete_only(self, project: Project, kind: str) -> None:
        """A no-op where there is none."""
        with self._session() as session:
            session.execute(
                delete(DocumentRow).where(
                    DocumentRow.project_id == project.id, DocumentRow.kind == kind
                )
            )
            session.commit()

    def _row(self, session: Session, project: Project, kind: str, id_: str) -> DocumentRow:
        row = session.get(DocumentRow, id_)
        if row is None or row.project_id != project.id or row.kind != kind:
            raise NotFound("NO_SUCH_DOCUMENT", f"There is nothing with the id {id_!r} in {kind}.")
        return row


def _document(row: DocumentRow) -> Document:
    return Document(
        row.id,
        row.project_id,
        row.kind,
        row.name,
        msgspec.json.decode(row.body),
        row.created_at,
        row.updated_at,
    )


def _named(name: str) -> str:
    stripped = name.strip()
    if not 1 <= len(stripped) <= 200 or not stripped.isprintable():
        raise Unprocessable(
            "INVALID_NAME", "A name has 1 to 200 printable characters.", path="/name"
        )
    return stripped


def _text(body: dict[str, Any]) -> str:
    text = msgspec.json.encode(body)
    if len(text) > MAX_BODY:
        raise TooLarge("DOCUMENT_TOO_LARGE", f"At most {MAX_BODY:,} bytes can be kept here.")
    return text.decode()


def _commit(session: Session, kind: str, name: str) -> None:
    try:
        session.commit()
    except IntegrityError:
        raise Conflict(
            "NAME_TAKEN", f"There is {name!r} in {kind} already: choose another name."
        ) from None
