"""The outbox: each destination gets everything from its place on, and nothing stays for ever."""

from __future__ import annotations

from pathlib import Path

import pytest
from footfall_server.journal import Outbox
from footfall_server.journal.outbox import by_project


def lines(*numbers: int) -> list[bytes]:
    return [b'{"project":1,"n":%d}\n' % number for number in numbers]


def waiting(outbox: Outbox, destination: str) -> list[bytes]:
    return [
        line
        for block in outbox.next(destination, 100)
        for line in block.body.splitlines(keepends=True)
    ]


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    return Outbox(tmp_path / "outbox.db")


def test_each_destination_goes_at_its_own_pace(outbox: Outbox) -> None:
    outbox.follow({"quick": 1, "slow": 1})
    outbox.add(1, lines(1, 2), "a", 10)
    outbox.add(1, lines(3), "b", 20)
    first, second = outbox.next("quick", 2)
    outbox.advance("quick", first.id, 2)
    assert waiting(outbox, "quick") == lines(3)
    assert waiting(outbox, "slow") == lines(1, 2, 3)
    outbox.advance("quick", second.id, 1)
    slow = outbox.cursor("slow")
    assert slow is not None
    assert (slow.waiting, slow.sent, slow.oldest) == (3, 0, 10)
    outbox.advance("slow", second.id, 3)
    done = outbox.cursor("slow")
    assert done is not None
    assert (done.waiting, done.sent, done.oldest) == (0, 3, None)
    assert outbox._database.execute("SELECT count(*) FROM blocks").fetchone() == (0,)


def test_a_destination_gets_what_comes_after_it_was_made(outbox: Outbox) -> None:
    outbox.follow({"old": 1})
    outbox.add(1, lines(1), "a", 0)
    outbox.follow({"old": 1, "new": 1})
    outbox.add(1, lines(2), "b", 0)
    assert waiting(outbox, "old") == lines(1, 2)
    assert waiting(outbox, "new") == lines(2)


def test_projects_stay_apart(outbox: Outbox) -> None:
    outbox.follow({"one": 1, "two": 2})
    outbox.add(1, lines(1), "a", 0)
    outbox.add(2, [b'{"project":2}\n'], "a", 0)
    assert waiting(outbox, "one") == lines(1)
    assert waiting(outbox, "two") == [b'{"project":2}\n']


def test_a_replayed_block_is_there_once(outbox: Outbox) -> None:
    outbox.follow({"d": 1})
    outbox.add(1, lines(1, 2), "token", 0)
    outbox.add(1, lines(1, 2), "token", 5)
    assert waiting(outbox, "d") == lines(1, 2)


def test_it_survives_being_closed(tmp_path: Path) -> None:
    before = Outbox(tmp_path / "o")
    before.follow({"d": 1})
    before.add(1, lines(*range(12_000)), "a", 0)
    first = before.next("d")[0]
    before.advance("d", first.id, first.lines)
    before.close()
    after = Outbox(tmp_path / "o")
    after.follow({"d": 1})
    assert waiting(after, "d") == lines(*range(first.lines, 12_000))


def test_beyond_its_bound_the_oldest_goes_and_is_counted(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "o", max_bytes=60)
    outbox.follow({"dead": 1})
    for number in range(10):
        outbox.add(1, lines(number), str(number), 0)
    left = waiting(outbox, "dead")
    cursor = outbox.cursor("dead")
    assert cursor is not None
    assert cursor.missed == 10 - len(left) > 0
    assert left == lines(*range(10 - len(left), 10))


def test_one_that_is_gone_holds_nothing_back(outbox: Outbox) -> None:
    outbox.follow({"gone": 1, "stays": 1})
    outbox.add(1, lines(1), "a", 0)
    outbox.advance("stays", outbox.next("stays")[0].id, 1)
    outbox.follow({"stays": 1})
    assert outbox.cursor("gone") is None
    assert outbox._database.execute("SELECT count(*) FROM blocks").fetchone() == (0,)


def test_lines_are_told_apart_by_their_project() -> None:
    body = b'{"project":1,"a":1}\n{"project":11,"a":2}\n{"project":2,"a":3}\n{"project":1,"a":4}\n'
    found = by_project(body, {1, 2})
    assert found == {
        1: [b'{"project":1,"a":1}\n', b'{"project":1,"a":4}\n'],
        2: [b'{"project":2,"a":3}\n'],
    }
