"""One destination's thread, with a real outbox and store: files, buckets, back-off, refusals."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.fs
import pyarrow.parquet as pq
import pytest
from footfall_server.automation.destinations.document import Destination
from footfall_server.automation.destinations.forwarder import Forwarder
from footfall_server.automation.destinations.guard import Guard
from footfall_server.automation.destinations.http import Http
from footfall_server.automation.destinations.outcome import Refused, Undelivered
from footfall_server.automation.destinations.senders import Bucket, Files
from footfall_server.insights.matching import Matcher
from footfall_server.insights.queries import Filter
from footfall_server.journal import Outbox
from footfall_server.model.event import Event
from footfall_server.model.project import Project
from footfall_server.store import Store

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
PROJECT = Project(910_001, "forwarded", "UTC", "library_version")


def event(number: int, **properties: Any) -> Event:
    received = NOW + timedelta(seconds=number)
    return Event(
        project=PROJECT.id, kind="track", event="fit", install=f"i{number}",
        message_id=f"m{number}", client_time=received - timedelta(seconds=5), skew=5_000_000,
        received=int(received.timestamp() * 1e6), time_source="client", order=number,
        properties={"library_version": "1.0", **properties},
    )  # fmt: skip


def lines(events: Sequence[Event]) -> list[bytes]:
    return [msgspec.json.encode(each) + b"\n" for each in events]


class Recording:
    """A sender that keeps what it gets, after failing as it is told."""

    most, gather_seconds = 100, 0.0

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.got: list[str] = []
        self.poison = ""

    def send(self, batch: Sequence[Event], token: str) -> None:
        if self.failures:
            raise self.failures.pop(0)
        if self.poison in [each.message_id for each in batch]:
            raise Refused("It answered 422.")
        self.got += [each.message_id for each in batch]

    def close(self) -> None:
        pass


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.01)


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    opened = Outbox(tmp_path / "outbox.db")
    opened.follow({"d": PROJECT.id})
    yield opened
    opened.close()


def forwarding(
    outbox: Outbox,
    store: Store,
    sender: Any,
    pauses: list[float] | None = None,
    filters: tuple[Filter, ...] = (),
) -> Forwarder:
    def jitter(low: float, high: float) -> float:
        if pauses is not None:
            pauses.append(high)
        return 0.0

    destination = Destination(name="d", type="webhook", url="http://x/", filters=filters)
    made = Forwarder(
        "d", destination, PROJECT, outbox, Matcher(store), sender, time.time, jitter
    )  # fmt: skip
    made.start()
    return made


def waiting(outbox: Outbox) -> int:
    cursor = outbox.cursor("d")
    assert cursor is not None
    return cursor.waiting


def end(forwarder: Forwarder) -> None:
    forwarder.stop()
    forwarder.join(20)


def test_back_off_is_exponential_bounded_and_ends_with_success(
    outbox: Outbox, store: Store
) -> None:
    failures = [Undelivered("away") for _ in range(12)]
    sender, pauses = Recording(*failures), list[float]()
    outbox.add(PROJECT.id, lines([event(i) for i in range(250)]), "a", 0)
    forwarder = forwarding(outbox, store, sender, pauses)
    eventually(lambda: waiting(outbox) == 0)
    end(forwarder)
    assert sender.got == [f"m{i}" for i in range(250)]
    assert pauses == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]
    assert forwarder.fare.failures == 0
    assert forwarder.fare.last_error == "away"


def test_an_event_that_is_refused_is_set_aside_alone(outbox: Outbox, store: Store) -> None:
    sender = Recording()
    sender.poison = "m37"
    outbox.add(PROJECT.id, lines([event(i) for i in range(100)]), "a", 0)
    forwarder = forwarding(outbox, store, sender)
    eventually(lambda: waiting(outbox) == 0)
    end(forwarder)
    assert sorted(sender.got) == sorted(f"m{i}" for i in range(100) if i != 37)
    assert forwarder.fare.refused == 1


def test_what_is_stopped_in_the_middle_comes_again(outbox: Outbox, store: Store) -> None:
    away = Recording(*[Undelivered("away", retry_after=60)] * 100)
    outbox.add(PROJECT.id, lines([event(i) for i in range(10)]), "a", 0)
    forwarder = forwarding(outbox, store, away)
    eventually(lambda: forwarder.fare.failures > 0)
    end(forwarder)
    assert waiting(outbox) == 10
    back = Recording()
    second = forwarding(outbox, store, back)
    eventually(lambda: waiting(outbox) == 0)
    end(second)
    assert back.got == [f"m{i}" for i in range(10)]


def test_filters_are_those_of_queries(outbox: Outbox, store: Store) -> None:
    events = [event(i, library_version=f"1.{i}", flag=None, deep={"a": i}) for i in range(30)]
    store.insert("events", b"".join(lines(events)), "forwarder-filters")
    filters = msgspec.convert(
        [
            {"property": "library_version", "op": "version_gte", "values": ["1.9"]},
            {"not": {"property": "deep.a", "op": "in", "values": [20, 21]}},
        ],
        tuple[Filter, ...],
    )
    sender = Recording()
    outbox.add(PROJECT.id, lines(events), "a", 0)
    forwarder = forwarding(outbox, store, sender, filters=filters)
    eventually(lambda: waiting(outbox) == 0)
    end(forwarder)
    assert sender.got == [f"m{i}" for i in range(9, 30) if i not in (20, 21)]


def test_files_are_whole_and_replaced_when_they_come_again(
    tmp_path: Path, outbox: Outbox, store: Store
) -> None:
    events = [event(i, note="é", nested={"a.b": [1, True]}) for i in range(40)]
    outbox.add(PROJECT.id, lines(events), "a", 0)
    files = Files(tmp_path / "files", gather_seconds=0.0)
    forwarder = forwarding(outbox, store, files)
    eventually(lambda: waiting(outbox) == 0)
    end(forwarder)
    (path,) = (tmp_path / "files").rglob("*.parquet")
    assert path.parent.name == "2026-11-24"
    rows = pq.read_table(path).to_pylist()
    assert [row["message_id"] for row in rows] == [f"m{i}" for i in range(40)]
    assert rows[3]["time"] == NOW + timedelta(seconds=3)
    assert msgspec.json.decode(rows[3]["properties"])["nested"] == {"a.b": [1, True]}
    before = path.read_bytes()
    outbox.add(PROJECT.id, lines(events), "again", 0)
    second = forwarding(outbox, store, Files(tmp_path / "files", gather_seconds=0.0))
    eventually(lambda: waiting(outbox) == 0)
    end(second)
    assert [each.read_bytes() for each in (tmp_path / "files").rglob("*") if each.is_file()] == [
        before
    ]


def test_files_gather_before_they_are_written(outbox: Outbox, store: Store, tmp_path: Path) -> None:
    forwarder = forwarding(outbox, store, Files(tmp_path / "files", most=50, gather_seconds=3_600))
    now = int(time.time() * 1e6)
    for place in range(5):
        outbox.add(PROJECT.id, lines([event(place * 10 + i) for i in range(10)]), f"{place}", now)
        forwarder.wake()
    eventually(lambda: waiting(outbox) == 0)
    end(forwarder)
    (path,) = (tmp_path / "files").rglob("*.parquet")
    assert pq.read_table(path).num_rows == 50


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """A server that speaks S3 (moto's); its address."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from moto.server import ThreadedMotoServer

        server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        server.start()
    host, port = server.get_host_and_port()
    yield f"{host}:{port}"
    server.stop()


def test_a_bucket_gets_objects(s3: str, outbox: Outbox, store: Store) -> None:
    bucket = pa.fs.S3FileSystem(
        access_key="key", secret_key="secret", endpoint_override=s3, scheme="http",
        region="us-east-1", allow_bucket_creation=True,
    )  # fmt: skip
    bucket.create_dir("events")
    destination = Destination(
        name="d", type="s3", url=f"http://{s3}/events/from footfall/x",
        access_key="key", secret="secret",
    )  # fmt: skip
    guard = Guard([ip_network("127.0.0.0/8")])
    outbox.add(PROJECT.id, lines([event(i) for i in range(30)]), "a", 0)
    forwarder = forwarding(outbox, store, Bucket(destination, Http(guard), gather_seconds=0.0))
    eventually(lambda: waiting(outbox) == 0 or forwarder.fare.failures > 0)
    end(forwarder)
    assert forwarder.fare.last_error is None
    found = bucket.get_file_info(pa.fs.FileSelector("events/from footfall/x", recursive=True))
    (path,) = [each.path for each in found if each.is_file]
    assert pq.read_table(path, filesystem=bucket).column("message_id").to_pylist() == [
        f"m{i}" for i in range(30)
    ]
