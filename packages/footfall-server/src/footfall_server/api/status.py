"""Whether the server is up, whether it can work, and what it has counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

import msgspec
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from footfall_server.api.problems import problem
from footfall_server.intake import Report
from footfall_server.model.errors import Unavailable

_TEXT = "text/plain; version=0.0.4; charset=utf-8"


class Draining(Protocol):
    """Lines that wait, and blocks that don't any more."""

    @property
    def depth(self) -> int: ...
    @property
    def blocks(self) -> int: ...


class Observed(Protocol):
    """What is looked at: a whole server, or a collector alone."""

    @property
    def drain(self) -> Draining: ...
    @property
    def counted(self) -> Callable[[], Report]: ...
    def check(self) -> None: ...


class _Figures(Collector):
    """The door's and the journal's counters, read when somebody asks."""

    def __init__(self, observed: Observed) -> None:
        self._observed = observed

    def collect(self) -> Iterator[Metric]:
        counters = self._observed.counted()
        yield CounterMetricFamily(
            "footfall_ingest_requests", "Ingest requests received.", counters.requests
        )
        yield CounterMetricFamily(
            "footfall_events_accepted", "Events made durable.", counters.accepted
        )
        rejected = CounterMetricFamily(
            "footfall_events_rejected", "Events refused, by reason.", labels=["reason"]
        )
        for reason, count in counters.rejected.items():
            rejected.add_metric([str(reason)], count)
        yield rejected
        failed = CounterMetricFamily(
            "footfall_ingest_requests_failed", "Requests refused whole, by code.", labels=["code"]
        )
        for code, count in counters.failed.items():
            failed.add_metric([code], count)
        yield failed
        yield GaugeMetricFamily(
            "footfall_journal_depth", "Durable lines not yet in the store.",
            self._observed.drain.depth,
        )  # fmt: skip
        yield CounterMetricFamily(
            "footfall_journal_commits", "Transactions of the journal.",
            counters.commits,
        )  # fmt: skip
        yield CounterMetricFamily(
            "footfall_drain_blocks", "Blocks carried into the store.", self._observed.drain.blocks
        )


class Status:
    """The handlers, over what the server has."""

    def __init__(self, observed: Observed) -> None:
        self._observed = observed
        self._registry = CollectorRegistry()
        self._registry.register(_Figures(observed))

    def routes(self) -> list[Route]:
        return [
            Route("/health", self.health, methods=["GET"]),
            Route("/ready", self.ready, methods=["GET"]),
            Route("/metrics", self.metrics, methods=["GET"]),
        ]

    async def health(self, request: Request) -> Response:
        """The process is up."""
        return Response(b'{"status":"ok"}', media_type="application/json")

    async def ready(self, request: Request) -> Response:
        """Store and journal can be written; 503 with the reason otherwise."""
        try:
            await run_in_threadpool(self._observed.check)
        except Unavailable as error:
            headers = {"retry-after": str(error.retry_after)}
            return problem(503, error.code, error.message, headers=headers)
        body = {"status": "ready", "journal_depth": self._observed.drain.depth}
        return Response(msgspec.json.encode(body), media_type="application/json")

    async def metrics(self, request: Request) -> Response:
        return Response(generate_latest(self._registry), media_type=_TEXT)
