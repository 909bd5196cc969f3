"""A question whose client goes away is cancelled; anything else is carried to its end."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from footfall_server.api.patience import Patience


class Server:
    """Sends a request's messages, then waits until the client goes."""

    def __init__(self, *bodies: bytes) -> None:
        last = len(bodies) - 1
        self.messages: list[dict[str, Any]] = [
            {"type": "http.request", "body": body, "more_body": place < last}
            for place, body in enumerate(bodies)
        ]
        self.gone = asyncio.Event()
        self.sent: list[Any] = []

    async def receive(self) -> dict[str, Any]:
        if self.messages:
            return self.messages.pop(0)
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        self.sent.append(message)


def scope(method: str, path: str) -> dict[str, Any]:
    return {"type": "http", "method": method, "path": path}


@pytest.mark.parametrize(
    ("method", "path", "cancelled"),
    [
        ("POST", "/api/v1/projects/p/query", True),
        ("GET", "/p/nannyml/trends", True),
        ("POST", "/api/v1/projects/p/boards", False),
        ("DELETE", "/api/v1/projects/p/boards/1", False),
    ],
)
@pytest.mark.parametrize("reads", [True, False])
def test_who_goes_away(method: str, path: str, cancelled: bool, reads: bool) -> None:
    async def main() -> None:
        server, ended = Server(b"a", b"b"), []
        go = asyncio.Event()

        async def app(scope: Any, receive: Any, send: Any) -> None:
            while reads and (await receive())["more_body"]:
                pass
            server.gone.set()
            try:
                await asyncio.wait_for(go.wait(), 0.05 if not cancelled else 60)
            except asyncio.CancelledError:
                ended.append("cancelled")
                raise
            except TimeoutError:
                ended.append("carried on")

        await Patience(app)(scope(method, path), server.receive, server.send)
        assert ended == ["cancelled" if cancelled else "carried on"]

    asyncio.run(main())


def test_the_body_and_the_answer_pass_through() -> None:
    async def main() -> None:
        server = Server(*[b"%d" % number for number in range(20)])

        async def app(scope: Any, receive: Any, send: Any) -> None:
            body, more = b"", True
            while more:
                message = await receive()
                body, more = body + message["body"], message["more_body"]
            await send(body)

        await Patience(app)(scope("POST", "/x/query"), server.receive, server.send)
        assert server.sent == [b"".join(b"%d" % number for number in range(20))]

    asyncio.run(main())


def test_an_error_is_the_applications_own() -> None:
    async def main() -> None:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            raise LookupError("mine")

        server = Server(b"")
        with pytest.raises(LookupError, match="mine"):
            await Patience(app)(scope("GET", "/"), server.receive, server.send)

    asyncio.run(main())
