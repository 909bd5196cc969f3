"""Alerts: saved questions that are asked every hour, and who is told when the answer changes.

An alert fires while a row of the newest complete bucket (of reports without buckets: any row) has a
field beyond a bound. What it last found is kept in the metadata, so that a restart tells nobody
twice; a webhook is told when it begins to fire and when it ends. Of several servers with the same
metadata, whichever writes there first that it looks now is the one that asks.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, Protocol
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

from footfall_server.accounts import Accounts, Document, Documents
from footfall_server.automation.destinations.guard import Guard, allowed_networks
from footfall_server.automation.destinations.http import Http
from footfall_server.automation.destinations.outcome import Refused, Undelivered
from footfall_server.insights import Result, parse
from footfall_server.model.errors import FootfallError, Unprocessable
from footfall_server.model.project import Project

KIND, STATES = "alerts", "alert_states"
EVERY = timedelta(hours=1)
_OPS: Mapping[str, Callable[[float, float], bool]] = {
    "gt": lambda a, b: a > b,
    "gte": lambda a, b: a >= b,
    "lt": lambda a, b: a < b,
    "lte": lambda a, b: a <= b,
}

log = logging.getLogger(__name__)


class When(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`field` of a row, a number or true (1) and false (0), against a bound."""

    field: Annotated[str, Meta(min_length=1, max_length=100)]
    op: Literal["gt", "gte", "lt", "lte"]
    than: float


class Alert(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A question about the `days` that end today, when it fires, and whom to tell."""

    name: Annotated[str, Meta(max_length=200)]
    query: dict[str, Any]
    days: Annotated[int, Meta(ge=1, le=366)] = 28
    when: When
    webhook: Annotated[str, Meta(max_length=2_000)] | None = None
    enabled: bool = True


class Asks(Protocol):
    async def run(self, project: Project, query: Mapping[str, Any], now: datetime) -> Result: ...


def check(alert: Alert) -> None:
    """Raises Unprocessable for a query that can't be asked and a URL that may not be called."""
    try:
        parse({**alert.query, "from": "2026-01-01", "to": "2026-01-31"})
    except FootfallError as error:
        path = f"/query{error.path or ''}"
        raise Unprocessable(error.code, error.message, path=path) from None
    if alert.webhook:
        Guard(allowed_networks()).check(alert.webhook, "/webhook")


class Alerts:
    """Looks at every alert that is due. The process of a server that has the store does."""

    def __init__(
        self,
        insights: Asks,
        accounts: Accounts,
        clock: Callable[[], datetime],
        guard: Guard | None = None,
    ) -> None:
        self._insights, self._accounts, self._clock = insights, accounts, clock
        self._documents = Documents(accounts)
        self._guard = guard or Guard(allowed_networks())

    async def look(self) -> None:
        """Ask what is due; an alert that can't be asked says so in its state."""
        now = self._clock()
        projects = {one.id: one for one in await asyncio.to_thread(self._accounts.projects)}
        for document in await asyncio.to_thread(self._documents.of_kind, KIND):
            project = projects.get(document.project)
            if project is None or not document.body.get("enabled", True):
                continue
            state = await asyncio.to_thread(self.state, project, document.id)
            checked = state.get("checked_at")
            if checked and now - datetime.fromisoformat(checked) < EVERY:
                continue
            looks = {**state, "checked_at": now.isoformat()}
            if not await asyncio.to_thread(
                self._documents.swap, project, STATES, document.id, state or None, looks
            ):
                continue  # another server has it
            found = await self.ask(project, document, state, now)
            await asyncio.to_thread(self._keep, project, document.id, found)

    async def ask(
        self, project: Project, document: Document, state: Mapping[str, Any], now: datetime
    ) -> dict[str, Any]:
        """The state that follows: `firing`, `since`, `checked_at`, `row`, `problem`, `told`."""
        alert = msgspec.convert({"name": document.name, **document.body}, Alert)
        today = now.astimezone(ZoneInfo(project.timezone)).date()
        days = {"from": (today - timedelta(days=alert.days - 1)).isoformat()}
        query = {**alert.query, **days, "to": today.isoformat()}
        moment = now.isoformat()
        try:
            result = await self._insights.run(project, query, now)
        except FootfallError as error:
            return {**state, "checked_at": moment, "problem": error.message}
        row = fires(alert.when, result)
        firing, was = row is not None, bool(state.get("firing"))
        found = {
            "firing": firing,
            "since": state.get("since") if firing == was else moment,
            "checked_at": moment,
            "row": row,
            "problem": None,
            "told": state.get("told"),
        }
        if firing != was and alert.webhook:
            found["told"] = await asyncio.to_thread(self._tell, project, alert, found)
        return found

    def state(self, project: Project, id_: str) -> dict[str, Any]:
        """What an alert last found; empty before it was first asked."""
        for one in self._documents.all(project, STATES):
            if one.name == id_:
                return one.body
        return {}

    def _keep(self, project: Project, id_: str, state: dict[str, Any]) -> None:
        for one in self._documents.all(project, STATES):
            if one.name == id_:
                self._documents.replace(project, STATES, one.id, id_, state)
                return
        self._documents.create(project, STATES, id_, state)

    def _tell(self, project: Project, alert: Alert, state: Mapping[str, Any]) -> str:
        """POST to the webhook; "delivered", or why not."""
        body = {"project": project.name, "alert": alert.name, **state}
        body.pop("told", None)
        http = Http(self._guard)
        try:
            headers = {"Content-Type": "application/json"}
            http.send("POST", str(alert.webhook), headers, msgspec.json.encode(body))
        except (Undelivered, Refused) as error:
            log.warning("an alert of project %d could not be told: %s", project.id, error)
            return str(error)
        finally:
            http.close()
        return "delivered"


def fires(when: When, result: Result) -> dict[str, Any] | None:
    """The row that makes it fire, the furthest beyond the bound; None if there is none."""
    rows = [row for row in result.rows if not row.get("compare") and not row.get("incomplete")]
    buckets = [row["bucket"] for row in rows if row.get("bucket") is not None]
    if buckets:
        rows = [row for row in rows if row.get("bucket") == max(buckets)]
    beyond = [
        row
        for row in rows
        if isinstance(row.get(when.field), int | float)
        and _OPS[when.op](float(row[when.field]), when.than)
    ]
    return max(beyond, key=lambda row: abs(float(row[when.field]) - when.than), default=None)
