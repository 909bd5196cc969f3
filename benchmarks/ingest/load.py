"""A closed loop of clients, each with one connection and always one request under way."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field

import uvloop


@dataclass
class Load:
    """What came back in `seconds`. `latencies` are in seconds, one a request."""

    seconds: float = 0.0
    answered: int = 0
    refused: int = 0
    latencies: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Requests a second that were answered 200."""
        return self.answered / self.seconds

    def quantile(self, share: float) -> float:
        """The latency, in milliseconds, that this share of requests stays below."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1e3


class _Client(asyncio.Protocol):
    """Sends at once when it is answered, or, with `every` seconds, when its next turn comes.

    With turns the latency counts from the turn: a request that has to wait for the one before it
    waits for the server all the same.
    """

    def __init__(
        self, request: bytes, load: Load, until: float, every: float = 0.0, first: float = 0.0
    ) -> None:
        self._request, self._load, self._until = request, load, until
        self._every, self._turn = every, first
        self._buffer = b""
        self._sent = 0.0
        self.closed = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._next()

    def _next(self) -> None:
        if not self._every:
            self._send()
            return
        wait = self._turn - time.perf_counter()
        if wait > 0:
            asyncio.get_running_loop().call_later(wait, self._send)
        else:
            self._send()

    def _send(self) -> None:
        self._sent = self._turn if self._every else time.perf_counter()
        self._turn += self._every
        if self._transport.is_closing():
            return
        self._transport.write(self._request)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, separator, body = self._buffer.partition(b"\r\n\r\n")
        if not separator:
            return
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        if len(body) < length:
            return
        now = time.perf_counter()
        if head.startswith(b"HTTP/1.1 200"):
            self._load.answered += 1
            self._load.latencies.append(now - self._sent)
        else:
            self._load.refused += 1
        self._buffer = b""
        if (self._turn if self._every else now) < self._until:
            self._next()
        else:
            self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.closed.done():
            self.closed.set_result(None)


def request(host: str, path: str, body: bytes, headers: dict[str, str] | None = None) -> bytes:
    """The bytes of one POST."""
    extra = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n{extra}\r\n"
    )
    return head.encode() + body


def run(
    port: int,
    bytes_of_request: bytes,
    connections: int,
    seconds: float,
    rate: float = 0.0,
) -> Load:
    """Keep `connections` requests under way for `seconds`, or send `rate` a second over them."""
    every = connections / rate if rate else 0.0

    async def main() -> Load:
        load = Load()
        loop = asyncio.get_running_loop()
        started = time.perf_counter()
        until = started + seconds
        clients = [
            (
                await loop.create_connection(
                    lambda place=place: _Client(
                        bytes_of_request, load, until, every, started + place * every / connections
                    ),
                    "127.0.0.1",
                    port,
                )
            )[1]
            for place in range(connections)
        ]
        await asyncio.gather(*(client.closed for client in clients))
        load.seconds = time.perf_counter() - started
        return load

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main())
