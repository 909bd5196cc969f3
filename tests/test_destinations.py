"""Accepted events reach other systems, at least once and filtered, whatever happens to either."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .conftest import Answer, Project, Server, eventually, http
from .receiver import Receiver
from .test_thin_slice import event, folded, total


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    running = Server(tmp_path / "data")
    running.environment["FOOTFALL_ALLOW_NETWORKS"] = "127.0.0.0/8"
    running.start()
    yield running
    if running.process is not None:
        running.kill()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    running = Receiver("shared secret")
    yield running
    running.close()


def destinations(project: Project, method: str, path: str = "", body: Any = None) -> Answer:
    url = f"{project.server.url}/api/v1/projects/{project.name}/destinations{path}"
    return http(method, url, body, project.authorization)


def create(project: Project, **body: Any) -> dict[str, Any]:
    answer = destinations(project, "POST", "", {"secret": "shared secret", **body})
    assert answer.status == 201, answer.body
    made: dict[str, Any] = answer.json()
    return made


def state(project: Project, made: dict[str, Any]) -> dict[str, Any]:
    answer = destinations(project, "GET", f"/{made['id']}/state")
    assert answer.status == 200
    found: dict[str, Any] = answer.json()
    return found


def versioned(name: str, version: str, **fields: Any) -> dict[str, Any]:
    return event(name, properties={"library_version": version, "run_time": 0.5}, **fields)


def test_every_kind_of_destination_gets_what_its_filters_say(
    server: Server, receiver: Receiver
) -> None:
    source = server.create_project("source")
    by_segment, by_posthog = server.create_project("segment"), server.create_project("posthog")
    hook = create(source, name="hook", type="webhook", url=receiver.url)
    dead = create(source, name="dead", type="webhook", url="http://127.0.0.1:9/")
    create(
        source, name="segment", type="segment", url=server.url, secret=by_segment.write_key,
        filters=[{"property": "library_version", "op": "version_gte", "values": ["1.10"]}],
    )  # fmt: skip
    create(
        source, name="posthog", type="posthog", url=f"{server.url}/posthog",
        secret=by_posthog.write_key,
        filters=[{"any": [
            {"property": "event", "op": "in", "values": ["fit"]},
            {"property": "run_time", "op": "gt", "values": [10]},
        ]}],
    )  # fmt: skip
    sent = [versioned("fit", f"1.{i}.0", messageId=f"f{i}") for i in range(1, 21)]
    sent += [versioned("plot", "0.9", messageId="p1"), event("noted", messageId="n1")]
    assert source.send(sent).status == 200
    refused = source.send([{"type": "track", "userId": "u", "messageId": "bad"}])
    assert refused.json()["accepted"] == 0  # not accepted: not forwarded

    eventually(lambda: len(receiver.events) == 22)
    assert sorted(receiver.ids()) == sorted(each["messageId"] for each in sent)
    assert receiver.forged == 0
    received = {each["message_id"]: each for each in receiver.events}
    listed = {each["message_id"]: each for each in source.events()}
    assert received == listed  # the very rows that the API shows

    eventually(lambda: len(by_segment.events()) == 11)
    assert {each["message_id"] for each in by_segment.events()} == {f"f{i}" for i in range(10, 21)}
    assert {row["properties"]["run_time"] for row in by_segment.events()} == {0.5}
    eventually(lambda: len(by_posthog.events()) == 20)
    assert {row["event"] for row in by_posthog.events()} == {"fit"}

    fared = state(source, hook)
    assert (fared["sent"], fared["waiting"], fared["lag_seconds"]) == (22, 0, 0)
    assert fared["last_success"] is not None
    assert fared["last_error"] is None
    # The dead one has held nobody up, and says how it is.
    failing = state(source, dead)
    assert failing["waiting"] == 22
    assert failing["failures"] > 0
    assert failing["last_error"]
    assert failing["lag_seconds"] > 0


def test_what_waits_outlives_a_kill_and_arrives_when_the_other_side_is_back(
    server: Server, receiver: Receiver
) -> None:
    source = server.create_project("later")
    receiver.status = 503
    made = create(source, name="hook", type="webhook", url=receiver.url)
    first = [event(messageId=f"a{i}") for i in range(700)]
    assert source.send(first).status == 200
    eventually(lambda: state(source, made)["failures"] > 0)
    began = time.monotonic()
    assert folded(source.query(total())) == 700  # nobody else waits for it
    assert time.monotonic() - began < 10
    server.kill()
    server.start()
    second = [event(messageId=f"b{i}") for i in range(300)]
    assert source.send(second).status == 200
    receiver.status = 200
    eventually(lambda: len(set(receiver.ids())) == 1_000)
    assert set(receiver.ids()) == {each["messageId"] for each in first + second}
    eventually(lambda: state(source, made)["waiting"] == 0)


def test_an_event_that_the_other_side_refuses_does_not_block_the_others(server: Server) -> None:
    picky = Receiver("shared secret")
    source = server.create_project("picky")
    made = create(source, name="hook", type="webhook", url=picky.url)
    picky.status = 422
    assert source.send([event(messageId="poison")]).status == 200
    eventually(lambda: state(source, made)["refused"] == 1)
    picky.status = 200
    assert source.send([event(messageId=f"m{i}") for i in range(5)]).status == 200
    eventually(lambda: len(picky.events) == 5)
    assert "422" in state(source, made)["last_error"]
    picky.close()


def test_secrets_are_written_and_never_read(server: Server, receiver: Receiver) -> None:
    source = server.create_project("secrets")
    made = create(source, name="hook", type="webhook", url=receiver.url)
    shown = [made, destinations(source, "GET", f"/{made['id']}").json()]
    shown += destinations(source, "GET").json()["rows"]
    changed = {"name": "renamed", "type": "webhook", "url": receiver.url}
    put = destinations(source, "PUT", f"/{made['id']}", changed)
    assert put.status == 200, put.body
    shown.append(put.json())
    for each in shown:
        assert "shared secret" not in json.dumps(each)
        assert each["secret_set"] is True
    # The secret has stayed: what arrives is still signed with it.
    assert source.send([event()]).status == 200
    eventually(lambda: len(receiver.events) == 1)
    assert receiver.forged == 0
    assert "shared secret" not in server.log()


def _nested(depth: int) -> dict[str, Any]:
    inner = _nested(depth - 1) if depth else {"property": "a", "op": "is_set"}
    return {"any": [inner]}


DEEP = _nested(40)


@pytest.mark.parametrize(
    ("body", "code", "path"),
    [
        ({"type": "webhook", "url": "http://10.0.0.1/"}, "FORBIDDEN_ADDRESS", "/url"),
        ({"type": "webhook", "url": "http://169.254.169.254/"}, "FORBIDDEN_ADDRESS", "/url"),
        ({"type": "segment", "url": "http://[::ffff:10.0.0.1]/"}, "FORBIDDEN_ADDRESS", "/url"),
        ({"type": "s3", "url": "http://10.0.0.1/bucket", "access_key": "a"},
         "FORBIDDEN_ADDRESS", "/url"),
        ({"type": "posthog", "url": "ftp://example.org"}, "INVALID_URL", "/url"),
        ({"type": "files", "url": "file:///etc"}, "INVALID_URL", "/url"),
        ({"type": "webhook", "url": "http://127.0.0.1/", "secret": None},
         "MISSING_SECRET", "/secret"),
        ({"type": "webhook", "url": "http://127.0.0.1/", "filters": [{"property": "a"}]},
         "INVALID_DOCUMENT", None),
        ({"type": "webhook", "url": "http://127.0.0.1/", "filters": [DEEP]},
         "INVALID_QUERY", "/filters"),
        ({"type": "pigeon", "url": "http://127.0.0.1/"}, "INVALID_DOCUMENT", None),
        ({"type": "webhook", "url": "http://127.0.0.1/", "more": 1}, "INVALID_DOCUMENT", None),
    ],
)  # fmt: skip
def test_what_may_not_be_saved(
    inside: Project, body: dict[str, Any], code: str, path: str | None
) -> None:
    answer = destinations(inside, "POST", "", {"name": "bad", "secret": "s", **body})
    assert answer.status == 422, answer.body
    assert answer.json()["code"] == code
    if path is not None:
        assert answer.json()["path"] == path
    assert destinations(inside, "GET").json()["rows"] == []


@pytest.fixture(scope="module")
def inside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    running = Server(tmp_path_factory.mktemp("inside") / "data")
    running.environment["FOOTFALL_ALLOW_NETWORKS"] = "127.0.0.0/8"
    running.start()
    yield running.create_project("inside")
    running.kill()
