"""What the command palette finds beside the links that its page has: the project's events."""

from __future__ import annotations

from datetime import timedelta

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from footfall_server.model.errors import FootfallError
from footfall_server.web import ask
from footfall_server.web.overview import local_day
from footfall_server.web.site import Served, Site, address
from footfall_server.web.view import View

DAYS, MOST = 90, 500


class Palette(Site):
    """`/p/{project}/palette`: JSON, a list of `text` and `href`, the most used event first."""

    def routes(self) -> list[Served]:
        return [("/p/{project}/palette", self.events, ("GET",))]

    async def events(self, request: Request) -> Response:
        """The events of the last days; none when they can't be told just now."""
        project, now = await self.project(request), self.services.clock()
        today = local_day(project, now).date()
        query = ask.selection(project, View(filters=()), today - timedelta(days=DAYS), today)
        try:
            result = await self.services.insights.run(
                project, query | {"report": "events_table"}, now
            )
            names = [str(row["event"]) for row in result.rows[:MOST]]
        except FootfallError:
            names = []
        found = [
            {"text": name, "href": address(project, f"events{View(event=name).url()}")}
            for name in names
        ]
        return Response(msgspec.json.encode(found), media_type="application/json")
