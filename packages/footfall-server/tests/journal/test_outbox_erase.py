"""An erased install leaves what destinations still have to get."""

from __future__ import annotations

import json
import secrets
from pathlib import Path

from footfall_server.journal import Outbox


def line(project: int, install: str, place: int) -> bytes:
    return json.dumps({"project": project, "install": install, "n": place}).encode() + b"\n"


def test_its_lines_and_their_bytes_are_gone_and_the_rest_is_sent(tmp_path: Path) -> None:
    secret, other = "install-to-be-erased", "install-that-stays"
    outbox = Outbox(tmp_path / "outbox.db")
    outbox.follow({"d1": 1, "d2": 2})
    for project in (1, 2):
        mixed = [line(project, secret if n % 3 else other, n) for n in range(30)]
        outbox.add(project, mixed, f"t{project}", 0)
    assert outbox.erase(1, lambda each: json.loads(each)["install"] == secret) == 20
    (mine,) = outbox.next("d1")
    assert mine.lines == 10
    assert {json.loads(each)["install"] for each in mine.body.splitlines()} == {other}
    assert outbox.next("d2")[0].lines == 30
    assert outbox.erase(2, lambda each: json.loads(each)["install"] == secret) == 20
    outbox.close()
    for file in tmp_path.iterdir():
        assert secret.encode() not in file.read_bytes()


def test_what_was_sent_before_leaves_no_byte_either(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.db")
    outbox.follow({"it": 1})
    install = secrets.token_hex(16)
    outbox.add(1, [b'{"project":1,"install":"%s"}\n' % install.encode()], "a", 1)
    (block,) = outbox.next("it")
    outbox.advance("it", block.id, 1)
    assert install.encode() in b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert outbox.erase(1, lambda each: json.loads(each)["install"] == install) == 0
    assert install.encode() not in b"".join(path.read_bytes() for path in tmp_path.iterdir())
    outbox.close()
