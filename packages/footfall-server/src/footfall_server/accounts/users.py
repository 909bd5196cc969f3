"""People: their addresses and passwords, their roles in projects, and how they are invited."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from footfall_server.accounts import passwords
from footfall_server.accounts.accounts import Accounts
from footfall_server.accounts.credentials import hash_of
from footfall_server.accounts.tables import InvitationRow, MemberRow, SessionRow, UserRow
from footfall_server.model.errors import Conflict, Forbidden, NotFound, Unprocessable
from footfall_server.model.openid import OpenId
from footfall_server.model.project import Project
from footfall_server.model.visitor import ROLES, Role

INVITATION_AGE = timedelta(days=7)
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,189}")


_LOCK = 0x75736572  # any number that no other program takes


@dataclass(frozen=True, slots=True)
class User:
    """An admin may do everything in every project."""

    id: int
    email: str
    admin: bool
    created_at: datetime
    disabled: bool


@dataclass(frozen=True, slots=True)
class Member:
    """A user in a project."""

    user: User
    role: str


@dataclass(frozen=True, slots=True)
class Invitation:
    """A link for one address, into one project, good for a week and once."""

    id: str
    project: int
    email: str
    role: str
    expires_at: datetime


class Users:
    """The people in the metadata that `accounts` has open."""

    def __init__(self, accounts: Accounts) -> None:
        self._session, self._clock = accounts.session, accounts.clock
        self._some = False

    def any(self) -> bool:
        """Whether there is a user at all; once there is one, this is known without asking."""
        if not self._some:
            with self._session() as session:
                self._some = bool(session.scalar(select(func.count()).select_from(UserRow)))
        return self._some

    def create(self, email: str, password: str, *, admin: bool = False) -> User:
        """Raises Unprocessable INVALID_EMAIL and WEAK_PASSWORD, Conflict USER_EXISTS."""
        with self._session() as session:
            row = self._new(session, email, password, admin)
            session.commit()
            return _user(row)

    def create_first(self, email: str, password: str) -> User:
        """The first user, an admin. Raises as `create`, and Conflict when there is one already."""
        with self._session() as session:
            _one_at_a_time(session)
            row = self._new(session, email, password, admin=True)
            if session.scalar(select(func.count()).select_from(UserRow)) != 1:
                raise Conflict("NOT_THE_FIRST", "There are users already: sign in, or be invited.")
            session.commit()
            return _user(row)

    def all(self) -> list[User]:
        """By address."""
        with self._session() as session:
            return [_user(row) for row in session.scalars(select(UserRow).order_by(UserRow.email))]

    def check(self, email: str, password: str) -> User | None:
        """The user with this password; None otherwise, after the same time."""
        with self._session() as session:
            row = self._by_email(session, email)
        if not passwords.fits(row.password if row else None, password):
            return None
        return None if row is None or row.disabled_at is not None else _user(row)

    def set_password(self, user: int, password: str) -> None:
        """Ends every session of the user. Raises Unprocessable WEAK_PASSWORD."""
        with self._session() as session:
            row = self._row(session, user)
            row.password = passwords.hashed(password, row.email)
            session.execute(delete(SessionRow).where(SessionRow.user_id == user))
            session.commit()

    def disable(self, user: int, disabled: bool = True) -> None:
        """A disabled user can't sign in, and is signed out. The last admin can't be disabled."""
        with self._session() as session:
            _one_at_a_time(session)
            row = self._row(session, user)
            others = select(func.count()).where(
                UserRow.admin, UserRow.disabled_at.is_(None), UserRow.id != user
            )
            if disabled and row.admin and not session.scalar(others):
                raise Conflict("LAST_ADMIN", "This is the last administrator: make another first.")
            row.disabled_at = self._clock() if disabled else None
            if disabled:
                session.execute(delete(SessionRow).where(SessionRow.user_id == user))
            session.commit()

    def members(self, project: Project) -> list[Member]:
        """Who has a role in a project, by address."""
        with self._session() as session:
            rows = session.execute(
                select(UserRow, MemberRow.role)
                .join(MemberRow, MemberRow.user_id == UserRow.id)
                .where(MemberRow.project_id == project.id)
                .order_by(UserRow.email)
            )
            return [Member(_user(row), role) for row, role in rows]

    def set_role(self, project: Project, user: int, role: Role | None) -> None:
        """None takes the user out of the project."""
        with self._session() as session:
            self._row(session, user)
            _set_role(session, project.id, user, role)
            session.commit()

    def invite(self, project: Project, email: str, role: Role) -> str:
        """The secret of a link; shown here and never again. Raises Unprocessable INVALID_EMAIL."""
        secret, now = secrets.token_urlsafe(32), self._clock()
        if role not in ROLES:
            raise Unprocessable("INVALID_ROLE", f"A role is one of {', '.join(ROLES)}.")
        with self._session() as session:
            session.add(
                InvitationRow(
                    hash=hash_of(secret),
                    id=secrets.token_hex(8),
                    project_id=project.id,
                    role=role,
                    email=_address(email),
                    created_at=now,
                    expires_at=now + INVITATION_AGE,
                    used_at=None,
                )
            )
            session.commit()
        return secret

    def invitations(self, project: Project) -> list[Invitation]:
        """Those that can still be accepted, oldest first."""
        with self._session() as session:
            rows = session.scalars(self._open_invitations(InvitationRow.project_id == project.id))
            return [_invitation(row) for row in rows]

    def withdraw(self, project: Project, invitation: str) -> None:
        """A no-op for an invitation that isn't there."""
        with self._session() as session:
            session.execute(
                delete(InvitationRow).where(
                    InvitationRow.id == invitation, InvitationRow.project_id == project.id
                )
            )
            session.commit()

    def invitation(self, secret: str) -> tuple[Invitation, bool]:
        """What a link invites to, and whether its address has an account already.

        Raises NotFound INVITATION_GONE.
        """
        with self._session() as session:
            row = self._open_invitation(session, secret)
            return _invitation(row), self._by_email(session, row.email) is not None

    def accept(self, secret: str, password: str) -> User:
        """Use a link up: the account is made (or its password checked), the role is given.

        Raises NotFound INVITATION_GONE, Unprocessable WEAK_PASSWORD and WRONG_PASSWORD.
        """
        with self._session() as session:
            invitation = self._open_invitation(session, secret)
            row = self._by_email(session, invitation.email)
            if row is None:
                row = self._new(session, invitation.email, password, admin=False)
            elif not passwords.fits(row.password, password) or row.disabled_at is not None:
                raise Unprocessable(
                    "WRONG_PASSWORD", "This isn't the password of your account.", path="/password"
                )
            used = session.execute(
                update(InvitationRow)
                .where(InvitationRow.hash == invitation.hash, InvitationRow.used_at.is_(None))
                .values(used_at=self._clock())
            )
            if used.rowcount != 1:  # type: ignore[attr-defined]
                raise _gone()
            _set_role(session, invitation.project_id, row.id, invitation.role)
            session.commit()
            return _user(row)

    def admit(self, email: str, openid: OpenId) -> User:
        """The account of an address that a provider vouches for; open invitations to it are used.

        An account is made for who was invited or is allowed in the settings; the first one, an
        administrator's, only for an address that they name. It has no password. Roles that
        somebody has stay. Raises Forbidden (ACCOUNT_DISABLED, OPENID_NOT_FIRST,
        OPENID_NOT_INVITED), Unprocessable INVALID_EMAIL.
        """
        address = _address(email)
        with self._session() as session:
            _one_at_a_time(session)
            invited = list(session.scalars(self._open_invitations(InvitationRow.email == address)))
            row = self._by_email(session, address)
            if row is None:
                row = self._admitted(session, address, bool(invited), openid)
            if row.disabled_at is not None:
                raise Forbidden(
                    "ACCOUNT_DISABLED", "This account is disabled: ask an administrator."
                )
            for invitation in invited:
                invitation.used_at = self._clock()
                if session.get(MemberRow, (row.id, invitation.project_id)) is None:
                    _set_role(session, invitation.project_id, row.id, invitation.role)
                    session.flush()
            session.commit()
            return _user(row)

    def _admitted(self, session: Session, address: str, invited: bool, openid: OpenId) -> UserRow:
        row = self._new(session, address, None, admin=False)
        if session.scalar(select(func.count()).select_from(UserRow)) == 1:
            if not openid.may_be_first(address):
                raise Forbidden(
                    "OPENID_NOT_FIRST",
                    "There is no account here yet. The first one is made on the machine that runs "
                    "Footfall, or by an address that FOOTFALL_OIDC_ALLOWED names.",
                )
            row.admin = True
        elif not invited and not openid.allows(address):
            raise Forbidden(
                "OPENID_NOT_INVITED",
                f"{address} has no account here: ask an owner of the project to invite it.",
            )
        return row

    def has_password(self, user: int) -> bool:
        """Not everybody does who signs in by a provider."""
        with self._session() as session:
            return self._row(session, user).password is not None

    def _new(self, session: Session, email: str, password: str | None, admin: bool) -> UserRow:
        address = _address(email)
        row = UserRow(
            email=address,
            password=None if password is None else passwords.hashed(password, address),
            admin=admin,
            created_at=self._clock(),
            disabled_at=None,
        )
        session.add(row)
        try:
            session.flush()
        except IntegrityError:
            raise Conflict("USER_EXISTS", f"There is a user {address} already.") from None
        return row

    def _open_invitations(self, which: ColumnElement[bool]) -> Select[InvitationRow]:
        return (
            select(InvitationRow)
            .where(
                which,
                InvitationRow.used_at.is_(None),
                InvitationRow.expires_at > self._clock(),
            )
            .order_by(InvitationRow.created_at)
        )

    def _open_invitation(self, session: Session, secret: str) -> InvitationRow:
        row = session.get(InvitationRow, hash_of(secret))
        if row is None or row.used_at is not None or row.expires_at <= self._clock():
            raise _gone()
        return row

    def _by_email(self, session: Session, email: str) -> UserRow | None:
        return session.scalar(select(UserRow).where(UserRow.email == email.strip().lower()))

    def _row(self, session: Session, user: int) -> UserRow:
        row = session.get(UserRow, user)
        if row is None:
            raise NotFound("NO_SUCH_USER", "There is no such user.")
        return row


def _one_at_a_time(session: Session) -> None:
    """Wait for whoever decides by counting users; SQLite's writers wait for each other anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(_LOCK)))


def _set_role(session: Session, project: int, user: int, role: str | None) -> None:
    row = session.get(MemberRow, (user, project))
    if role is None:
        if row is not None:
            session.delete(row)
    elif row is None:
        session.add(MemberRow(user_id=user, project_id=project, role=role))
    else:
        row.role = role


def _address(email: str) -> str:
    address = email.strip().lower()
    if not _EMAIL.fullmatch(address) or not address.isprintable():
        raise Unprocessable("INVALID_EMAIL", f"{email!r} isn't an e-mail address.", path="/email")
    return address


def _gone() -> NotFound:
    return NotFound("INVITATION_GONE", "This invitation was used, withdrawn or is too old.")


def _user(row: UserRow) -> User:
    return User(row.id, row.email, row.admin, row.created_at, row.disabled_at is not None)


def _invitation(row: InvitationRow) -> Invitation:
    return Invitation(row.id, row.project_id, row.email, row.role, row.expires_at)
