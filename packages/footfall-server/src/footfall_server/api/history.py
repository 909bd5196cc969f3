"""`/api/v1/projects/{p}/export` and `…/import`: a project's events, taken away and brought."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from footfall_server.api.access import Access
from footfall_server.ingest.dialects.history import FORMATS as FORMS
from footfall_server.ingest.pipeline import Taken
from footfall_server.ingest.stream import blocks
from footfall_server.insights import history
from footfall_server.insights.archive import FORMATS
from footfall_server.model.errors import Unprocessable
from footfall_server.model.project import Project
from footfall_server.services import Services

_TOGETHER = 2_000
_BITE = 200
"""Lines that are read in one go: a few milliseconds."""


class Tally(msgspec.Struct):
    """What became of the lines; `reasons` counts the rejected ones."""

    lines: int = 0
    accepted: int = 0
    rejected: int = 0
    reasons: dict[str, int] = {}

    def add(self, taken: Taken) -> None:
        self.lines += taken.accepted + len(taken.refused)
        self.accepted += taken.accepted
        self.rejected += len(taken.refused)
        for reason in taken.refused:
            self.reasons[reason] = self.reasons.get(reason, 0) + 1


class HistoryApi:
    """The handlers, over what the server has."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._access = Access(services)

    def routes(self) -> list[Route]:
        return [
            Route("/projects/{project}/export", self.export, methods=["GET"]),
            Route("/projects/{project}/import", self.take, methods=["POST"]),
        ]

    async def export(self, request: Request) -> Response:
        """Every event of the range, oldest first, streamed; the header says about how many."""
        grant = await self._access.grant(request)
        project = grant.project
        export = history.parse(project, dict(request.query_params))
        note, who = self._services.audit.note, f"token {grant.name}"
        await run_in_threadpool(note, who, "export", project, export.format)
        if request.query_params.get("consistent", "0") not in ("0", "", "false"):
            await self._services.visible()
        expected = await history.count(self._services.store, export)
        name = f"{project.name}.{export.format}"
        return StreamingResponse(
            self._stream(export),
            media_type=FORMATS[export.format].media_type,
            headers={
                "content-disposition": f'attachment; filename="{name}"',
                "footfall-events": str(expected),
            },
        )

    async def take(self, request: Request) -> Response:
        """Lines of an archive, of any length; what is answered is durable.

        Events are told apart by their ids, so the same lines again count nothing twice.
        """
        project = await self._access.project(request)
        form = request.query_params.get("format", "footfall")
        if form not in FORMS:
            raise Unprocessable(
                "INVALID_FORMAT",
                f"There is no format {form[:40]!r}: use one of {', '.join(FORMS)}.",
                path="/format",
            )
        tally = Tally()
        encoding = request.headers.get("content-encoding", "")
        async for lines in blocks(request.receive, encoding, _TOGETHER):
            await self._keep(project, form, lines, tally)
        return Response(msgspec.json.encode(tally), media_type="application/json")

    async def _keep(self, project: Project, form: str, lines: list[bytes], tally: Tally) -> None:
        """Several bites, so that other requests get their turn, then one wait for the disk."""
        pipeline = self._services.pipeline
        waits = []
        for start in range(0, len(lines), _BITE):
            taken = pipeline.take_history(project.id, form, lines[start : start + _BITE])
            tally.add(taken)
            waits.append(pipeline.settle(taken))
            await asyncio.sleep(0)
        await asyncio.gather(*waits)

    async def _stream(self, export: history.Export) -> AsyncIterator[bytes]:
        writer = FORMATS[export.format]()
        async for events in history.events(self._services.store, export):
            yield await run_in_threadpool(writer.add, events)
        yield await run_in_threadpool(writer.end)
