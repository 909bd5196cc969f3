"""One request through the guard: no redirects, no proxies, bounded in time and in what is read."""

from __future__ import annotations

import ssl
from collections.abc import Mapping

import httpcore2

from footfall_server.automation.destinations.guard import Guard
from footfall_server.automation.destinations.outcome import Refused, Undelivered

_TIMEOUT = {"connect": 10.0, "read": 30.0, "write": 30.0, "pool": 30.0}
_MOST_READ = 4_096
_REFUSALS = frozenset({400, 413, 414, 415, 422})


class Http:
    """Connections of one destination, kept open between batches."""

    def __init__(self, guard: Guard) -> None:
        self._pool = httpcore2.ConnectionPool(
            ssl_context=ssl.create_default_context(),
            max_connections=2,
            keepalive_expiry=30,
            network_backend=guard,
        )

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> None:
        """Returns when the other side has answered 2xx. Raises Undelivered or Refused."""
        sent: list[tuple[bytes | str, bytes | str]] = list(headers.items())
        try:
            with self._pool.stream(
                method, url, headers=sent, content=body, extensions={"timeout": _TIMEOUT}
            ) as answer:
                said = _beginning(answer)
                status = answer.status
                retry_after = dict(answer.headers).get(b"Retry-After", b"").decode("latin-1")
        except (
            httpcore2.NetworkError,
            httpcore2.ProtocolError,
            httpcore2.TimeoutException,
        ) as error:
            raise Undelivered(str(error) or type(error).__name__) from error
        except (httpcore2.UnsupportedProtocol, ValueError) as error:
            raise Undelivered(str(error)) from error
        if 200 <= status < 300:
            return
        if 300 <= status < 400:
            raise Undelivered(
                f"It answered {status}: redirects are not followed, set the URL anew."
            )
        message = f"It answered {status}: {said}" if said else f"It answered {status}."
        if status in _REFUSALS:
            raise Refused(message)
        raise Undelivered(message, float(retry_after) if retry_after.isdigit() else None)

    def close(self) -> None:
        self._pool.close()


def _beginning(answer: httpcore2.Response) -> str:
    read = b""
    for chunk in answer.iter_stream():
        read += chunk
        if len(read) >= _MOST_READ:
            break
    return " ".join(read[:200].decode("utf-8", "replace").split())
