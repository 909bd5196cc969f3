"""Projects, keys, tokens and links."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path

import pytest
from footfall_server.accounts import Accounts, Sessions, Tokens
from footfall_server.accounts.migrations import newest, revision
from footfall_server.model.errors import Conflict, NotFound, Unavailable, Unprocessable

from tests.databases import Database

from .conftest import NOW, Clock


def test_a_new_project_has_a_key_and_a_token_that_open_it(accounts: Accounts) -> None:
    created = accounts.create_project("lib", "Europe/Brussels", "lib_version")
    assert accounts.project("lib") == created.project
    assert created.project.timezone == "Europe/Brussels"
    assert created.project.version_property == "lib_version"
    assert accounts.active_keys() == {created.write_key: created.project.id}
    assert accounts.key_project(created.write_key) == created.project.id
    assert Tokens(accounts).grant(created.api_token).project == created.project
    assert Tokens(accounts).grant("ff_something_else") is None
    assert accounts.key_project("wk_something_else") is None


def test_secrets_are_not_stored(accounts: Accounts, database: Database) -> None:
    created = accounts.create_project("lib")
    token = Tokens(accounts).create(created.project, "more")
    link = Sessions(accounts).create_link()
    session = Sessions(accounts).use_link(link)
    assert session is not None
    dump = database.dump()
    assert created.write_key in dump  # public by nature
    for secret in (created.api_token, token, link, session):
        assert secret not in dump


@pytest.mark.parametrize("name", ["", "Lib", "a b", "../x", "a/b", "-a", "x" * 101, "é", "a\n"])
def test_a_name_that_can_not_stand_in_an_address(accounts: Accounts, name: str) -> None:
    with pytest.raises(Unprocessable) as raised:
        accounts.create_project(name)
    assert raised.value.code == "INVALID_NAME"


@pytest.mark.parametrize("timezone", ["Mars/Olympus", "", "../../etc/passwd", "/etc/localtime"])
def test_a_time_zone_that_is_none(accounts: Accounts, timezone: str) -> None:
    with pytest.raises(Unprocessable) as raised:
        accounts.create_project("lib", timezone)
    assert raised.value.code == "UNKNOWN_TIMEZONE"


def test_names_are_taken_once(accounts: Accounts) -> None:
    accounts.create_project("lib")
    with pytest.raises(Conflict):
        accounts.create_project("lib")
    assert [project.name for project in accounts.projects()] == ["lib"]


def test_a_project_that_is_not_there(accounts: Accounts) -> None:
    for use in (accounts.project, accounts.add_write_key):
        with pytest.raises(NotFound):
            use("nobody")


def test_a_clients_own_key_may_be_added_to_one_project(accounts: Accounts) -> None:
    one, two = accounts.create_project("one"), accounts.create_project("two")
    accounts.add_write_key("one", "builtin-key")
    accounts.add_write_key("one", "builtin-key")
    assert accounts.key_project("builtin-key") == one.project.id
    with pytest.raises(Conflict) as raised:
        accounts.add_write_key("two", "builtin-key")
    assert raised.value.code == "KEY_IN_USE"
    assert [key.key for key in accounts.write_keys(two.project)] == [two.write_key]


def test_a_library_with_a_key_of_its_own_needs_only_the_host(accounts: Accounts) -> None:
    created = accounts.create_project("nannyml")
    keys = accounts.write_keys(created.project)
    assert keys[0].key == created.write_key
    assert [key.name for key in keys] == ["default", "built into nannyml"]
    assert accounts.key_project(keys[1].key) == created.project.id


@pytest.mark.parametrize(
    "key", ["short", "with:colon-in-it", "with space in", "tab\tin-it-now", "x" * 201]
)
def test_a_key_that_can_not_travel(accounts: Accounts, key: str) -> None:
    accounts.create_project("lib")
    with pytest.raises(Unprocessable):
        accounts.add_write_key("lib", key)


def test_a_link_signs_in_once_and_not_for_ever(accounts: Accounts, clock: Clock) -> None:
    link = Sessions(accounts).create_link()
    session = Sessions(accounts).use_link(link)
    assert session is not None
    assert Sessions(accounts).visitor(session)
    assert not Sessions(accounts).visitor("made up")
    assert Sessions(accounts).use_link(link) is None
    late = Sessions(accounts).create_link()
    clock.now += timedelta(hours=1, seconds=1)
    assert Sessions(accounts).use_link(late) is None
    clock.now = NOW + timedelta(days=14, seconds=1)
    assert not Sessions(accounts).visitor(session)


def test_many_may_open_it_at_once_and_first(empty: Database) -> None:
    """The server and the command line may both be the first."""
    failures: list[Exception] = []

    def first(number: int) -> None:
        try:
            opened = Accounts(empty.url)
            opened.create_project(f"p{number}")
            opened.close()
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=first, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    accounts = Accounts(empty.url)
    assert len(accounts.projects()) == 6
    accounts.close()


def test_the_newest_revision_is_where_an_upgrade_leads(empty: Database) -> None:
    assert revision(empty.url) is None
    Accounts(empty.url).close()
    assert revision(empty.url) == newest()


def test_a_database_that_is_none_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "metadata.db").write_text("this is a text file, and quite a long one at that" * 20)
    with pytest.raises(Unavailable) as raised:
        Accounts(f"sqlite:///{tmp_path}/metadata.db")
    assert raised.value.code == "DATABASE_UNAVAILABLE"
