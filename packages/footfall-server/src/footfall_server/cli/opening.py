"""The store, the insights and their pages, opened while the door takes events in already."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Any

from footfall_server.cli.running import App, spare_the_collector
from footfall_server.ingest.live import entries_by_project
from footfall_server.intake import Intake, Report
from footfall_server.settings import Settings

log = logging.getLogger("footfall_server")
_MAINTENANCE_SECONDS = 300


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
        self._opened = asyncio.Event()
        self._services: Any = None
        self.failure: Exception | None = None
        """Why it can't be opened."""
        self.on_failure: Callable[[], None] = lambda: None
        """Called once when it can't be opened; the server shall end with it."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if self._app is None:
            if scope["type"] == "http" and scope["path"] == "/health":
                await _up(send)
                return
            await self._opened.wait()
            if self._app is None:
                return  # it failed: the server is on its way out
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
            self._opened.set()
        spare_the_collector()
        await self._maintain()

    def _open(self) -> None:
        # Here, because these imports take longer than the door needs to answer.
        from footfall_server.api.app import application
        from footfall_server.cli.logs import configure
        from footfall_server.services import open_services
        from footfall_server.web import pages

        configure()
        self._services = open_services(
            self._settings, self._base_url, self._intake, self._elsewhere, self._show
        )
        self._app = application(self._services, pages(self._services))

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
    body = b'{"status":"ok"}'
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
