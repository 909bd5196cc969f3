"""A risky property is found, dropped at the door, and erased out of what came."""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import urlencode

from .conftest import Server, eventually, http

HOSTILE = "it's \\ ''odd\" {} -- `x`"
SECRET = "ada.lovelace@private.example"
SAME = {"sec-fetch-site": "same-origin", "content-type": "application/x-www-form-urlencoded"}


def event(**properties: Any) -> dict[str, Any]:
    return {
        "type": "track",
        "event": "fit",
        "userId": "install-1",
        "messageId": str(uuid.uuid4()),
        "properties": {"library_version": "1.0", **properties},
    }


def test_it_is_gone_from_what_came_and_does_not_come_again(own_server: Server) -> None:
    project = own_server.create_project("review")
    other = own_server.create_project("review-other")
    rest = {"n": 7, "x": 2.5, "on": True, "list": ["a", 1, None], "a.b": {"c": "d"}, "none": None}
    assert project.send([event(mail=SECRET, **rest), event(mail=None, **rest)]).status == 200
    assert other.send([event(mail="stays@here.example")]).status == 200
    before = [row["properties"] for row in project.events()]
    page = http("GET", f"{own_server.url}/p/review/review")
    assert page.status == 200, page.body
    assert b"an e-mail address" in page.body
    dropped = http("POST", f"{own_server.url}/p/review/review", b"do=drop&name=mail", SAME)
    assert dropped.status == 200, dropped.body
    assert b"Nothing looks risky" in dropped.body
    for row in before:
        row.pop("mail")
    assert [row["properties"] for row in project.events()] == before
    # Whatever it is called.
    assert project.send([event(**{HOSTILE: SECRET}, n=9)]).status == 200
    assert len(project.events()) == 3
    body = urlencode({"do": "drop", "name": HOSTILE}).encode()
    assert http("POST", f"{own_server.url}/p/review/review", body, SAME).status == 200
    assert project.events()[0]["properties"] == {"library_version": "1.0", "n": 9}
    # The door drops it from now on, in every process within seconds.
    eventually(lambda: "mail" not in str(_sent(project)))
    assert other.events()[0]["properties"]["mail"] == "stays@here.example"
    assert own_server.stop() == 0
    for file in own_server.data.rglob("*"):
        if file.is_file():
            assert SECRET.encode() not in file.read_bytes(), file


def _sent(project: Any) -> dict[str, Any]:
    """The properties of an event that is sent now."""
    assert project.send([event(mail="later@private.example", n=8)]).status == 200
    properties: dict[str, Any] = project.events()[0]["properties"]
    return properties
