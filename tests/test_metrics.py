"""What Prometheus is told of the way of an event."""

from __future__ import annotations

import math

from prometheus_client.parser import text_string_to_metric_families

from .conftest import Server, http
from .test_limits import limit
from .test_thin_slice import event, folded, total


def metrics(server: Server) -> dict[str, float]:
    """Every sample, as `name{label values}`."""
    text = http("GET", f"{server.url}/metrics").body.decode()
    return {
        f"{sample.name}{{{','.join(sample.labels.values())}}}": sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_everything_that_happens_at_the_door_is_counted(own_server: Server) -> None:
    project = own_server.create_project("metrics")
    assert project.send([event(), event(), event("")]).status == 200
    assert http("POST", f"{own_server.url}/v1/batch", b"{").status == 400
    assert limit(project, events_per_second=0.1, burst=1).status == 200
    assert project.send([event()]).status == 200
    assert project.send([event()]).status == 429
    assert folded(project.query(total())) == 3
    found = metrics(own_server)
    assert found["footfall_ingest_requests_total{}"] == 4
    assert found["footfall_events_received_total{}"] == 5
    assert found["footfall_events_accepted_total{}"] == 3
    assert found["footfall_events_rejected_total{MISSING_EVENT}"] == 1
    assert found["footfall_ingest_requests_failed_total{INVALID_JSON}"] == 1
    assert found["footfall_ingest_requests_failed_total{RATE_LIMITED}"] == 1
    assert found["footfall_journal_depth{}"] == 0
    assert found["footfall_journal_oldest_seconds{}"] == 0
    assert found["footfall_ingest_request_seconds_count{}"] == 2
    for name in ("journal_commit", "drain_lag", "ingest_request"):
        count = found[f"footfall_{name}_seconds_count{{}}"]
        assert count > 0
        assert found[f"footfall_{name}_seconds_bucket{{+Inf}}"] == count
        assert 0 < found[f"footfall_{name}_seconds_sum{{}}"] < math.inf


def test_what_waits_is_told_with_its_age(own_server: Server) -> None:
    """The store can't be reached: events are taken, and wait."""
    project = own_server.create_project("waiting")
    assert project.send([event()]).status == 200
    assert folded(project.query(total())) == 1
    temporary = own_server.data / "tmp"
    temporary.rename(own_server.data / "away")  # inserts pass through it
    try:
        assert project.send([event(), event()]).status == 200
        found = metrics(own_server)
        assert found["footfall_journal_depth{}"] == 2
        older = metrics(own_server)["footfall_journal_oldest_seconds{}"]
        assert older > found["footfall_journal_oldest_seconds{}"] > 0
    finally:
        (own_server.data / "away").rename(temporary)
    assert folded(project.query(total())) == 3
