"""Every way in which a collector can fail: nothing is lost in silence, nothing reaches the host."""

import base64
import json
import socket
import time

import footfall
import pytest
from footfall import transport
from footfall.transport import outcome, proxy_for, retry_after


def log(usage, count=3, event="x"):
    for _ in range(count):
        usage.track(event)


def whole(status):
    return status.sent + status.pending + sum(status.lost.values())


def test_the_wire_is_segments(usage, collector):
    log(usage, 1)
    assert usage.flush(5)
    ((path, headers, content),) = collector.requests
    assert path == "/v1/batch"
    assert headers["content-encoding"] == "gzip"
    batch = json.loads(content)
    assert set(batch) == {"writeKey", "sentAt", "batch"}
    assert batch["writeKey"] == "wk_test"
    assert batch["batch"] == usage.preview()


def test_the_first_event_leaves_within_a_second_and_later_ones_within_five(usage, collector):
    usage.track("first")
    deadline = time.monotonic() + 5
    while not collector.events and time.monotonic() < deadline:
        time.sleep(0.01)
    usage.track("second")
    while len(collector.events) < 2 and time.monotonic() < deadline + 5:
        time.sleep(0.05)
    assert [event["event"] for event in collector.events] == ["first", "second"]
    first, second = (footfall_time(event) for event in collector.events)
    sent = [footfall_time({"timestamp": json.loads(c)["sentAt"]}) for _, _, c in collector.requests]
    assert sent[0] - first < 1
    assert sent[1] - second < 5


def footfall_time(event):
    import calendar

    whole_, _, fraction = event["timestamp"].rstrip("Z").partition(".")
    return calendar.timegm(time.strptime(whole_, "%Y-%m-%dT%H:%M:%S")) + float("0." + fraction)


@pytest.mark.parametrize("fault", [500, 502, 503, 429, 408, 202, 204, "garbage", "portal", 302])
def test_what_may_succeed_later_is_kept_and_sent_once(usage, collector, fault):
    collector.answer = fault
    log(usage)
    assert usage.flush(5) is False
    status = usage.status()
    assert (status.pending, status.sent, status.lost) == (3, 0, {})
    collector.answer = "good"
    assert usage.flush(5) is True
    assert usage.status()[5:] == (0, 3, {})
    assert len(collector.events) == len(set(collector.ids)) == 3


def test_a_resend_is_the_same_event_but_for_the_time_of_sending(usage, collector):
    collector.answer = [500, "good"]
    log(usage, 1)
    usage.flush(5)
    assert usage.flush(5)
    first, second = (json.loads(content) for _, _, content in collector.requests)
    assert first["batch"] == second["batch"]
    assert first["sentAt"] <= second["sentAt"]


def test_a_refused_connection(usage, collector):
    collector.refuse()
    log(usage)
    assert usage.flush(5) is False
    assert usage.status().pending == 3
    collector.accept_again()
    assert usage.flush(5)
    assert usage.status()[5:] == (0, 3, {})


def test_a_black_hole_holds_up_nobody(usage, collector):
    collector.answer = "black hole"
    log(usage)
    start = time.monotonic()
    assert usage.flush(0.2) is False
    log(usage, 100)
    assert usage.status().pending == 103
    assert time.monotonic() - start < 2
    collector.released.set()


def test_a_slow_collector_is_waited_for(usage, collector):
    collector.answer = "slow"
    log(usage)
    assert usage.flush(5)
    assert usage.status().sent == 3


def test_names_that_dont_resolve(make_usage, monkeypatch):
    def unknown(*args, **kwargs):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    usage = make_usage(endpoint="http://usage.invalid")
    log(usage)
    assert usage.flush(5) is False
    assert usage.status()[5:] == (3, 0, {})


def test_a_bad_request_is_never_sent_again(usage, collector):
    collector.answer = 400
    log(usage)
    assert usage.flush(5) is True
    assert usage.status()[5:] == (0, 0, {"bad_request": 3})
    assert usage.flush(5)
    assert len(collector.requests) == 1


def test_too_large_a_batch_is_split_and_too_large_an_event_is_lost(make_usage, collector):
    usage = make_usage(burst=None)
    log(usage, 5)

    def reply(connection, answer, content):
        collector.answer = 200 if len(json.loads(content)["batch"]) <= 2 else 413
        return original(connection, collector.answer, content)

    original = collector._reply
    collector._reply = reply
    assert usage.flush(5)
    assert usage.status()[5:] == (0, 5, {})
    collector._reply = original
    collector.answer = 413
    log(usage, 2)
    assert usage.flush(5)
    assert usage.status()[5:] == (0, 5, {"too_large": 2})


@pytest.mark.parametrize("fault", [401, 403, 404, 410])
def test_a_refused_key_stops_this_process_and_keeps_the_spool(make_usage, collector, fault):
    collector.answer = fault
    usage = make_usage()
    log(usage)
    assert usage.flush(5) is False
    collector.answer = "good"
    log(usage)
    assert usage.flush(5) is False
    assert len(collector.requests) == 1
    assert usage.status()[5:] == (6, 0, {})


@pytest.mark.parametrize("fault", [429, 503])
def test_retry_after_holds_in_flush_too(usage, collector, fault):
    collector.answer = [fault, "good"]
    collector.headers = {"Retry-After": "1"}
    log(usage)
    start = time.monotonic()
    assert usage.flush(5) is False
    assert usage.flush(5) is False
    assert len(collector.requests) == 1
    while not usage.flush(5):
        assert time.monotonic() - start < 10
        time.sleep(0.05)
    assert time.monotonic() - start >= 1
    assert usage.status()[5:] == (0, 3, {})


def test_events_that_the_collector_refuses_alone_are_lost_alone(usage, collector):
    collector.body = json.dumps(
        {"success": True, "accepted": 2, "rejected": [{"index": 1, "code": "X", "message": "x"}]}
    ).encode()
    log(usage)
    assert usage.flush(5)
    assert usage.status()[5:] == (0, 2, {"rejected": 1})


def test_redirects_stay_on_the_host(make_usage, collector):
    usage = make_usage()
    collector.answer = [308, 307, "good"]
    collector.headers = {"Location": "/elsewhere"}
    log(usage)
    assert usage.flush(5)
    assert [path for path, _, _ in collector.requests] == ["/v1/batch", "/elsewhere", "/elsewhere"]
    collector.answer = 307
    collector.headers = {"Location": "http://localhost:%d/v1/batch" % collector.port}
    log(usage)
    assert usage.flush(5) is False
    assert len(collector.requests) == 4
    assert usage.status().pending == 3


def test_a_proxy_is_used_unless_the_host_is_excepted(make_usage, collector, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://user:p%%40ss@127.0.0.1:%d" % collector.port)
    monkeypatch.setenv("http_proxy", "http://user:p%%40ss@127.0.0.1:%d" % collector.port)
    usage = make_usage(endpoint="http://usage.example.org")
    log(usage)
    assert usage.flush(5)
    path, headers, _ = collector.requests[0]
    assert path == "http://usage.example.org/v1/batch"
    assert headers["proxy-authorization"] == "Basic " + base64.b64encode(b"user:p@ss").decode()
    monkeypatch.setenv("no_proxy", "usage.example.org")
    assert proxy_for("http", "usage.example.org", 80) is None
    assert proxy_for("http", "other.example.org", 80).port == collector.port


def test_a_socks_proxy_that_cant_be_spoken_to_loses_nothing(usage, monkeypatch):
    monkeypatch.setenv("all_proxy", "socks5://127.0.0.1:1")
    log(usage)
    assert usage.flush(5) is False
    assert usage.status()[5:] == (3, 0, {})


def test_https_needs_a_certificate_that_is_trusted(make_usage, collector):
    usage = make_usage(endpoint=collector.url.replace("http:", "https:"))
    log(usage)
    assert usage.flush(5) is False
    assert usage.status().pending == 3


def test_a_certificate_bundle_from_the_environment(tmp_path):
    empty = transport.tls_context({})
    assert empty.check_hostname
    bundle = tmp_path / "bundle.pem"
    bundle.write_text("not a certificate")
    assert transport.tls_context({"REQUESTS_CA_BUNDLE": str(bundle)}).check_hostname


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("3", 3),
        ("0", 0),
        ("-5", 0),
        ("Wed, 21 Oct 2015 07:28:10 GMT", 10),
        ("Wed, 21 Oct 2015 07:27:00 GMT", 0),
        ("9999999999", 86400),
        ("soon", 0),
        ("nan", None),
        (None, None),
    ],
)
def test_retry_after_as_a_number_and_as_a_date(value, seconds):
    now = 1445412480  # 2015-10-21 07:28:00 UTC
    got = retry_after(value, now)
    assert got == seconds if seconds != 0 or value != "soon" else got in (0, None)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"success": true}', "sent"),
        (b'{"success": 1}', "retry"),
        (b'{"success": false}', "retry"),
        (b"[]", "retry"),
        (b"", "retry"),
        (b'{"success": true, "rejected": "odd"}', "sent"),
    ],
)
def test_only_the_collectors_own_yes_is_a_success(body, kind):
    assert outcome(200, body, {}, 0).kind == kind


def test_without_a_disk_events_wait_in_memory(make_usage, collector, home):
    home.write_text("not a folder")
    collector.answer = 500
    usage = make_usage()
    log(usage)
    assert usage.flush(5) is False
    assert usage.status()[5:] == (3, 0, {})
    collector.answer = "good"
    assert usage.flush(5)
    assert usage.status()[5:] == (0, 3, {})


def test_without_a_disk_memory_stays_bounded_and_the_oldest_are_counted(
    make_usage, collector, home, monkeypatch
):
    from footfall import sender

    monkeypatch.setattr(sender, "MOST_WAITING", 10)
    home.write_text("not a folder")
    collector.answer = 500
    usage = make_usage(burst=None)
    log(usage, 25)
    usage.flush(5)
    status = usage.status()
    assert (status.pending, status.sent, status.lost) == (10, 0, {"spool_full": 15})


def test_backoff_is_jittered_and_grows(usage, collector, monkeypatch):
    collector.answer = 500
    usage.delivery.random = lambda: 1.0
    waits = []
    log(usage)
    for _ in range(12):
        usage.flush(5)
        waits.append(round(usage.delivery.sender._retry_at - time.monotonic()))
    assert waits[:5] == [2, 4, 8, 16, 32]
    assert waits[-1] == 300
    before = len(collector.requests)
    usage.delivery.sender.nudge()  # an interval, unlike a flush, waits for its time
    time.sleep(0.1)
    assert len(collector.requests) == before


def test_status_accounts_for_every_call_at_any_moment(make_usage, collector):
    import threading

    usage = make_usage(burst=None)
    collector.answer = ["good", 500, 400, 413, "portal", 503, "good"]
    logged = 0
    stop = threading.Event()

    def flush():
        while not stop.is_set():
            usage.flush(1)

    flusher = threading.Thread(target=flush)
    flusher.start()
    try:
        for _ in range(40):
            log(usage, 25)
            logged += 25
            assert whole(usage.status()) == logged
    finally:
        stop.set()
        flusher.join()
    collector.answer = "good"
    usage.flush(5)
    assert whole(usage.status()) == logged
    assert usage.status().pending == 0


def test_preview_is_what_is_sent(usage, collector):
    log(usage, 2)
    previewed = usage.preview()
    assert [event["event"] for event in previewed] == ["x", "x"]
    assert usage.status().pending == 2
    assert usage.flush(5)
    assert collector.events == previewed


def test_an_override_for_maintainers(make_usage, collector, monkeypatch):
    monkeypatch.setenv("FOOTFALL_ENDPOINT", collector.url)
    monkeypatch.setenv("FOOTFALL_WRITE_KEY", "wk_other")
    usage = make_usage(endpoint="https://usage.example.org")
    log(usage)
    assert usage.flush(5)
    assert json.loads(collector.requests[0][2])["writeKey"] == "wk_other"
    assert usage.status().endpoint == collector.url


@pytest.mark.parametrize("endpoint", ["ftp://x", "//x", "", "x.example.org", "javascript:1"])
def test_only_http_endpoints(make_usage, endpoint, monkeypatch):
    with pytest.raises(footfall.ConfigurationError) as error:
        make_usage(endpoint=endpoint)
    assert error.value.code == "ENDPOINT"


def test_a_wrong_override_harms_nobody(usage, monkeypatch):
    monkeypatch.setenv("FOOTFALL_ENDPOINT", "ftp://nowhere")
    log(usage)
    assert usage.flush(5) is False
    assert usage.status()[5:] == (3, 0, {})


def test_debugging_prints_a_line_per_event(run, collector):
    done = run("usage.track('x'); usage.flush(5)", env={"FOOTFALL_DEBUG": "1"}, check=False)
    (line,) = [one for one in done.stderr.splitlines() if '"event":"x"' in one]
    assert json.loads(line.partition(": ")[2]) == collector.events[0]
    assert done.returncode == 0
