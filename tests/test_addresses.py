"""No address of a client is kept: not the peer's, not what headers or fields say, in no dialect."""

from __future__ import annotations

import gzip
import http.client
import json
import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import lz4.block

from .conftest import Project, Server
from .conftest import http as ask
from .test_live import listening
from .test_rejected import rejected
from .wire import ALL, Dialect

PEER = "127.0.0.77"
NAMED = ("203.0.113.77", "2001:db8::77")
HEADERS = {
    "X-Forwarded-For": f"{NAMED[0]}, 198.51.100.77", "Forwarded": f'for="[{NAMED[1]}]"',
    "X-Real-IP": NAMED[0], "CF-Connecting-IP": NAMED[0], "True-Client-IP": NAMED[0],
    "X-Client-IP": NAMED[1], "User-Agent": f"client at {NAMED[0]}",
}  # fmt: skip
SOUGHT = [each.encode() for each in (PEER, *NAMED, "198.51.100.77")]


def post(server: Server, path: str, body: bytes, headers: dict[str, str]) -> int:
    """From an address of its own, with every header that names one."""
    parts = urlsplit(server.url)
    connection = http.client.HTTPConnection(
        parts.hostname or "", parts.port, timeout=30, source_address=(PEER, 0)
    )
    try:
        connection.request("POST", path, body, {**HEADERS, **headers})
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


def with_addresses(dialect: Dialect, name: Any, message_id: str) -> dict[str, Any]:
    """An event that tells its client's address wherever clients do."""
    one, other = NAMED
    properties: dict[str, Any] = {"ip": one, "$ip": other, "kept": 1}
    if dialect.name in ("posthog", "mixpanel", "mixpanel-import"):
        properties |= {
            "$set": {"$ip": one, "ip": other, "plan": "free"},
            "$set_once": {"$ip": one},
        }
    event = dialect.event(name, "i", message_id, properties)
    return event | {
        "ip": one,
        "$ip": other,
        "context": {"ip": one, "$ip": other},
        "request_ip": None,
    }


def whole(dialect: Dialect, events: list[Any], key: str) -> bytes:
    """A batch that tells the address for all of its events, where there is a place for it."""
    body = dialect.batch(events, key)
    if not body.startswith(b"{"):
        return body
    return json.dumps({**json.loads(body), "ip": NAMED[0], "context": {"ip": NAMED[1]}}).encode()


def send_all(project: Project) -> None:
    """Accepted, refused one by one, and refused whole; in every dialect, and other kinds too."""
    server, key = project.server, project.write_key
    for dialect in ALL:
        events = [with_addresses(dialect, name, f"{dialect.name}-{name}") for name in ("fit", "")]
        body = whole(dialect, events, key)
        assert post(server, dialect.path, body, {}) == 200
        assert post(server, dialect.path, gzip.compress(body), {"Content-Encoding": "gzip"}) == 200
        assert post(server, dialect.path, body[: len(body) // 2], {}) == 400
        wrong = whole(dialect, events, f"wk_of_{NAMED[0]}")
        assert post(server, dialect.path, wrong, {}) == 401
    one, other = NAMED
    others: list[tuple[str, Any]] = [
        (
            "/v1/identify",
            {"userId": "i", "messageId": "1", "traits": {"ip": one}, "context": {"ip": other}}
            | {"writeKey": key},
        ),
        (
            "/e/",
            {"api_key": key, "event": "$identify", "distinct_id": "i", "uuid": "2"}
            | {"$set": {"$ip": one}},
        ),
        (
            "/mixpanel/engage?ip=1",
            {"$token": key, "$distinct_id": "i", "$insert_id": "3", "$ip": one}
            | {"$set": {"$ip": other, "a": 1}},
        ),
    ]
    for path, event in others:
        assert post(server, path, json.dumps(event).encode(), {}) == 200


def files(data: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in data.rglob("*") if path.is_file()}


def journal(data: Path) -> dict[str, bytes]:
    """The journal's lines, decompressed: nothing is found by looking at packed bytes."""
    with sqlite3.connect(data / "journal.db") as connection:
        rows = connection.execute("SELECT seq, body FROM entries").fetchall()
    connection.close()
    return {f"journal entry {seq}": lz4.block.decompress(body) for seq, body in rows}


def nowhere(places: dict[str, bytes]) -> None:
    for place, content in places.items():
        for address in SOUGHT:
            assert address not in content, place


def test_no_address_of_a_client_is_kept_anywhere(own_server: Server) -> None:
    project = own_server.create_project("addresses")
    with listening(project) as stream:
        send_all(project)
        shown = [stream.next() for _ in range(18)]  # repeats aren't shown
    nowhere({"live": json.dumps(shown).encode()})
    send_all(project)  # the last of them are still in the journal when it is killed
    own_server.kill()
    waiting = journal(own_server.data)
    assert waiting
    nowhere(waiting)
    nowhere(files(own_server.data))

    own_server.start()
    send_all(project)
    stored, refused = project.events(), rejected(project, "limit=1000")
    assert len(stored) == 3 * len(ALL) + 3  # each time at another time, but for the three
    assert {row["dialect"] for row in refused} == {"segment", "rudderstack", "posthog", "mixpanel"}
    assert all("kept" in row["body"] for row in refused)
    kept = [row["properties"].get("kept") for row in stored if row["event"] == "fit"]
    assert kept == [1] * 3 * len(ALL)
    nowhere({"events": json.dumps(stored).encode(), "rejected": json.dumps(refused).encode()})
    for path in ("/metrics", "/ready"):
        nowhere({path: ask("GET", own_server.url + path).body})
    assert own_server.stop() == 0
    nowhere(files(own_server.data) | {"log": own_server.log().encode()})
