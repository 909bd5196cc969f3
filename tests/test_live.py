"""The live view: what arrives shows while it arrives, with the reason where it is refused."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from .conftest import Project, Server
from .conftest import http as ask
from .test_thin_slice import event


class Stream:
    """Server-sent events of one connection, parsed."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self._response = response

    def next(self) -> tuple[str, dict[str, Any]]:
        """The next event; comments are passed over."""
        name, data, quiet = "", "", 0
        while True:
            line = self._response.readline().decode().rstrip("\n")
            quiet += line == ": quiet"
            assert quiet < 3, "nothing more came"
            if line.startswith("event: "):
                name = line[7:]
            elif line.startswith("data: "):
                data = line[6:]
            elif line == "" and name:
                return name, json.loads(data)


@contextmanager
def listening(project: Project, query: str = "") -> Iterator[Stream]:
    parts = urlsplit(project.server.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    path = f"/api/v1/projects/{project.name}/live?{query}"
    connection.request("GET", path, headers=project.authorization)
    response = connection.getresponse()
    assert response.status == 200
    assert response.getheader("content-type", "").startswith("text/event-stream")
    assert response.readline() == b"retry: 2000\n"
    try:
        yield Stream(response)
    finally:
        response.close()
        connection.close()


def test_accepted_and_refused_events_show_as_they_arrive(server: Server) -> None:
    project = server.create_project("live-both")
    with listening(project) as stream:
        good = event("fit", messageId="m1", properties={"i": 1, "none": None})
        assert project.send([good, event("", messageId="m2")]).status == 200
        shown = dict([stream.next(), stream.next()])
    accepted, rejected = shown["accepted"], shown["rejected"]
    assert (accepted["event"], accepted["message_id"]) == ("fit", "m1")
    assert accepted["properties"] == {"i": 1, "none": None}
    (stored,) = project.events()
    assert {name: accepted[name] for name in stored} == stored
    assert rejected["reason"] == "MISSING_EVENT"
    assert rejected["message"]
    assert json.loads(rejected["body"])["messageId"] == "m2"


def test_a_new_listener_sees_the_last_events_first(server: Server) -> None:
    project = server.create_project("live-recent")
    for start in range(0, 200, 50):
        events = [event(messageId=f"m{start + i}") for i in range(50)]
        assert project.send(events).status == 200
    with listening(project) as stream:
        shown = [stream.next()[1]["message_id"] for _ in range(100)]
        assert shown == [f"m{i}" for i in range(100, 200)]
    with listening(project, "recent=0") as stream:
        assert project.send([event(messageId="new")]).status == 200
        assert stream.next()[1]["message_id"] == "new"


def test_a_repeat_is_not_shown_again(server: Server) -> None:
    project = server.create_project("live-repeat")
    once = event(messageId="once")
    with listening(project) as stream:
        for sent in (once, once, event(messageId="other")):
            assert project.send([sent]).status == 200
        assert [stream.next()[1]["message_id"] for _ in range(2)] == ["once", "other"]


def test_a_view_can_be_narrowed(server: Server) -> None:
    project = server.create_project("live-narrow")
    batch = [event("fit"), event("plot", messageId="p"), event("", messageId="bad")]
    with listening(project, "event=plot") as stream:
        assert project.send(batch).status == 200
        assert stream.next()[1]["message_id"] == "p"
    with listening(project, "status=rejected") as stream:
        assert stream.next()[1]["reason"] == "MISSING_EVENT"
    for query, code in (("status=odd", "INVALID_STATUS"), ("what=1", "UNKNOWN_FIELD")):
        url = f"{server.url}/api/v1/projects/live-narrow/live?{query}"
        answer = ask("GET", url, headers=project.authorization)
        assert (answer.status, answer.json()["code"]) == (422, code)


def test_what_a_slow_listener_misses_is_counted(server: Server) -> None:
    project = server.create_project("live-flood")
    with listening(project) as stream:
        for _ in range(4):
            assert project.send([event(str(i)) for i in range(2_000)]).status == 200
        shown = dropped = 0
        while shown + dropped < 8_000:
            name, row = stream.next()
            if name == "dropped":
                dropped += row["count"]
            else:
                shown += 1
        assert shown + dropped == 8_000
        assert dropped > 0
        assert shown >= 500


def test_another_project_sees_nothing(server: Server) -> None:
    mine, theirs = server.create_project("live-a"), server.create_project("live-b")
    with listening(theirs) as stream:
        assert mine.send([event(messageId="mine")]).status == 200
        assert theirs.send([event(messageId="theirs")]).status == 200
        assert stream.next()[1]["message_id"] == "theirs"
    url = f"{server.url}/api/v1/projects/live-a/live"
    assert ask("GET", url, headers=theirs.authorization).status == 404
    assert ask("GET", url).status == 401


def test_the_server_stops_although_somebody_listens(own_server: Server) -> None:
    project = own_server.create_project("live-stop")
    with listening(project) as stream:
        assert own_server.stop() == 0
        assert stream.next() == ("end", {})  # it wasn't cut off


def test_a_listener_that_goes_away_is_forgotten(server: Server) -> None:
    project = server.create_project("live-gone")
    for _ in range(60):  # more than may listen at a time
        with listening(project):
            pass
    deadline = time.monotonic() + 20
    while True:
        try:
            with listening(project) as stream:
                assert project.send([event(messageId="m")]).status == 200
                assert stream.next()[1]["message_id"] == "m"
                return
        except AssertionError:
            assert time.monotonic() < deadline
            time.sleep(0.2)
