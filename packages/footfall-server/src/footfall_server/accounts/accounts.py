"""Projects and the keys to them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import create_engine, event, func, select, update
from sqlalchemy.engine import Engine
from sqlalchemy.exc import ArgumentError, DatabaseError, IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from footfall_server.accounts.copying import save
from footfall_server.accounts.credentials import new_token, new_write_key, token_row
from footfall_server.accounts.migrations import address, upgrade
from footfall_server.accounts.tables import ProjectRow, WriteKeyRow
from footfall_server.model.errors import Conflict, NotFound, Unavailable, Unprocessable
from footfall_server.model.project import Project

BUILT_IN_KEYS = {"nannyml": "lIVZJNAdj2ZaMzAHHnFWP76g7CuwmzGz"}
"""Write keys that libraries publish in their own source, by the project's name."""

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,98}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class WriteKey:
    """May add events to one project, and nothing else: it is safe to publish."""

    key: str
    name: str
    created_at: datetime
    revoked: bool
    last_used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Created:
    """A new project. `api_token` is shown here and never again."""

    project: Project
    write_key: str
    api_token: str


def _now() -> datetime:
    return datetime.now(UTC)


class Accounts:
    """The metadata at an SQLAlchemy URL, brought to the newest schema when opened.

    `session` and `clock` are for the other modules of this room.
    """

    def __init__(self, url: str, *, clock: Callable[[], datetime] = _now) -> None:
        self.clock = self._clock = clock
        try:
            self._engine = _engine(url)
            upgrade(self._engine)
        except (ArgumentError, ImportError) as error:
            raise Unavailable(
                "DATABASE_UNKNOWN",
                f"FOOTFALL_DATABASE_URL can't be used ({error}): it is sqlite:///PATH, or"
                " postgresql://USER:PASSWORD@HOST/NAME with footfall-server[postgresql] installed.",
            ) from None
        except DatabaseError as error:
            raise Unavailable(
                "DATABASE_UNAVAILABLE",
                f"The metadata can't be opened ({error.orig}): check FOOTFALL_DATABASE_URL and "
                "the data directory.",
            ) from None
        self.session = self._session = sessionmaker(self._engine, expire_on_commit=False)

    def close(self) -> None:
        self._engine.dispose()

    def save(self, file: Path) -> None:
        """See `copying.save`."""
        save(self._engine, file)

    def clock_of_database(self) -> datetime:
        """What the database's own machine holds for now."""
        if self._engine.dialect.name == "sqlite":
            return self._clock()
        with self._engine.connect() as connection:
            now: datetime = connection.execute(select(func.now())).scalar_one()
        return now.astimezone(UTC)

    def create_project(
        self, name: str, timezone: str = "UTC", version_property: str = "library_version"
    ) -> Created:
        """A project with its first write key and API token.

        Raises Unprocessable (INVALID_NAME, UNKNOWN_TIMEZONE) and Conflict PROJECT_EXISTS.
        """
        if not _NAME.fullmatch(name):
            raise Unprocessable(
                "INVALID_NAME",
                f"{name!r} can't be a project's name: use lower-case letters, digits, dots, "
                "dashes and underscores.",
            )
        _check_timezone(timezone)
        key, token = new_write_key(), new_token()
        row = ProjectRow(
            name=name,
            timezone=timezone,
            version_property=version_property,
            created_at=self._clock(),
        )
        with self._session() as session:
            session.add(row)
            try:
                session.flush()
            except IntegrityError:
                raise Conflict(
                    "PROJECT_EXISTS", f"The project {name!r} exists already: choose another name."
                ) from None
            self._add_key(session, row.id, key, "default")
            self._add_built_in_key(session, row.id, name)
            session.add(
                token_row(row.id, token, "created with the project", "admin", self._clock())
            )
            session.commit()
        return Created(_project(row), key, token)

    def projects(self) -> list[Project]:
        """Every project, by name."""
        with self._session() as session:
            return [
                _project(row)
                for row in session.scalars(select(ProjectRow).order_by(ProjectRow.name))
            ]

    def project(self, name: str) -> Project:
        """Raises NotFound NO_SUCH_PROJECT."""
        with self._session() as session:
            return _project(self._row(session, name))

    def write_keys(self, project: Project) -> list[WriteKey]:
        """The project's write keys, oldest first, revoked ones too."""
        with self._session() as session:
            rows = session.scalars(
                select(WriteKeyRow)
                .where(WriteKeyRow.project_id == project.id)
                .order_by(WriteKeyRow.created_at, WriteKeyRow.key)
            )
            return [
                WriteKey(
                    row.key, row.name, row.created_at, row.revoked_at is not None, row.last_used_at
                )
                for row in rows
            ]

    def add_write_key(self, name: str, key: str | None = None, label: str = "added") -> str:
        """A further key; a given one is for clients that have theirs built in.

        Raises Conflict KEY_IN_USE when another project has it; adding it twice is no error.
        """
        with self._session() as session:
            row = self._row(session, name)
            key = key or new_write_key()
            if not 8 <= len(key) <= 200 or not key.isprintable() or ":" in key or " " in key:
                raise Unprocessable(
                    "INVALID_KEY",
                    "A write key has 8 to 200 printable characters, no colon or space.",
                )
            known = session.get(WriteKeyRow, key)
            if known is not None and known.project_id != row.id:
                raise Conflict(
                    "KEY_IN_USE", "Another project has this write key: choose another one."
                )
            if known is None:
                self._add_key(session, row.id, key, label)
            else:
                known.revoked_at = None
            session.commit()
        return key

    def revoke_write_key(self, project: Project, key: str) -> None:
        """Refuse what comes with it, within seconds; a no-op for a key that isn't there."""
        with self._session() as session:
            row = session.get(WriteKeyRow, key)
            if row is not None and row.project_id == project.id and row.revoked_at is None:
                row.revoked_at = self._clock()
                session.commit()

    def note_used(self, keys: Iterable[str]) -> None:
        """Events came with these keys."""
        with self._session() as session:
            session.execute(
                update(WriteKeyRow)
                .where(WriteKeyRow.key.in_(list(keys)))
                .values(last_used_at=self._clock())
            )
            session.commit()

    def set_timezone(self, project: Project, timezone: str) -> Project:
        """Of every report from now on. Raises Unprocessable UNKNOWN_TIMEZONE."""
        _check_timezone(timezone)
        with self._session() as session:
            row = self._row(session, project.name)
            row.timezone = timezone
            session.commit()
            return _project(row)

    def active_keys(self) -> dict[str, int]:
        """Every write key that may be used now, to its project's id."""
        with self._session() as session:
            rows = session.execute(
                select(WriteKeyRow.key, WriteKeyRow.project_id).where(
                    WriteKeyRow.revoked_at.is_(None)
                )
            )
            return {row.key: row.project_id for row in rows}

    def key_project(self, key: str) -> int | None:
        """The id of the project that a write key opens; None if it opens none."""
        if not key.isprintable():
            return None  # PostgreSQL doesn't take every character
        with self._session() as session:
            row = session.get(WriteKeyRow, key)
            return None if row is None or row.revoked_at is not None else row.project_id

    def _row(self, session: Session, name: str) -> ProjectRow:
        row = session.execute(
            select(ProjectRow).where(ProjectRow.name == name)
        ).scalar_one_or_none()
        if row is None:
            raise NotFound(
                "NO_SUCH_PROJECT",
                f"There is no project {name!r}: `footfall-server project list` shows what there "
                "is.",
            )
        return row

    def _add_key(self, session: Session, project: int, key: str, label: str) -> None:
        session.add(WriteKeyRow(key=key, project_id=project, name=label, created_at=self._clock()))

    def _add_built_in_key(self, session: Session, project: int, name: str) -> None:
        """A library whose client has its key built in needs nothing but another host name."""
        key = BUILT_IN_KEYS.get(name)
        if key is not None and session.get(WriteKeyRow, key) is None:
            created_at = self._clock() + timedelta(microseconds=1)  # listed after the project's own
            label = f"built into {name}"
            row = WriteKeyRow(key=key, project_id=project, name=label, created_at=created_at)
            session.add(row)


def _check_timezone(timezone: str) -> None:
    try:
        ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Unprocessable(
            "UNKNOWN_TIMEZONE", f"{timezone!r} is no IANA time zone; one is Europe/Brussels."
        ) from None


def _project(row: ProjectRow) -> Project:
    return Project(row.id, row.name, row.timezone, row.version_property)


def _engine(url: str) -> Engine:
    made = address(url)
    # A connection may have ended with its server since it was used: it is tried before.
    engine = create_engine(made, pool_pre_ping=made.get_backend_name() != "sqlite")
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "connect")
        def _settings(connection: Any, _: Any) -> None:
            # The command line and the server write at the same time: WAL, and patience.
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA foreign_keys=ON")
            connection.execute("PRAGMA busy_timeout=10000")

    return engine
