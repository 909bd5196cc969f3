"""HTTP to the collector, by the standard library: one POST of gzip JSON, and what its answer means.

Imported by the sender's thread alone, when it starts.
"""

from __future__ import annotations

import email.utils
import http.client
import json
import os
import time
import zlib
from urllib.parse import unquote, urlsplit

from footfall import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl
    from typing import Dict, List, Mapping, NamedTuple, Optional, Tuple

    class Outcome(NamedTuple):
        """What became of a batch. `kind`: sent, retry, wait, stop, bad or split.

        `after`: seconds that the collector asks to wait; `rejected`: places in the batch of events
        that it refused.
        """

        kind: str
        after: Optional[float] = None
        rejected: Tuple[int, ...] = ()
        detail: str = ""

else:
    from collections import namedtuple

    Outcome = namedtuple("Outcome", "kind after rejected detail", defaults=(None, (), ""))

TIMEOUT = 5.0
LONGEST_ANSWER = 1_000_000
LONGEST_WAIT = 86400.0
PIECE = 50  # events that are compressed at a time
REDIRECTS = (301, 302, 307, 308)
STOPS = (401, 403, 404, 410)


class Unreachable(Exception):
    """No answer came; the batch may be sent again."""


class Transport:
    """A connection to one endpoint, kept open between the batches of one flush."""

    def __init__(self, endpoint: str, write_key: str, timeout: float = TIMEOUT) -> None:
        self._url = endpoint.rstrip("/")
        self._key = write_key
        self._timeout = timeout
        self._connection: Optional[http.client.HTTPConnection] = None
        self._connected_to = ""

    def send(self, bodies: List[bytes]) -> Outcome:
        """POST a batch of events, each already JSON."""
        headers = {
            "Content-Type": "application/json",
            "Content-Encoding": "gzip",
            "User-Agent": f"footfall/{__version__}",
        }
        try:
            status, answer, received = self._post(
                "/v1/batch", self.batch(bodies, time.time()), headers
            )
        except Unreachable as error:
            self.close()
            return Outcome("retry", detail=str(error))
        return outcome(status, answer, received, time.time())

    def batch(self, bodies: List[bytes], now: float) -> bytes:
        """A batch as it is posted: the JSON around the events, gzipped at the fastest level."""
        from footfall.event import timestamp

        start = f'{{"writeKey":{json.dumps(self._key)},"sentAt":"{timestamp(now)}","batch":['
        packer = zlib.compressobj(1, zlib.DEFLATED, 31)  # 31: as gzip, with no time in it
        parts = [packer.compress(start.encode("utf-8"))]
        # In pieces: a text of the whole batch would be larger than what the caches hold.
        for place in range(0, len(bodies), PIECE):
            piece = b",".join(bodies[place : place + PIECE])
            parts.append(packer.compress(b"," + piece if place else piece))
        parts.append(packer.compress(b"]}"))
        parts.append(packer.flush())
        return b"".join(parts)

    def erase(self, install_id: str) -> Tuple[int, Dict[str, object]]:
        """Ask the collector to delete everything of an install: its status and its receipt."""
        content = json.dumps({"writeKey": self._key, "install": install_id}).encode()
        headers = {"Content-Type": "application/json", "User-Agent": f"footfall/{__version__}"}
        status, answer, _ = self._post("/v1/erase", content, headers)
        self.close()
        try:
            receipt = json.loads(answer)
        except ValueError:
            receipt = {}
        return status, receipt if isinstance(receipt, dict) else {}

    def close(self) -> None:
        """Close the connection; the next batch opens a new one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.close()
            except Exception:
                return

    def _post(
        self, path: str, content: bytes, headers: Mapping[str, str]
    ) -> Tuple[int, bytes, Mapping[str, str]]:
        url = self._url + path
        for _ in range(4):
            status, answer, received = self._once(url, content, headers)
            target = received.get("location") if status in REDIRECTS else None
            following = _same_host(url, target) if target else None
            if following is None:
                return status, answer, received
            url = following
        raise Unreachable("too many redirects")

    def _once(
        self, url: str, content: bytes, headers: Mapping[str, str]
    ) -> Tuple[int, bytes, Mapping[str, str]]:
        """One request; a kept connection that turns out to be dead is opened anew."""
        for attempt in (0, 1):
            kept = self._connection is not None
            try:
                connection, target, extra = self._open(url)
                connection.request("POST", target, body=content, headers={**headers, **extra})
                response = connection.getresponse()
                answer = response.read(LONGEST_ANSWER)
                received = {name.lower(): value for name, value in response.getheaders()}
                if response.will_close or not response.isclosed():
                    self.close()
                return response.status, answer, received
            except (OSError, http.client.HTTPException, ValueError) as error:
                self.close()
                dropped = isinstance(error, (ConnectionError, http.client.RemoteDisconnected))
                if not (kept and dropped and attempt == 0):
                    raise Unreachable(f"{type(error).__name__}: {error}") from None
        raise Unreachable("the connection was dropped twice")

    def _open(self, url: str) -> Tuple[http.client.HTTPConnection, str, Dict[str, str]]:
        """An open connection for a URL, the request's target on it, and headers for a proxy."""
        parts = urlsplit(url)
        secure, host = parts.scheme == "https", parts.hostname or ""
        port = parts.port or (443 if secure else 80)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        proxy = proxy_for(parts.scheme, host, port)
        extra: Dict[str, str] = {}
        if proxy is not None and not secure:
            target, extra = url, proxy.headers
        place = f"{parts.scheme}://{host}:{port} {proxy}"
        if self._connection is None or self._connected_to != place:
            self.close()
            self._connection = self._connect(secure, host, port, proxy)
            self._connected_to = place
        return self._connection, target, extra

    def _connect(
        self, secure: bool, host: str, port: int, proxy: Optional[Proxy]
    ) -> http.client.HTTPConnection:
        to_host, to_port = (proxy.host, proxy.port) if proxy else (host, port)
        if not secure:
            return http.client.HTTPConnection(to_host, to_port, timeout=self._timeout)
        context = tls_context(os.environ)
        connection = http.client.HTTPSConnection(
            to_host, to_port, timeout=self._timeout, context=context
        )
        if proxy:
            connection.set_tunnel(host, port, headers=proxy.headers)
        return connection


class Proxy:
    """A proxy from the environment."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"a proxy that this can't speak to: {parts.scheme}")
        self.host, self.port = parts.hostname, parts.port or 80
        self.headers: Dict[str, str] = {}
        if parts.username is not None:
            from base64 import b64encode

            pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            token = b64encode(pair.encode()).decode()
            self.headers["Proxy-Authorization"] = f"Basic {token}"

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def proxies_named() -> bool:
    """Whether the environment speaks of proxies at all."""
    return any(name.lower().endswith("_proxy") for name in os.environ)


def proxy_for(scheme: str, host: str, port: int) -> Optional[Proxy]:
    """The proxy that http_proxy, https_proxy, all_proxy and no_proxy name for a host."""
    if not proxies_named():
        return None
    from urllib import request

    proxies = request.getproxies_environment()
    url = proxies.get(scheme) or proxies.get("all")
    if not url or request.proxy_bypass_environment(  # type: ignore[attr-defined]
        f"{host}:{port}", proxies
    ):
        return None
    return Proxy(url)


def tls_context(environ: Mapping[str, str]) -> ssl.SSLContext:
    """The system's certificates (SSL_CERT_FILE and SSL_CERT_DIR hold), and a named bundle."""
    import ssl

    context = ssl.create_default_context()
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        place = environ.get(name)
        if place:
            try:
                folder = os.path.isdir(place)
                context.load_verify_locations(
                    cafile=None if folder else place, capath=place if folder else None
                )
            except (OSError, ssl.SSLError):
                continue
    return context


def outcome(status: int, answer: bytes, headers: Mapping[str, str], now: float) -> Outcome:
    """What an answer means for the batch it was given to."""
    if status == 200:
        return _taken(answer)
    detail = f"HTTP {status}"
    if status == 413:
        return Outcome("split", detail=detail)
    if status in (400, 422):
        return Outcome("bad", detail=detail)
    if status in STOPS:
        return Outcome("stop", detail=detail)
    after = retry_after(headers.get("retry-after"), now)
    if status in (429, 503) and after is not None:
        return Outcome("wait", after=after, detail=detail)
    return Outcome("retry", detail=detail)


def _taken(answer: bytes) -> Outcome:
    """A captive portal answers 200 too, so the collector has to say that it is one."""
    try:
        said = json.loads(answer)
    except ValueError:
        said = None
    if not isinstance(said, dict) or said.get("success") is not True:
        return Outcome("retry", detail="a 200 that isn't the collector's")
    refused = said.get("rejected")
    places = []
    for one in refused if isinstance(refused, list) else []:
        index = one.get("index") if isinstance(one, dict) else None
        if isinstance(index, int):
            places.append(index)
    return Outcome("sent", rejected=tuple(places))


def retry_after(value: Optional[str], now: float) -> Optional[float]:
    """The seconds that a Retry-After header asks for, given as a number or as a date."""
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            parsed = email.utils.parsedate_tz(value)
            seconds = email.utils.mktime_tz(parsed) - now if parsed else -1.0
        except (ValueError, OverflowError):
            return None
    return min(max(seconds, 0.0), LONGEST_WAIT) if seconds == seconds else None


def _same_host(url: str, target: str) -> Optional[str]:
    """Where a redirect leads, if that is the same host and no weaker scheme."""
    from urllib.parse import urljoin

    following = urljoin(url, target)
    old, new = urlsplit(url), urlsplit(following)
    if new.hostname != old.hostname or new.scheme not in ("http", "https"):
        return None
    if old.scheme == "https" and new.scheme != "https":
        return None
    return following
