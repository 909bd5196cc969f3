"""The public figures of a project: a calendar month each, made once and then left as they are.

A figure is made when its month has been over for two days, of what is stored then, and kept. It
isn't made again, whatever comes or is erased later: two answers that differ by one install would
tell of that install. Nobody outside chooses ranges, filters or groups.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from footfall_server.accounts import Documents
from footfall_server.insights import Result
from footfall_server.model.errors import Conflict
from footfall_server.model.project import Project
from footfall_server.privacy import anonymity

FIGURES = "figures"
MONTHS = 12
SETTLED = timedelta(days=2)
BY = ("version", "python_version", "os_type", "runtime_environment")
Figure = dict[str, Any]


class Asks(Protocol):
    async def run(self, project: Project, query: Mapping[str, Any], now: datetime) -> Result: ...


class Figures:
    """Makes and keeps the figures of projects."""

    def __init__(self, insights: Asks, documents: Documents) -> None:
        self._insights, self._documents = insights, documents
        self._locks: dict[int, asyncio.Lock] = {}

    async def months(self, project: Project, k: int, now: datetime) -> list[Figure]:
        """The last twelve months that are settled, oldest first; those that are missing are made.

        `k` holds for months that are made now; those that are kept stay as they are.
        """
        lock = self._locks.setdefault(project.id, asyncio.Lock())
        async with lock:
            kept = await asyncio.to_thread(self._kept, project)
            found = []
            for month in settled(project, now):
                if month not in kept:
                    kept[month] = await self._make(project, month, k, now)
                found.append(kept[month])
            return found

    def _kept(self, project: Project) -> dict[str, Figure]:
        return {one.name: one.body for one in self._documents.all(project, FIGURES)}

    async def _make(self, project: Project, month: str, k: int, now: datetime) -> Figure:
        made = await self.figure(project, month, k, now)
        try:
            await asyncio.to_thread(self._documents.create, project, FIGURES, month, made)
        except Conflict:  # another process was first: its figure is the one that was told
            return (await asyncio.to_thread(self._kept, project))[month]
        return made

    async def figure(self, project: Project, month: str, k: int, now: datetime) -> Figure:
        """What may be told of a month: CI isn't counted."""
        first = date.fromisoformat(f"{month}-01")
        last = (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)
        base = {
            "from": first.isoformat(),
            "to": last.isoformat(),
            "timezone": project.timezone,
            "installs": "human",
        }
        measures = ("unique", "total", "error_rate")
        whole = await self._insights.run(
            project,
            {
                **base,
                "report": "trends",
                "interval": "month",
                "series": [{"name": name, "measure": name} for name in measures],
            },
            now,
        )
        values = {row["series"]: row["value"] for row in whole.rows}
        installs = int(values["unique"] or 0)
        enough = installs >= k
        return {
            "month": month,
            "k": k,
            "installs": anonymity.rounded(installs, k),
            "calls": anonymity.about(values["total"] or 0) if enough else None,
            "calls_without_error": round(1 - (values["error_rate"] or 0), 3) if enough else None,
            "by": {name: await self._by(project, base, name, k, now) for name in BY}
            if enough
            else {},
            "events": await self._events(project, base, installs, k, now) if enough else [],
        }

    async def _by(
        self, project: Project, base: Mapping[str, Any], name: str, k: int, now: datetime
    ) -> Figure:
        """Each install is in one group: of what it used last, of versions the newest."""
        # By the name that is never unknown: the project's own version may not have been sent yet.
        by = "library_version" if name == "version" else name
        query = {**base, "report": "adoption", "interval": "month", "by": by}
        query["granularity"] = "minor"
        result = await self._insights.run(project, query, now)
        told = anonymity.parts({row["value"]: row["installs"] for row in result.rows}, k)
        total = sum(row["installs"] for row in result.rows)
        whole = anonymity.rounded(total, k)
        rows = [
            {"value": value, "installs": count, "share": round(count / whole, 3) if whole else None}
            for value, count in told.shown.items()
        ]
        return {"rows": rows, "hidden": told.hidden}

    async def _events(
        self, project: Project, base: Mapping[str, Any], installs: int, k: int, now: datetime
    ) -> list[Figure]:
        result = await self._insights.run(project, {**base, "report": "events_table"}, now)
        rows = {str(row["event"]): row for row in result.rows}
        told = anonymity.overlapping(
            {name: int(row["unique"]) for name, row in rows.items()}, installs, k
        )
        return [
            {"event": name, "installs": count, "calls": anonymity.about(rows[name]["total"])}
            for name, count in told.shown.items()
        ]


def settled(project: Project, now: datetime) -> list[str]:
    """The last twelve months that have been over for two days, oldest first: `2026-10`."""
    today = (now.astimezone(ZoneInfo(project.timezone)) - SETTLED).date()
    months = []
    first = today.replace(day=1)
    for _ in range(MONTHS):
        first = (first - timedelta(days=1)).replace(day=1)
        months.append(first.isoformat()[:7])
    return months[::-1]
