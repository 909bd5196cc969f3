"""What the command palette finds beside the links that its page has: the project's events, and
their properties."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from urllib.parse import quote

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from footfall_server.model.errors import FootfallError
from footfall_server.model.project import Project
from footfall_server.web import ask
from footfall_server.web.overview import local_day
from footfall_server.web.site import Served, Site, address
from footfall_server.web.view import View

DAYS, MOST = 90, 500


class Palette(Site):
    """`/p/{project}/palette`: JSON, a list of `text`, `href` and `group`; used most comes first."""

    def routes(self) -> list[Served]:
        return [("/p/{project}/palette", self.places, ("GET",))]

    async def places(self, request: Request) -> Response:
        project, now = await self.project(request), self.services.clock()
        events, properties = await asyncio.gather(
            self._events(project, now), self._properties(project, now)
        )
        found = [
            {"text": name, "href": address(project, path), "group": group}
            for group, paths in (("Event", events), ("Property", properties))
            for name, path in paths.items()
        ]
        return Response(msgspec.json.encode(found), media_type="application/json")

    async def _events(self, project: Project, now: datetime) -> dict[str, str]:
        """The events of the last days, each with its page; none when they can't be told now."""
        today = local_day(project, now).date()
        query = ask.selection(project, View(filters=()), today - timedelta(days=DAYS), today)
        try:
            result = await self.services.insights.run(
                project, query | {"report": "events_table"}, now
            )
        except FootfallError:
            return {}
        names = (str(row["event"]) for row in result.rows[:MOST])
        return {name: f"events{View(event=name).url()}" for name in names}

    async def _properties(self, project: Project, now: datetime) -> dict[str, str]:
        """The same of the properties."""
        try:
            schema = await self.services.insights.schema(project, now)
        except FootfallError:
            return {}
        known = sorted(schema["properties"], key=lambda one: -one["share"])[:MOST]
        return {one["name"]: f"properties/{quote(one['name'])}" for one in known}
