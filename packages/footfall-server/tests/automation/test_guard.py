"""Where a destination may lead: checked on saving, and again at every connection."""

from __future__ import annotations

import ipaddress
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from footfall_server.automation.destinations.document import Destination, bucket, check, folder
from footfall_server.automation.destinations.guard import Guard, allowed_networks
from footfall_server.automation.destinations.http import Http
from footfall_server.automation.destinations.outcome import Undelivered
from footfall_server.model.errors import Unprocessable

PUBLIC = "93.184.216.34"


def resolving(*answers: list[str]) -> Guard:
    """A guard whose resolver gives these answers, the last one for ever."""
    left = list(answers)
    return Guard((), lambda host, port: left.pop(0) if len(left) > 1 else left[0])


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "0.0.0.0", "224.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "240.0.0.1",
        "::1", "::", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1",
        "::ffff:169.254.169.254", "2002:7f00:1::", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",
    ],
)  # fmt: skip
def test_addresses_inside_are_refused_on_saving(address: str) -> None:
    with pytest.raises(Unprocessable) as raised:
        resolving([address]).check("https://hooks.example.org/x")
    assert raised.value.code == "FORBIDDEN_ADDRESS"
    assert raised.value.path == "/url"


def test_one_forbidden_address_among_public_ones_is_enough() -> None:
    with pytest.raises(Unprocessable):
        resolving([PUBLIC, "10.0.0.1"]).check("https://hooks.example.org/")


@pytest.mark.parametrize("address", [PUBLIC, "2606:2800:220:1::1", "64:ff9b::5db8:d822"])
def test_public_addresses_pass(address: str) -> None:
    resolving([address]).check("https://hooks.example.org/")


def test_the_operator_can_allow_a_network() -> None:
    allowed = allowed_networks({"FOOTFALL_ALLOW_NETWORKS": "10.0.0.0/8, 127.0.0.0/8,fd00::/8"})
    guard = Guard(allowed)
    for inside in ("10.9.8.7", "127.0.0.1", "fd00::1", "::ffff:10.0.0.1"):
        assert guard.permits(ipaddress.ip_address(inside))
    assert not guard.permits(ipaddress.ip_address("192.168.0.1"))
    with pytest.raises(Unprocessable):
        allowed_networks({"FOOTFALL_ALLOW_NETWORKS": "10.0.0.1/8"})


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.org/", "file:///etc/passwd", "gopher://example.org", "//example.org",
        "https://", "https://user:word@example.org/", "http://[::1", "http://example.org:99999/",
        "nothing",
    ],
)  # fmt: skip
def test_only_plain_http_urls(url: str) -> None:
    with pytest.raises(Unprocessable) as raised:
        resolving([PUBLIC]).check(url)
    assert raised.value.code == "INVALID_URL"


@pytest.mark.parametrize("host", ["localhost", "127.1", "2130706433", "0x7f.1", "[::1]"])
def test_other_spellings_of_loopback_are_refused(host: str) -> None:
    with pytest.raises(Unprocessable) as raised:
        check(Destination(name="a", type="webhook", url=f"http://{host}/", secret="s"))
    assert raised.value.code in ("FORBIDDEN_ADDRESS", "UNRESOLVED_HOST")


class Listening(ThreadingHTTPServer):
    """Counts the requests; answers with a redirect when it has a location."""

    def __init__(self, location: str | None = None) -> None:
        outer = self
        self.requests: list[str] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["content-length"]))
                outer.requests.append(self.headers["host"])
                self.send_response(307 if location else 200)
                if location:
                    self.send_header("Location", location)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.shutdown()
        self.server_close()


def test_a_name_that_changes_after_it_was_saved_is_refused_at_the_connection() -> None:
    """DNS rebinding: public when it is saved, this machine when it is used."""
    inside = Listening()
    guard = resolving([PUBLIC], ["127.0.0.1"])
    url = f"http://rebinding.example.org:{inside.server_port}/"
    guard.check(url)
    http = Http(guard)
    with pytest.raises(Undelivered, match="private network"):
        http.send("POST", url, {}, b"secret")
    http.close()
    inside.close()
    assert inside.requests == []


def test_the_address_that_was_checked_is_the_one_that_is_connected_to() -> None:
    """A resolver that answers differently each time is asked once a connection."""
    receiver = Listening()
    answers = []

    def resolve(host: str, port: int) -> list[str]:
        answers.append(host)
        return ["127.0.0.1"] if len(answers) == 1 else ["10.255.255.1"]

    http = Http(Guard([ipaddress.ip_network("127.0.0.0/8")], resolve))
    http.send("POST", f"http://moving.example.org:{receiver.server_port}/", {}, b"x")
    http.close()
    receiver.close()
    assert answers == ["moving.example.org"]
    assert receiver.requests == [f"moving.example.org:{receiver.server_port}"]


def test_redirects_are_not_followed() -> None:
    inside = Listening()
    outside = Listening(f"http://127.0.0.1:{inside.server_port}/")
    http = Http(Guard([ipaddress.ip_network("127.0.0.0/8")]))
    with pytest.raises(Undelivered, match="307"):
        http.send("POST", f"http://127.0.0.1:{outside.server_port}/", {}, b"x")
    http.close()
    inside.close()
    outside.close()
    assert (len(outside.requests), inside.requests) == (1, [])


def test_a_name_that_does_not_resolve_is_said_so() -> None:
    def resolve(host: str, port: int) -> list[str]:
        raise socket.gaierror(-2, "Name or service not known")

    with pytest.raises(Unprocessable) as raised:
        Guard((), resolve).check("https://nowhere.example.org/")
    assert raised.value.code == "UNRESOLVED_HOST"


@pytest.mark.parametrize(
    "url", ["file:///etc", "file:../up", "file:a/../../b", "file:", "/tmp/x", "file://host/a"]
)
def test_files_stay_below_their_folder(url: str) -> None:
    with pytest.raises(Unprocessable) as raised:
        folder(url)
    assert raised.value.code == "INVALID_URL"


def test_a_bucket_is_addressed_by_path() -> None:
    own = Destination(name="a", type="s3", url="https://minio.example.org:9000/logs/foot/fall")
    assert bucket(own) == ("https://minio.example.org:9000/logs", "foot/fall")
    amazon = Destination(name="a", type="s3", url="s3://logs/foot", region="eu-west-3")
    assert bucket(amazon) == ("https://s3.eu-west-3.amazonaws.com/logs", "foot")
