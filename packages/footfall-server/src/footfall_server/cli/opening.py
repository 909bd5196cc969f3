"""The store, the insights and their pages, opened while the door takes events in already."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import threading
from collections.abc import Callable
from typing import Any

from footfall_server.cli.running import App, spare_the_collector
from footfall_server.ingest.live import entries_by_project
from footfall_server.intake import Intake, Report
from footfall_server.model.errors import FootfallError, Unavailable
from footfall_server.settings import Settings

log = logging.getLogger("footfall_server")
_MAINTENANCE_SECONDS = 300
_AGAIN_SECONDS = 2


class Opening:
    """An application that answers as soon as everything is open, and `/health` at once."""

    def __init__(
        self,
        settings: Settings,
        base_url: str,
        intake: Intake,
        elsewhere: Callable[[], list[Report]] = list,
    ) -> None:
        self._settings, self._base_url, self._intake = settings, base_url, intake
        self._elsewhere = elsewhere
        self._loop: asyncio.AbstractEventLoop | None = None
        self._app: App | None = None
        self._known = asyncio.Event()  # whether it opens, fails or has to wait
        self._services: Any = None
        self._waits_for: FootfallError | None = None
        self._ended = threading.Event()
        self.failure: Exception | None = None
        """Why it can't be opened."""
        self.on_failure: Callable[[], None] = lambda: None
        """Called once when it can't be opened; the server shall end with it."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if self._app is None:
            if scope["type"] == "http" and scope["path"] == "/health":
                await _up(send)
                return
            await self._known.wait()
            if self._app is None:
                if (why := self._waits_for) is not None and scope["type"] == "http":
                    await _later(send, why)
                return  # else it failed: the server is on its way out
        await self._app(scope, receive, send)

    async def open(self) -> None:
        """Open, then look after the store until cancelled. Sets `failure` instead of raising."""
        self._loop = asyncio.get_running_loop()
        try:
            await asyncio.shield(asyncio.to_thread(self._open))
        except Exception as error:
            self.failure = error
            self.on_failure()
            return
        finally:
            self._ended.set()
            self._known.set()
        spare_the_collector()
        await self._maintain()

    def _open(self) -> None:
        # Here, because these imports take longer than the door needs to answer.
        from footfall_server.api.app import application
        from footfall_server.cli.logs import configure
        from footfall_server.services import open_services
        from footfall_server.web import pages

        configure()
        while self._services is None:
            try:
                self._services = open_services(
                    self._settings, self._base_url, self._intake, self._elsewhere, self._show
                )
            except Unavailable as error:
                self._wait_for_servers(error)
        self._app = application(self._services, pages(self._services))

    def _wait_for_servers(self, error: Unavailable) -> None:
        """Return when it may be tried again: ClickHouse's servers may start after this one, and the
        door takes events in meanwhile. Raises the error where waiting can't help."""
        servers = self._settings.store_url.startswith("clickhouse:")
        if not servers or error.code != "STORE_UNAVAILABLE":
            raise error
        if self._waits_for is None:
            log.warning("the store can't be opened yet: %s", error.message)
        self._waits_for = error
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._known.set)
        if self._ended.wait(_AGAIN_SECONDS):
            raise error

    def _show(self, stream: str, lines: bytes, token: str) -> None:
        """Let the live view see what other processes took in; called in their drains' threads."""
        live = self._intake.pipeline.live
        for project, entry in entries_by_project(stream, lines).items():
            with contextlib.suppress(RuntimeError):  # the loop has ended: nobody looks any more
                assert self._loop is not None
                self._loop.call_soon_threadsafe(live.saw, project, [entry])

    async def _maintain(self) -> None:
        """Now and then merge what reading would have to merge, forget what is old, ask alerts."""
        while True:
            await asyncio.sleep(_MAINTENANCE_SECONDS)
            try:
                await asyncio.to_thread(self._services.store.maintain)
                await asyncio.to_thread(self._services.expire, self._settings.rejected_days)
                await self._services.alerts.look()
            except Exception:
                log.exception("maintenance failed; it is tried again later")

    def close(self) -> None:
        """Carry on what is left and close; after the server has stopped."""
        if self._services is not None and not self._services.close():
            log.warning("the store did not take everything: the rest follows at the next start")


async def _up(send: Any) -> None:
    await _answer(send, 200, b"application/json", b'{"status":"ok"}')


async def _later(send: Any, error: FootfallError) -> None:
    document = {
        "type": "about:blank", "title": "Service Unavailable", "status": 503,
        "code": error.code, "message": error.message,
    }  # fmt: skip
    await _answer(send, 503, b"application/problem+json", json.dumps(document).encode())


async def _answer(send: Any, status: int, kind: bytes, body: bytes) -> None:
    headers = [(b"content-type", kind), (b"content-length", b"%d" % len(body))]
    if status == 503:
        headers.append((b"retry-after", b"%d" % _AGAIN_SECONDS))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
