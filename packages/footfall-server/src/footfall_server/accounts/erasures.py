"""Receipts of erasures: what was asked for, how far each is, and the marks of what was erased.

No id is kept, only its keyed hash (see `privacy.marks`): enough to refuse the id at the door, and
to find it again in a backup that was made before.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Boolean, ForeignKey, Index, Integer, String, Text, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from footfall_server.accounts.accounts import Accounts
from footfall_server.accounts.tables import Base, ProjectRow, UtcDateTime
from footfall_server.model.errors import NotFound, TooMany, Unprocessable
from footfall_server.model.project import Project

MAX_INSTALLS = 10_000
"""Of one request."""
MAX_WAITING = 1_000
"""Erasures of one project that may wait at a time: anybody who has a write key can ask for one."""

WAITING, RUNNING, DONE = "waiting", "running", "done"


class ErasureRow(Base):
    __tablename__ = "erasures"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"), index=True)
    origin: Mapped[str] = mapped_column(String(16))
    block: Mapped[bool] = mapped_column(Boolean)
    installs: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(String(16), index=True)
    places: Mapped[str] = mapped_column(Text)
    problem: Mapped[str] = mapped_column(Text)
    requested_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ErasedInstallRow(Base):
    __tablename__ = "erased_installs"
    __table_args__ = (Index("ix_erased_installs_mark", "mark"),)

    erasure_id: Mapped[str] = mapped_column(ForeignKey("erasures.id"), primary_key=True)
    mark: Mapped[str] = mapped_column(String(64), primary_key=True)


@dataclass(frozen=True, slots=True)
class Receipt:
    """`state`: waiting, running or done; `places`: by name, the rows that were erased there and
    since when every copy is gone; `problem`: why it isn't done yet, if something is in its way."""

    id: str
    project: int
    origin: str
    block: bool
    installs: int
    state: str
    places: Mapping[str, Any]
    problem: str
    requested_at: datetime
    finished_at: datetime | None

    def shown(self) -> dict[str, Any]:
        """As JSON for who asked. Nothing in it tells an install."""
        document: dict[str, Any] = {
            "id": self.id,
            "state": self.state,
            "installs": self.installs,
            "block": self.block,
            "requested_at": self.requested_at,
            "finished_at": self.finished_at,
            "places": dict(self.places),
        }
        if self.problem:
            document["problem"] = self.problem
        return document


class Erasures:
    """The receipts in the metadata that `accounts` has open. A mark is 64 hexadecimal digits."""

    def __init__(self, accounts: Accounts) -> None:
        self._session, self._clock = accounts.session, accounts.clock

    def request(
        self, project: int, marks: Iterable[str], places: Iterable[str], origin: str, block: bool
    ) -> Receipt:
        """A receipt for the erasure of these installs; the same one while it waits to be done.

        `origin`: who asked (user, api, cli). Raises Unprocessable (NO_INSTALL, TOO_MANY_INSTALLS)
        and TooMany TOO_MANY_ERASURES.
        """
        wanted = sorted(set(marks))
        if not wanted:
            raise Unprocessable("NO_INSTALL", "Name at least one install id to erase.")
        if len(wanted) > MAX_INSTALLS:
            raise Unprocessable(
                "TOO_MANY_INSTALLS", f"At most {MAX_INSTALLS:,} installs are erased by a request."
            )
        with self._session() as session:
            same = self._waiting_for(session, project, wanted, block)
            if same is not None:
                return _receipt(same)
            self._bound(session, project)
            row = ErasureRow(
                id=secrets.token_hex(16),
                project_id=project,
                origin=origin,
                block=block,
                installs=len(wanted),
                state=WAITING,
                places=_text({place: {"state": WAITING} for place in places}),
                problem="",
                requested_at=self._clock(),
                finished_at=None,
            )
            session.add(row)
            session.flush()
            session.add_all(ErasedInstallRow(erasure_id=row.id, mark=mark) for mark in wanted)
            session.commit()
            return _receipt(row)

    def _waiting_for(
        self, session: Session, project: int, marks: Sequence[str], block: bool
    ) -> ErasureRow | None:
        rows = session.scalars(
            select(ErasureRow)
            .join(ErasedInstallRow)
            .where(
                ErasureRow.project_id == project,
                ErasureRow.state == WAITING,
                ErasureRow.installs == len(marks),
                ErasureRow.block == block,
                ErasedInstallRow.mark == marks[0],
            )
        )
        return next((row for row in rows if _marks(session, row.id) == list(marks)), None)

    def _bound(self, session: Session, project: int) -> None:
        waiting = session.scalar(
            select(func.count())
            .select_from(ErasureRow)
            .where(ErasureRow.project_id == project, ErasureRow.state != DONE)
        )
        if (waiting or 0) >= MAX_WAITING:
            raise TooMany(
                "TOO_MANY_ERASURES",
                f"{MAX_WAITING:,} erasures of this project wait already: try again in a minute.",
                retry_after=60,
            )

    def get(self, id_: str, project: Project | None = None) -> Receipt:
        """Raises NotFound NO_SUCH_ERASURE, for another project's too."""
        with self._session() as session:
            row = session.get(ErasureRow, id_)
            if row is None or (project is not None and row.project_id != project.id):
                raise NotFound("NO_SUCH_ERASURE", f"There is no erasure with the id {id_!r}.")
            return _receipt(row)

    def all(self, project: Project, limit: int = 1_000) -> list[Receipt]:
        """A project's receipts, the newest first."""
        with self._session() as session:
            rows = session.scalars(
                select(ErasureRow)
                .where(ErasureRow.project_id == project.id)
                .order_by(ErasureRow.requested_at.desc(), ErasureRow.id)
                .limit(limit)
            )
            return [_receipt(row) for row in rows]

    def unfinished(self) -> list[tuple[Receipt, list[str]]]:
        """What is still to be done in any project, oldest first, with the marks of each."""
        with self._session() as session:
            rows = session.scalars(
                select(ErasureRow)
                .where(ErasureRow.state != DONE)
                .order_by(ErasureRow.requested_at, ErasureRow.id)
            )
            return [(_receipt(row), _marks(session, row.id)) for row in rows]

    def finished(self, since: datetime) -> list[tuple[Receipt, list[str]]]:
        """What was finished in any project since then, with the marks of each."""
        with self._session() as session:
            rows = session.scalars(
                select(ErasureRow)
                .where(ErasureRow.state == DONE, ErasureRow.finished_at >= since)
                .order_by(ErasureRow.finished_at, ErasureRow.id)
            )
            return [(_receipt(row), _marks(session, row.id)) for row in rows]

    def blocked(self) -> dict[int, frozenset[str]]:
        """The marks that are refused at the door, by project."""
        found: dict[int, set[str]] = {}
        with self._session() as session:
            for project, mark in session.execute(
                select(ErasureRow.project_id, ErasedInstallRow.mark)
                .join(ErasedInstallRow)
                .where(ErasureRow.block)
            ):
                found.setdefault(project, set()).add(mark)
        return {project: frozenset(marks) for project, marks in found.items()}

    def note(self, ids: Iterable[str], place: str, **said: Any) -> None:
        """Write down how far a place is, on each of these receipts; they are running from now."""
        with self._session() as session:
            for id_ in ids:
                row = session.get_one(ErasureRow, id_)
                places = msgspec.json.decode(row.places)
                row.places = _text({**places, place: said})
                row.state, row.problem = RUNNING, ""
            session.commit()

    def hinder(self, ids: Iterable[str], problem: str) -> None:
        """Say why these aren't done."""
        with self._session() as session:
            for id_ in ids:
                session.get_one(ErasureRow, id_).problem = problem
            session.commit()

    def finish(self, ids: Iterable[str]) -> None:
        """Every copy is gone."""
        with self._session() as session:
            for id_ in ids:
                row = session.get_one(ErasureRow, id_)
                row.state, row.problem, row.finished_at = DONE, "", self._clock()
            session.commit()

    def exported(self) -> list[dict[str, Any]]:
        """Every receipt with its marks, to be kept where a restored backup finds it."""
        with self._session() as session:
            rows = session.scalars(select(ErasureRow).order_by(ErasureRow.requested_at))
            return [
                {
                    "id": row.id,
                    "project": row.project_id,
                    "origin": row.origin,
                    "block": row.block,
                    "places": list(msgspec.json.decode(row.places)),
                    "requested_at": row.requested_at.isoformat(),
                    "marks": _marks(session, row.id),
                }
                for row in rows
            ]

    def reapply(self, exported: Iterable[Mapping[str, Any]]) -> int:
        """Have these erasures, and all that are known here, done once more: a backup came back.

        `exported`: what `exported` gave at any later time than the backup's, or nothing. Returns
        how many will be done. Projects that the backup doesn't have are left out.
        """
        with self._session() as session:
            for row in session.scalars(select(ErasureRow)):
                _again(row)
            for one in exported:
                _restore(session, one)
            session.commit()
            count = session.scalar(select(func.count()).select_from(ErasureRow))
        return count or 0


def _restore(session: Session, one: Mapping[str, Any]) -> None:
    if session.get(ErasureRow, one["id"]) or not session.get(ProjectRow, one["project"]):
        return
    row = ErasureRow(
        id=one["id"],
        project_id=one["project"],
        origin=one["origin"],
        block=one["block"],
        installs=len(one["marks"]),
        places=_text(dict.fromkeys(one["places"])),
        requested_at=datetime.fromisoformat(one["requested_at"]),
    )
    _again(row)
    session.add(row)
    session.flush()
    session.add_all(ErasedInstallRow(erasure_id=row.id, mark=mark) for mark in one["marks"])


def _again(row: ErasureRow) -> None:
    places = msgspec.json.decode(row.places)
    row.places = _text({place: {"state": WAITING} for place in places})
    row.state, row.problem, row.finished_at = WAITING, "", None


def _marks(session: Session, id_: str) -> list[str]:
    return list(
        session.scalars(
            select(ErasedInstallRow.mark)
            .where(ErasedInstallRow.erasure_id == id_)
            .order_by(ErasedInstallRow.mark)
        )
    )


def _text(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _receipt(row: ErasureRow) -> Receipt:
    return Receipt(
        row.id,
        row.project_id,
        row.origin,
        row.block,
        row.installs,
        row.state,
        msgspec.json.decode(row.places),
        row.problem,
        row.requested_at,
        row.finished_at,
    )
