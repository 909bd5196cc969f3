"""What differs between databases must not be seen: schema, races, copies."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from footfall_server.accounts import Accounts, Documents, Erasures, Users
from footfall_server.accounts.copying import load
from footfall_server.accounts.migrations import move, newest, revision
from footfall_server.accounts.tables import Base
from footfall_server.model.errors import Conflict, Unavailable
from sqlalchemy import create_engine, insert, inspect, select
from sqlalchemy.pool import NullPool

from tests.databases import Database, PostgreSQL

PASSWORD = "a long and unlikely sentence"

# Two of these run at once, as two servers would.
RACE = """
import sys
from footfall_server.accounts import Accounts, Sessions, Users
from footfall_server.model.errors import Conflict
url, me, link = sys.argv[1:]
accounts = Accounts(url)
print("ready", flush=True)
sys.stdin.readline()
won = []
try:
    Users(accounts).create_first(f"{me}@example.org", "a long and unlikely sentence")
    won.append("first")
except Conflict:
    pass
if Sessions(accounts).use_link(link):
    won.append("link")
made = 0
for number in range(20):
    try:
        accounts.create_project(f"p{number}")
        made += 1
    except Conflict:
        pass
    accounts.create_project(f"{me}-{number}")
accounts.close()
print(*won, made)
"""


def test_every_revision_goes_up_and_down(empty: Database) -> None:
    engine = create_engine(empty.url, poolclass=NullPool)
    move(engine, "head")
    whole = {
        table: sorted(column["name"] for column in inspect(engine).get_columns(table))
        for table in inspect(engine).get_table_names()
    }
    for number in range(int(newest()) - 1, 0, -1):
        move(engine, f"{number:04}")
        assert revision(empty.url) == f"{number:04}"
    move(engine, "base")
    assert set(inspect(engine).get_table_names()) == {"alembic_version"}
    move(engine, "head")
    assert {
        table: sorted(column["name"] for column in inspect(engine).get_columns(table))
        for table in inspect(engine).get_table_names()
    } == whole


def test_every_earlier_revision_comes_up_to_date_with_its_rows(
    empty: Database, tmp_path: Path
) -> None:
    made = Accounts(f"sqlite:///{tmp_path}/made.db")
    project = made.create_project("lib", "Europe/Brussels").project
    Documents(made).create(project, "boards", "first", {"a": 1})
    Users(made).create("ada@example.org", PASSWORD, admin=True)
    Erasures(made).request(project.id, ["ab" * 32], ["events"], "api", True)

    engine = create_engine(empty.url, poolclass=NullPool)
    for number in range(1, int(newest())):
        move(engine, "head")
        move(engine, f"{number:04}")
        there = {
            table: {column["name"] for column in inspect(engine).get_columns(table)}
            for table in inspect(engine).get_table_names()
        }
        with made._engine.connect() as source, engine.begin() as old:
            for table in Base.metadata.sorted_tables:
                for row in source.execute(select(table)).mappings():
                    known = {name: row[name] for name in row if name in there.get(table.name, ())}
                    if known:
                        old.execute(insert(table).values(known))
        after = Accounts(empty.url)
        assert after.projects() == made.projects()
        assert after.active_keys() == made.active_keys()
        if "documents" in there:
            assert Documents(after).all(project, "boards") == Documents(made).all(project, "boards")
        if "users" in there:
            assert Users(after).all() == Users(made).all()
        if "erasures" in there:
            assert Erasures(after).exported() == Erasures(made).exported()
        assert Documents(after).create(project, "boards", "next", {})
        after.close()
        move(engine, "base")
    made.close()


def test_two_servers_at_once_agree(database: Database) -> None:
    from footfall_server.accounts import Sessions

    accounts = Accounts(database.url)
    link = Sessions(accounts).create_link()
    servers = [
        subprocess.Popen(
            [sys.executable, "-c", RACE, database.url, me, link],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for me in ("ada", "bob")
    ]  # fmt: skip
    for server in servers:
        assert server.stdout is not None
        assert server.stdout.readline() == "ready\n"
    said = []
    for server in servers:
        assert server.stdin is not None
        server.stdin.write("go\n")
        server.stdin.flush()
    for server in servers:
        out, _ = server.communicate(timeout=60)
        assert server.returncode == 0
        said.append(out.split())
    assert sorted(word for words in said for word in words[:-1]) == ["first", "link"]
    assert sum(int(words[-1]) for words in said) == 20
    assert len(accounts.projects()) == 60
    assert [one.admin for one in Users(accounts).all()] == [True]
    accounts.close()


def test_a_copy_is_the_whole_and_numbers_go_on(
    database: Database, empty: Database, tmp_path: Path
) -> None:
    """From each database to each."""
    before = Accounts(database.url)
    project = before.create_project("lib", "Europe/Brussels").project
    Users(before).create("ada@example.org", PASSWORD, admin=True)
    Documents(before).create(project, "boards", "first", {"é": ["☃", None, 1.5]})
    Erasures(before).request(project.id, ["ab" * 32], ["events"], "api", True)
    before.save(tmp_path / "copy.db")
    assert (tmp_path / "copy.db").stat().st_mode & 0o077 == 0
    url = empty.url.replace("metadata.db", "other.db")
    load(tmp_path / "copy.db", url)

    after = Accounts(url)
    assert after.projects() == before.projects()
    assert after.active_keys() == before.active_keys()
    assert Users(after).all() == Users(before).all()
    assert Documents(after).all(project, "boards") == Documents(before).all(project, "boards")
    assert Erasures(after).exported() == Erasures(before).exported()
    assert after.create_project("next").project.id > project.id
    with pytest.raises(Conflict) as raised:
        load(tmp_path / "copy.db", url)
    assert raised.value.code == "METADATA_NOT_EMPTY"
    before.close()
    after.close()


def test_what_postgresql_cannot_hold_is_no_key(postgres: PostgreSQL) -> None:
    accounts = Accounts(postgres.create("odd", "made").url)
    assert accounts.key_project("a\0b") is None
    assert accounts.key_project("x" * 5000) is None
    accounts.close()


@pytest.mark.parametrize("url", ["postgresql://nobody@127.0.0.1:1/x", "mongodb://x/y", "nonsense"])
def test_a_database_that_is_not_there_is_a_clear_error(url: str) -> None:
    with pytest.raises(Unavailable) as raised:
        Accounts(url)
    assert "FOOTFALL_DATABASE_URL" in raised.value.message


def test_of_several_that_swap_a_document_one_succeeds(database: Database) -> None:
    accounts = [Accounts(database.url) for _ in range(4)]
    project = accounts[0].create_project("lib").project
    old: dict[str, int] | None = None
    for turn in range(3):
        with ThreadPoolExecutor(4) as pool:
            won = list(
                pool.map(
                    lambda place: Documents(accounts[place]).swap(
                        project,
                        "states",
                        "one",
                        old,  # noqa: B023
                        {"turn": turn, "by": place},  # noqa: B023
                    ),
                    range(4),
                )
            )
        assert won.count(True) == 1
        (kept,) = Documents(accounts[0]).all(project, "states")
        assert kept.body == {"turn": turn, "by": won.index(True)}
        old = kept.body
    for each in accounts:
        each.close()
