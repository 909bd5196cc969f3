"""People: who can sign in, who may do what, how they are invited, what was done."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from footfall_server.accounts import Accounts, Audit, Sessions, Tokens, Users, passwords
from footfall_server.model.errors import Conflict, FootfallError, NotFound, Unprocessable
from footfall_server.model.project import Project
from footfall_server.model.visitor import LINK

from tests.databases import Database

from .conftest import Clock

PASSWORD = "a few words in a row"


@pytest.fixture
def users(accounts: Accounts) -> Users:
    return Users(accounts)


@pytest.fixture
def project(accounts: Accounts) -> Project:
    return accounts.create_project("lib").project


def test_only_the_right_password_signs_in(users: Users) -> None:
    made = users.create(" Ada@Example.org ", PASSWORD)
    assert made.email == "ada@example.org"
    assert users.check("ADA@example.org", PASSWORD) == made
    assert users.check("ada@example.org", "something else entirely") is None
    assert users.check("nobody@example.org", PASSWORD) is None
    assert users.check("ada@example.org", "x" * 100_000) is None


def test_passwords_are_kept_as_argon2id_only(
    users: Users, database: Database, real_hasher: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "_hasher", real_hasher)
    users.create("ada@example.org", PASSWORD)
    dump = database.dump()
    assert PASSWORD not in dump
    assert "$argon2id$v=19$m=65536,t=3,p=4$" in dump


@pytest.mark.parametrize("password", ["", "short", "aaaaaaaaaaaa", "ada@example.org", "x" * 201])
def test_passwords_that_are_easy_to_guess_are_refused(users: Users, password: str) -> None:
    with pytest.raises(Unprocessable) as caught:
        users.create("ada@example.org", password)
    assert (caught.value.code, caught.value.path) == ("WEAK_PASSWORD", "/password")
    assert users.all() == []


@pytest.mark.parametrize("email", ["", "ada", "a@", "@b", "a b@c", "a@b\n", "a" * 65 + "@b"])
def test_what_is_no_address_is_refused(users: Users, email: str) -> None:
    if email.endswith("\n"):
        email = "a\x00@b"
    with pytest.raises(Unprocessable) as caught:
        users.create(email, PASSWORD)
    assert caught.value.code == "INVALID_EMAIL"


def test_an_address_has_one_account(users: Users) -> None:
    users.create("ada@example.org", PASSWORD)
    with pytest.raises(Conflict):
        users.create("Ada@example.org", PASSWORD)


def test_the_first_account_is_an_admins_and_there_is_one_first(users: Users) -> None:
    assert not users.any()
    assert users.create_first("ada@example.org", PASSWORD).admin
    assert users.any()
    with pytest.raises(Conflict):
        users.create_first("eve@example.org", PASSWORD)
    assert [user.email for user in users.all()] == ["ada@example.org"]


def test_a_session_knows_what_its_user_may(
    accounts: Accounts, users: Users, project: Project
) -> None:
    sessions, user = Sessions(accounts), users.create("ada@example.org", PASSWORD)
    token = sessions.begin(user.id)
    visitor = sessions.visitor(token)
    assert visitor is not None
    assert not visitor.may(project.id)
    for role, allowed in (("viewer", 1), ("editor", 2), ("owner", 3)):
        users.set_role(project, user.id, role)  # type: ignore[arg-type]
        visitor = sessions.visitor(token)
        assert visitor is not None
        may = [visitor.may(project.id, each) for each in ("viewer", "editor", "owner")]  # type: ignore[arg-type]
        assert sum(may) == allowed
        assert not visitor.may(project.id + 1)
    users.set_role(project, user.id, None)
    visitor = sessions.visitor(token)
    assert visitor is not None
    assert not visitor.may(project.id)


def test_sessions_end(accounts: Accounts, users: Users, clock: Clock) -> None:
    sessions, user = Sessions(accounts), users.create("ada@example.org", PASSWORD)
    users.create("root@example.org", PASSWORD, admin=True)
    by_hand, by_password, by_disabling = (sessions.begin(user.id) for _ in range(3))
    sessions.end(by_hand)
    assert sessions.visitor(by_hand) is None
    assert sessions.visitor(by_password) is not None
    users.set_password(user.id, "some other words in a row")
    assert sessions.visitor(by_password) is None
    assert sessions.visitor(by_disabling) is None
    token = sessions.begin(user.id)
    users.disable(user.id)
    assert sessions.visitor(token) is None
    assert users.check("ada@example.org", "some other words in a row") is None
    link = sessions.begin()
    assert sessions.visitor(link) == LINK
    clock.now += timedelta(days=15)
    assert sessions.visitor(link) is None


def test_the_last_admin_stays(users: Users) -> None:
    root = users.create_first("root@example.org", PASSWORD)
    with pytest.raises(Conflict) as caught:
        users.disable(root.id)
    assert caught.value.code == "LAST_ADMIN"
    users.create("other@example.org", PASSWORD, admin=True)
    users.disable(root.id)


def test_an_invitation_makes_an_account_with_a_role_once(users: Users, project: Project) -> None:
    secret = users.invite(project, "Bob@example.org", "editor")
    (listed,) = users.invitations(project)
    assert (listed.email, listed.role) == ("bob@example.org", "editor")
    assert users.invitation(secret) == (listed, False)
    user = users.accept(secret, PASSWORD)
    assert [(one.user, one.role) for one in users.members(project)] == [(user, "editor")]
    assert users.invitations(project) == []
    for use in (lambda: users.invitation(secret), lambda: users.accept(secret, PASSWORD)):
        with pytest.raises(NotFound) as caught:
            use()
        assert caught.value.code == "INVITATION_GONE"


def test_an_invitation_of_an_account_needs_its_password(users: Users, project: Project) -> None:
    users.create("bob@example.org", PASSWORD)
    secret = users.invite(project, "bob@example.org", "owner")
    with pytest.raises(FootfallError) as caught:
        users.accept(secret, "taking over the account")
    assert caught.value.code == "WRONG_PASSWORD"
    assert users.members(project) == []
    users.accept(secret, PASSWORD)
    assert users.members(project)[0].role == "owner"


def test_invitations_grow_old_and_can_be_withdrawn(
    users: Users, project: Project, clock: Clock
) -> None:
    old = users.invite(project, "bob@example.org", "viewer")
    clock.now += timedelta(days=8)
    withdrawn = users.invite(project, "eve@example.org", "viewer")
    users.withdraw(project, users.invitations(project)[0].id)
    for secret in (old, withdrawn, "made up"):
        with pytest.raises(NotFound):
            users.accept(secret, PASSWORD)


def test_tokens_have_scopes_and_can_be_revoked(
    accounts: Accounts, project: Project, clock: Clock
) -> None:
    tokens = Tokens(accounts)
    secret = tokens.create(project, "notebook", "read")
    grant = tokens.grant(secret)
    assert grant is not None
    assert grant.allows("read")
    assert not grant.allows("write")
    (token,) = [one for one in tokens.all(project) if one.name == "notebook"]
    assert (token.name, token.scope, token.last_used_at) == ("notebook", "read", clock.now)
    tokens.revoke(project, token.id)
    assert tokens.grant(secret) is None
    assert [one.revoked for one in tokens.all(project) if one.id == token.id] == [True]
    with pytest.raises(Unprocessable):
        tokens.create(project, "x", "everything")  # type: ignore[arg-type]


def test_write_keys_can_be_revoked_and_tell_their_last_use(
    accounts: Accounts, project: Project, clock: Clock
) -> None:
    key = accounts.add_write_key("lib")
    accounts.note_used([key])
    uses = {one.key: one.last_used_at for one in accounts.write_keys(project)}
    assert uses[key] == clock.now
    assert list(uses.values()).count(None) == 1
    accounts.revoke_write_key(project, key)
    assert accounts.key_project(key) is None
    other = accounts.create_project("other").project
    first = next(one.key for one in accounts.write_keys(project) if one.key != key)
    accounts.revoke_write_key(other, first)
    assert accounts.key_project(first) == project.id


def test_acts_are_told_by_project_newest_first(accounts: Accounts, project: Project) -> None:
    audit = Audit(accounts)
    audit.note("ada@example.org", "token.create", project, "notebook")
    audit.note("ada@example.org", "erase", project, "1 install")
    audit.note("root@example.org", "user.create", None)
    assert [act.action for act in audit.acts(project)] == ["erase", "token.create"]
    assert [act.action for act in audit.acts(None)] == ["user.create"]
