"""The store on a server: the way there and back, against a stand-in that says it is one."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from footfall_server.store import (
    Limits,
    Statement,
    Store,
    StoreRefused,
    StoreUnavailable,
    open_store,
)

from tests.clickhouse import PASSWORD
from tests.conftest import Project, Server, eventually, http
from tests.endless import FOREVER, running
from tests.stand_in import StandIn
from tests.test_erase import done, erase, event, files_with, installs
from tests.test_thin_slice import folded, total


@pytest.fixture(scope="module", params=[None, "one"], ids=["server", "cluster"])
def stand_in(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    running = StandIn(tmp_path_factory.mktemp("clickhouse"), request.param).start()
    yield running
    running.kill()


@pytest.fixture
def own_stand_in(tmp_path: Path) -> Iterator[StandIn]:
    """For a server's own projects, whose numbers begin anew with each server."""
    running = StandIn(tmp_path / "clickhouse", "one").start()
    yield running
    running.kill()


@pytest.fixture
def store(stand_in: StandIn, tmp_path: Path) -> Iterator[Store]:
    opened = open_store(stand_in.url(), tmp_path)
    yield opened
    opened.close()


def line(project: int, number: int, **changes: Any) -> bytes:
    fields = {
        "project": project, "kind": "track", "event": "fit", "install": f"i{number % 5}",
        "message_id": f"m{number}", "client_time": "2026-01-02T03:04:05.5Z", "skew": 0,
        "received": 1_767_323_045_000_000, "time_source": "client", "order": number + 1,
        "properties": {"run_time": number / 2, "day": "2026-01-02"}, "raw": "",
    }  # fmt: skip
    return json.dumps(fields | changes).encode() + b"\n"


def rows(store: Store, project: int, source: str = "events") -> int:
    text = f"SELECT count() AS n FROM {source} WHERE project = {{project:UInt32}}"
    return int(store.query(Statement(text, {"project": project})).column("n")[0].as_py())


def test_a_block_is_stored_once_and_comes_back_as_it_went(store: Store) -> None:
    block = b"".join(line(1, number) for number in range(300))
    store.insert("events", block, "a")
    store.insert("events", block, "a")
    assert rows(store, 1) == 300
    found = store.query(
        Statement(
            "SELECT toJSONString(properties) AS properties, position, client_time "
            "FROM events FINAL WHERE project = 1 AND message_id = {id:String}",
            {"id": "m7"},
        )
    )
    assert json.loads(found.column("properties")[0].as_py()) == {
        "run_time": 3.5,
        "day": "2026-01-02",
    }
    assert found.column("position")[0].as_py() == 8
    assert int(found.schema.metadata[b"rows_read"]) > 0


def test_what_cannot_be_read_is_refused_and_stores_nothing(store: Store) -> None:
    with pytest.raises(StoreRefused) as refused:
        store.insert("events", line(2, 1) + b'{"project": "x"}\n', "bad")
    assert refused.value.code == "STORE_REFUSED"
    assert rows(store, 2) == 0


def test_opening_again_changes_nothing(store: Store, stand_in: StandIn, tmp_path: Path) -> None:
    store.insert("events", line(3, 1), "again")
    other = open_store(stand_in.url(), tmp_path)
    try:
        other.check()
        assert rows(other, 3) == 1
        assert other.figures()["events"] >= 1
    finally:
        other.close()


def test_a_cancelled_query_ends_on_the_server(store: Store) -> None:
    async def main() -> None:
        task = asyncio.create_task(store.run(FOREVER, Limits(seconds=120)))
        while not await running(store):
            await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not await running(store)

    asyncio.run(main())


def test_a_wrong_password_is_told_without_it(stand_in: StandIn, tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable) as refused:
        open_store(stand_in.url("not-the-password"), tmp_path)
    assert refused.value.code == "STORE_DENIED"
    assert "user or password is wrong" in refused.value.message
    assert "not-the-password" not in refused.value.message


def certificates(folder: Path) -> tuple[Path, Path]:
    """Of an authority of our own: its certificate, and 127.0.0.1's with its key."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name.from_rfc4514_string("CN=ours")
    own = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(
        issuer_name=name, serial_number=1, not_valid_before=now - timedelta(days=1),
        not_valid_after=now + timedelta(days=1),
    )  # fmt: skip
    authority = made.subject_name(name).public_key(key.public_key()).add_extension(
        x509.BasicConstraints(ca=True, path_length=None), critical=True
    )  # fmt: skip
    address = x509.IPAddress(ip_address("127.0.0.1"))
    server = made.subject_name(x509.Name([])).public_key(own.public_key()).add_extension(
        x509.SubjectAlternativeName([address]), critical=True
    )  # fmt: skip
    ca, both = folder / "ca.pem", folder / "server.pem"
    ca.write_bytes(authority.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
    both.write_bytes(
        server.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)
        + own.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    return ca, both


def test_tls_with_an_authority_of_ones_own(tmp_path: Path) -> None:
    ca, both = certificates(tmp_path)
    running = StandIn(tmp_path / "clickhouse", certificate=both).start()
    try:
        with pytest.raises(StoreUnavailable) as refused:
            open_store(f"{running.url()}?secure=1", tmp_path)
        assert "CERTIFICATE_VERIFY_FAILED" in refused.value.message
        opened = open_store(f"{running.url()}?secure=1&ca={ca}", tmp_path)
        opened.insert("events", line(1, 1), "a")
        assert rows(opened, 1) == 1
        opened.close()
    finally:
        running.kill()


def test_what_the_door_took_while_the_server_was_away_arrives(
    own_stand_in: StandIn, tmp_path: Path
) -> None:
    server = Server(tmp_path / "data", environment={"FOOTFALL_STORE_URL": own_stand_in.url()})
    project = server.create_project("away")
    server.start()
    try:
        assert project.send([event("a", messageId=f"b{i}") for i in range(50)]).status == 200
        assert folded(project.query(total())) == 50
        own_stand_in.kill()
        assert project.send([event("b", messageId=f"c{i}") for i in range(50)]).status == 200
        eventually(lambda: http("GET", f"{server.url}/ready").status == 503)
        told = http("GET", f"{server.url}/ready").body.decode()
        assert "can't be reached" in told
        assert PASSWORD not in told
        other = total(measure="unique")
        assert project.query(other, consistent=False).status == 503
        own_stand_in.start()
        eventually(lambda: http("GET", f"{server.url}/ready").status == 200)
        assert folded(project.query(total())) == 100
        assert server.stop() == 0
    finally:
        if server.process is not None:
            server.kill()
    assert PASSWORD not in server.log()


def test_a_server_that_starts_first_waits_for_its_store(
    own_stand_in: StandIn, tmp_path: Path
) -> None:
    own_stand_in.kill()
    server = Server(tmp_path / "data", environment={"FOOTFALL_STORE_URL": own_stand_in.url()})
    project = server.create_project("first")
    server.start()
    try:
        assert project.send([event("a", messageId=f"m{i}") for i in range(20)]).status == 200
        eventually(lambda: http("GET", f"{server.url}/ready").status == 503)
        assert http("GET", f"{server.url}/health").status == 200
        own_stand_in.start()
        eventually(lambda: http("GET", f"{server.url}/ready").status == 200)
        assert folded(project.query(total())) == 20
        own_stand_in.kill()
        assert server.stop() == 0
        server.start()
        eventually(lambda: http("GET", f"{server.url}/ready").status == 503)
        server.stop()  # it hadn't opened anything, and ends all the same
    finally:
        if server.process is not None:
            server.kill()


def test_a_server_that_is_not_let_in_says_so_and_ends(
    own_stand_in: StandIn, tmp_path: Path
) -> None:
    url = own_stand_in.url("not-the-password")
    server = Server(tmp_path / "data", environment={"FOOTFALL_STORE_URL": url})
    server.start()
    assert server.process is not None
    assert server.process.wait(30) == 1
    server.stop()
    assert "[STORE_DENIED]" in server.log()
    assert "not-the-password" not in server.log()


def test_an_install_is_erased_on_the_server(own_stand_in: StandIn, tmp_path: Path) -> None:
    server = Server(tmp_path / "data", environment={"FOOTFALL_STORE_URL": own_stand_in.url()})
    project = server.create_project("erased")
    server.start()
    gone, kept = str(uuid.uuid4()), str(uuid.uuid4())
    try:
        assert project.send([event(gone), event(kept)] * 2).status == 200
        assert project.send([{"type": "track", "userId": gone}]).json()["rejected"]
        assert installs(project) == {gone, kept}
        assert files_with(own_stand_in.path, gone), "else its absence would prove nothing"
        said = done(project, erase(project, install=gone).json()["id"])
        assert said["places"]["events"]["rows"] == 2
        assert said["places"]["rejected"]["rows"] == 1
        assert installs(project) == {kept}
        assert files_with(own_stand_in.path, gone) == []
        assert json.loads(server.command("doctor", "--json").stdout)["healthy"]
    finally:
        server.kill()


def test_an_erasure_reaches_what_another_server_had_not_carried_on(
    own_stand_in: StandIn, tmp_path: Path
) -> None:
    """Its collector acknowledges an event and is killed; an install is erased; it comes back."""
    environment = {
        "FOOTFALL_STORE_URL": own_stand_in.url(), "FOOTFALL_SECRET_KEY": "s" * 40,
        "FOOTFALL_DATABASE_URL": f"sqlite:///{tmp_path}/metadata.db",
    }  # fmt: skip
    first = Server(tmp_path / "first", environment=environment)
    second = Server(tmp_path / "second", environment=environment)
    project = first.create_project("several")
    gone, kept = str(uuid.uuid4()), str(uuid.uuid4())
    try:
        second.start()
        first.start()
        eventually(lambda: http("GET", f"{second.url}/ready").status == 200)
        assert second.stop() == 0
        second.start("--role", "ingest")
        there = Project(second, project.name, project.write_key, project.api_token)
        assert there.send([event(gone), event(kept)]).status == 200
        second.kill()
        assert project.send([event(gone)]).status == 200
        assert done(project, erase(project, install=gone).json()["id"])["state"] == "done"
        assert installs(project) == set()
        second.start()
        eventually(lambda: installs(there) == {kept})
        eventually(lambda: files_with(own_stand_in.path, gone) == [])
        eventually(lambda: files_with(second.data, gone) == [])
    finally:
        for each in (first, second):
            if each.process is not None:
                each.kill()


def test_backup_says_who_makes_it(stand_in: StandIn, store: Store, tmp_path: Path) -> None:
    from footfall_server.model.errors import Unprocessable
    from footfall_server.store import restore_store

    with pytest.raises(Unprocessable) as refused:
        store.backup(tmp_path / "backup")
    assert refused.value.code == "BACKUP_ELSEWHERE"
    assert "BACKUP DATABASE footfall" in refused.value.message
    with pytest.raises(Unprocessable) as refused:
        restore_store(stand_in.url(), tmp_path, tmp_path / "backup", None)
    assert refused.value.code == "RESTORE_ELSEWHERE"
