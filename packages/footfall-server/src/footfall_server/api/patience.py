"""Nothing is worked out for a client that has gone away."""

from __future__ import annotations

import asyncio
import contextlib

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Patience:
    """ASGI middleware: a question whose client disconnects is cancelled, and with it its queries.

    Questions are what changes nothing: `GET`, `HEAD`, and `POST …/query`. The rest is carried to
    its end.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _is_question(scope):
            await self._app(scope, receive, send)
            return
        line = _Line(receive)
        work = asyncio.ensure_future(self._app(scope, line.receive, send))
        watch = asyncio.ensure_future(line.watch())
        try:
            await asyncio.wait({work, watch}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                work.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await work
                return
        finally:
            for task in (work, watch):
                task.cancel()
        work.result()


class _Line:
    """What the client sends: the request's body, then, at some time, that it left.

    It is read ahead of the application, which may not ask for it, but not far.
    """

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._messages: asyncio.Queue[Message] = asyncio.Queue(4)
        self._gone = asyncio.Event()

    async def receive(self) -> Message:
        if self._gone.is_set() and self._messages.empty():
            return {"type": "http.disconnect"}
        return await self._messages.get()

    async def watch(self) -> None:
        """Return when the client has gone."""
        while not self._gone.is_set():
            message = await self._receive()
            if message["type"] == "http.disconnect":
                self._gone.set()
            await self._messages.put(message)


def _is_question(scope: Scope) -> bool:
    return scope["method"] in ("GET", "HEAD") or (
        scope["method"] == "POST" and scope["path"].endswith("/query")
    )
