"""All destinations of a server: what they still have to get, and their threads."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy.exc import SQLAlchemyError

from footfall_server.accounts import Accounts, Document, Documents
from footfall_server.automation.destinations.document import KIND, Destination
from footfall_server.automation.destinations.forwarder import Forwarder
from footfall_server.automation.destinations.guard import Guard
from footfall_server.automation.destinations.senders import Seconds, sender
from footfall_server.insights.matching import Matcher
from footfall_server.journal.outbox import Outbox, by_project
from footfall_server.model.errors import Unavailable
from footfall_server.model.project import Project
from footfall_server.store import Store

_LOOK_SECONDS = 2.0
_END_SECONDS = 10.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Running:
    updated_at: datetime
    forwarder: Forwarder


class Forwarding:
    """Takes blocks from the drains and hands them on. Any thread may use it."""

    def __init__(
        self,
        accounts: Accounts,
        store: Store,
        outbox: Outbox,
        guard: Guard,
        files: Path,
        clock: Seconds = time.time,
    ) -> None:
        self._accounts, self._documents = accounts, Documents(accounts)
        self._matcher, self._outbox = Matcher(store), outbox
        self._guard, self._files, self._clock = guard, files, clock
        self._running: dict[str, _Running] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._look, name="destinations", daemon=True)

    def start(self) -> None:
        self.refresh()
        self._thread.start()

    def offer(self, lines: bytes, token: str) -> None:
        """Events that the store has just taken. Returns when what is wanted of them is on disk.

        Raises Unavailable OUTBOX_UNWRITABLE. The same token may come again.
        """
        self.refresh()
        if not self._running:
            return
        try:
            found = by_project(lines, self._outbox.projects())
            for project, wanted in found.items():
                self._outbox.add(project, wanted, token, int(self._clock() * 1e6))
        except sqlite3.Error as error:
            raise Unavailable(
                "OUTBOX_UNWRITABLE",
                f"What destinations should get can't be written ({error}): free space on the data "
                "directory's disk.",
            ) from error
        if found:
            for each in list(self._running.values()):
                each.forwarder.wake()

    def refresh(self) -> None:
        """See which destinations there are now; those that have changed start anew."""
        try:
            documents = self._documents.of_kind(KIND)
        except SQLAlchemyError:
            log.warning("the metadata can't be read: destinations stay as they are")
            return
        with self._lock:
            if self._stopping.is_set():
                return
            wanted = {each.id: each for each in documents if each.body.get("enabled", True)}
            if {id_: each.updated_at for id_, each in self._running.items()} == {
                id_: each.updated_at for id_, each in wanted.items()
            }:
                return
            self._outbox.follow({id_: each.project for id_, each in wanted.items()})
            self._replace(wanted)

    def state(self, id_: str) -> dict[str, Any]:
        """How a destination fares: what it got, what waits, the last success and the last error."""
        self.refresh()
        running, cursor = self._running.get(id_), self._outbox.cursor(id_)
        if running is None or cursor is None:
            return {"enabled": False}
        fare = running.forwarder.fare
        lag = 0.0 if cursor.oldest is None else max(0.0, self._clock() - cursor.oldest / 1e6)
        return {
            "enabled": True,
            "sent": cursor.sent,
            "waiting": cursor.waiting,
            "missed": cursor.missed,
            "refused": fare.refused,
            "lag_seconds": round(lag, 3),
            "failures": fare.failures,
            "last_success": _iso(fare.last_success),
            "last_error": fare.last_error,
            "last_error_at": _iso(fare.last_error_at),
        }

    def stop(self) -> None:
        """End the threads; what waits is sent after the next start."""
        self._stopping.set()
        with self._lock:
            running = list(self._running.values())
        for each in running:
            each.forwarder.stop()
        deadline = time.monotonic() + _END_SECONDS
        for each in running:
            each.forwarder.join(max(0.0, deadline - time.monotonic()))
        if self._thread.ident is not None:
            self._thread.join(_END_SECONDS)
        self._outbox.close()

    def _replace(self, wanted: dict[str, Document]) -> None:
        projects = {each.id: each for each in self._accounts.projects()}
        for id_ in list(self._running):
            document = wanted.get(id_)
            if document is None or document.updated_at != self._running[id_].updated_at:
                old = self._running.pop(id_).forwarder
                old.stop()
        for id_, document in wanted.items():
            if id_ not in self._running and document.project in projects:
                made = self._forwarder(document, projects[document.project])
                made.start()
                self._running[id_] = _Running(document.updated_at, made)

    def _forwarder(self, document: Document, project: Project) -> Forwarder:
        body = {"name": document.name, **document.body}
        destination = msgspec.convert(body, Destination, strict=False)
        made = sender(destination, project, self._guard, self._files, self._clock)
        return Forwarder(
            document.id, destination, project, self._outbox, self._matcher, made, self._clock
        )

    def _look(self) -> None:
        while not self._stopping.wait(_LOOK_SECONDS):
            try:
                self.refresh()
            except Exception:
                log.exception("destinations could not be refreshed; it is tried again")


def _iso(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat()
