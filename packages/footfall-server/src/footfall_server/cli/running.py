"""An ASGI application on its sockets until a signal stops it: what every role's process does."""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
from collections.abc import Awaitable, Callable, Sequence

import uvicorn
import uvloop

from footfall_server.cli.connection import Connection, Server

App = Callable[..., Awaitable[None]]


class Running:
    """One HTTP server of this process. `stop` may be called from any thread or signal handler.

    A head has `head_seconds` to come. `on_stop` is called before what is under way is waited for.
    """

    def __init__(
        self,
        app: App,
        sockets: Sequence[socket.socket],
        *,
        head_seconds: float = 20,
        on_stop: Callable[[], object] = lambda: None,
    ) -> None:
        self._sockets = list(sockets)
        self._server = Server(
            uvicorn.Config(
                app,
                loop="uvloop",
                http=Connection,
                lifespan="off",
                access_log=False,
                log_config=None,
                proxy_headers=False,
                server_header=False,
                timeout_keep_alive=30,
                timeout_graceful_shutdown=30,
                backlog=2048,
            ),
            head_seconds,
            on_stop,
        )

    def stop(self) -> None:
        """Take no more connections, finish the requests under way, then return from `run`."""
        self._server.should_exit = True

    def run(
        self,
        beside: Callable[[], Awaitable[None]],
        announce: Callable[[], None],
    ) -> None:
        """Serve until a signal; `beside` runs in the same loop and is cancelled at the end."""

        def stop(number: int, frame: object) -> None:
            self.stop()

        # They hold until uvicorn has its own, and again when it hands the signal on after it has
        # finished: so the exit status stays 0.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, stop)
        spare_the_collector()

        async def main() -> None:
            task = asyncio.ensure_future(beside())
            heads = asyncio.ensure_future(self._server.watch_heads())
            try:
                announce()
                await self._server.serve(sockets=self._sockets)
            finally:
                task.cancel()
                heads.cancel()
                await asyncio.gather(task, heads, return_exceptions=True)

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(main())


def spare_the_collector() -> None:
    """A request's events live for milliseconds: collecting the young often finds nothing, and what
    is there now stays."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
