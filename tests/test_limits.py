"""What a project may send, how fast a request must come, and what a full disk does."""

from __future__ import annotations

import gzip
import json
import resource
import signal
import socket
import threading
import time
from typing import Any
from urllib.parse import urlsplit

import pytest

from .conftest import Answer, Project, Server, eventually, http
from .test_thin_slice import event, folded, total


def limit(project: Project, **limits: Any) -> Answer:
    url = f"{project.server.url}/api/v1/projects/{project.name}/limits"
    return http("PUT", url, limits, project.authorization)


def test_a_project_has_a_rate_of_its_own(server: Server) -> None:
    slow, fast = server.create_project("limits-rate"), server.create_project("limits-other")
    assert limit(slow, events_per_second=0.05, burst=10).status == 200
    assert slow.send([event() for _ in range(10)]).status == 200
    refused = slow.send([event()])
    assert (refused.status, refused.json()["code"]) == (429, "RATE_LIMITED")
    assert 1 <= int(refused.headers["retry-after"]) <= 20
    assert fast.send([event() for _ in range(100)]).status == 200
    assert folded(slow.query(total())) == 10  # nothing of what was refused is there
    assert limit(slow).status == 200
    assert slow.send([event() for _ in range(100)]).status == 200


def test_a_project_has_sizes_of_its_own(server: Server) -> None:
    project = server.create_project("limits-size")
    assert limit(project, batch_events=3, event_bytes=1024, body_bytes=4096).status == 200
    many = project.send([event() for _ in range(4)])
    assert (many.status, many.json()["code"]) == (413, "TOO_MANY_EVENTS")
    large = project.send([event(properties={"x": "x" * 4096})])
    assert (large.status, large.json()["code"]) == (413, "BODY_TOO_LARGE")
    mixed = project.send([event(properties={"x": "x" * 1024}), event()])
    assert mixed.status == 200
    assert [row["code"] for row in mixed.json()["rejected"]] == ["EVENT_TOO_LARGE"]
    url = f"{server.url}/api/v1/projects/limits-size/limits"
    assert http("GET", url, headers=project.authorization).json()["batch_events"] == 3


@pytest.mark.parametrize(
    "limits", [{"burst": 0}, {"batch_events": 10**6}, {"speed": 1}, {"event_bytes": "x"}]
)
def test_limits_that_mean_nothing(server: Server, limits: dict[str, Any]) -> None:
    name = f"limits-bad-{'-'.join(limits).replace('_', '-')}"
    answer = limit(server.create_project(name), **limits)
    assert (answer.status, answer.json()["code"]) == (422, "INVALID_LIMITS")


def connect(server: Server) -> socket.socket:
    parts = urlsplit(server.url)
    return socket.create_connection((parts.hostname or "", parts.port or 0), timeout=60)


def answered(connection: socket.socket) -> tuple[int, dict[str, Any]]:
    """The answer, after which the server closes the connection."""
    text = b""
    while part := connection.recv(65536):
        text += part
    head, _, body = text.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)


@pytest.fixture
def hurried(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A server without patience."""
    data = tmp_path_factory.mktemp("hurried") / "data"
    environment = {"FOOTFALL_IDLE_SECONDS": "0.6", "FOOTFALL_REQUEST_SECONDS": "2"}
    running = Server(data, environment=environment).start()
    yield running
    assert running.stop() == 0


def test_a_request_that_comes_too_slowly_is_ended_and_its_neighbours_are_not(
    hurried: Server,
) -> None:
    project = hurried.create_project("slow")
    head = b"POST /v1/batch HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n"
    halves = {
        "no head": b"",
        "half a head": b"POST /v1/batch HTTP/1.1\r\nHos",
        "no body": head,
        "half a body": head + b'{"batch": [',
        "chunks": head.replace(b"Content-Length: 100", b"Transfer-Encoding: chunked") + b"5\r\nab",
    }
    open_ = {name: connect(hurried) for name in halves}
    for name, connection in open_.items():
        connection.sendall(halves[name])
    drip = connect(hurried)  # never idle, and never done
    drip.sendall(head)
    dripping = threading.Thread(target=_drip, args=(drip,))
    dripping.start()
    assert project.send([event()]).status == 200
    for name, code in {
        "no head": "HEAD_TOO_SLOW",
        "half a head": "HEAD_TOO_SLOW",
        "no body": "BODY_TOO_SLOW",
        "half a body": "BODY_TOO_SLOW",
        "chunks": "BODY_TOO_SLOW",
    }.items():
        status, body = answered(open_[name])
        assert (status, body["code"]) == (408, code), name
        assert body["message"]
    status, body = answered(drip)
    assert (status, body["code"]) == (408, "BODY_TOO_SLOW")
    dripping.join()
    for connection in (*open_.values(), drip):
        connection.close()
    assert project.send([event()]).status == 200
    assert folded(project.query(total())) == 2


def _drip(connection: socket.socket) -> None:
    try:
        for _ in range(100):
            connection.sendall(b" ")
            time.sleep(0.1)
    except OSError:
        pass  # the server has closed it


def test_a_head_without_end_is_refused(server: Server) -> None:
    with connect(server) as connection:
        connection.sendall(b"POST /v1/batch HTTP/1.1\r\n")
        try:
            for number in range(200):
                connection.sendall(b"X-%d: %s\r\n" % (number, b"x" * 1000))
        except OSError:
            pass  # it was answered before all was sent
        try:
            status, body = answered(connection)
        except ConnectionResetError:
            return
        assert (status, body["code"]) == (431, "HEAD_TOO_LARGE")


def test_a_client_that_goes_away_halfway_leaves_nothing(server: Server) -> None:
    project = server.create_project("halfway")
    body = json.dumps({"writeKey": project.write_key, "batch": [event()]}).encode()
    for cut in (10, len(body) // 2, len(body) - 1):
        with connect(server) as connection:
            head = b"POST /v1/batch HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body)
            connection.sendall(head + body[:cut])
    assert project.send([event()]).status == 200
    assert folded(project.query(total())) == 1


def test_bombs_leave_memory_flat(own_server: Server) -> None:
    project = own_server.create_project("bombs")
    inner = gzip.compress(b" " * (300 << 20), 9)
    bombs = [
        (inner, "gzip", 413),
        (gzip.compress(inner), "gzip, gzip", 413),
        (gzip.compress(gzip.compress(inner)), "gzip, gzip, gzip", 415),
        (gzip.compress(inner), "gzip", 400),  # one layer is undone, and what is in it isn't JSON
    ]
    assert project.send([event()]).status == 200
    before = resident(own_server)
    for _ in range(3):
        for bomb, encoding, status in bombs:
            headers = {"Content-Encoding": encoding}
            for path in ("/v1/batch", "/batch", "/mixpanel/import", "/rudderstack/v1/batch"):
                answer = http("POST", own_server.url + path, bomb, headers)
                assert answer.status == status, (encoding, path, answer.body)
                assert answer.json()["code"]
                assert answer.json()["message"]
    assert resident(own_server) - before < 100 << 20
    assert project.send([event()]).status == 200
    assert folded(project.query(total())) == 2


def resident(server: Server) -> int:
    """Bytes of memory that the server holds."""
    assert server.process is not None
    with open(f"/proc/{server.process.pid}/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


def test_a_full_disk_is_said_before_anything_is_acknowledged_and_recovered_from(
    own_server: Server,
) -> None:
    """No file may grow: what the kernel says then is what it says of a full disk."""
    project = own_server.create_project("full")
    eventually(lambda: http("GET", f"{own_server.url}/ready").status == 200)
    assert own_server.process is not None
    pid = own_server.process.pid
    acknowledged: list[str] = []
    refused: list[Answer] = []
    stop = threading.Event()

    def client(name: int) -> None:
        number = 0
        while not stop.is_set():
            batch = [event(messageId=f"{name}-{number}-{i}") for i in range(50)]
            number += 1
            answer = project.send(batch)
            if answer.status == 200:
                acknowledged.extend(each["messageId"] for each in batch)
            else:
                refused.append(answer)
                time.sleep(0.02)

    clients = [threading.Thread(target=client, args=(i,)) for i in range(2)]
    for each in clients:
        each.start()
    eventually(lambda: len(acknowledged) > 200)
    unlimited = resource.prlimit(pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
    eventually(lambda: len(refused) > 5)
    ready = http("GET", f"{own_server.url}/ready")
    assert ready.status == 503
    assert ready.json()["message"]
    resource.prlimit(pid, resource.RLIMIT_FSIZE, unlimited)
    known = len(acknowledged)
    eventually(lambda: len(acknowledged) > known + 200)
    stop.set()
    for each in clients:
        each.join()
    for answer in refused:
        assert answer.status == 503, answer.body
        assert answer.json()["code"] in ("JOURNAL_UNWRITABLE", "JOURNAL_FULL")
        assert int(answer.headers["retry-after"]) > 0
    found = [row["message_id"] for row in project.events()]
    assert sorted(found) == sorted(acknowledged)
    assert folded(project.query(total())) == len(acknowledged)
    eventually(lambda: http("GET", f"{own_server.url}/ready").status == 200)


def test_the_server_is_ready_again_by_itself_after_a_full_disk(own_server: Server) -> None:
    """Also when nobody sends anything, since nothing is sent to a server that isn't ready."""
    project = own_server.create_project("idle")
    eventually(lambda: http("GET", f"{own_server.url}/ready").status == 200)
    assert own_server.process is not None
    pid = own_server.process.pid
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
    assert project.send([event()]).status == 503
    assert http("GET", f"{own_server.url}/ready").status == 503
    resource.prlimit(pid, resource.RLIMIT_FSIZE, before)
    eventually(lambda: http("GET", f"{own_server.url}/ready").status == 200)
    assert project.send([event()]).status == 200


def test_sigterm_finishes_the_requests_that_have_begun(own_server: Server) -> None:
    project = own_server.create_project("finish")
    body = json.dumps({"writeKey": project.write_key, "batch": [event(), event()]}).encode()
    connection = connect(own_server)
    head = b"POST /v1/batch HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body)
    connection.sendall(head + body[:20])
    assert project.send([event()]).status == 200  # so the half request has been begun, too
    assert own_server.process is not None
    own_server.process.send_signal(signal.SIGTERM)
    eventually(lambda: refuses(own_server))
    connection.sendall(body[20:])
    status, answer = answered(connection)
    assert (status, answer["accepted"]) == (200, 2)
    connection.close()
    assert own_server.process.wait(60) == 0
    own_server.process.stdout.close()  # type: ignore[union-attr]
    own_server.process = None
    own_server.start()
    assert folded(project.query(total())) == 3


def refuses(server: Server) -> bool:
    try:
        connect(server).close()
    except ConnectionRefusedError:
        return True
    return False
