"""Whether the server is up, whether it can work, and what it has counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

import msgspec
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from footfall_server.api.problems import problem
from footfall_server.intake import Report
from footfall_server.model.errors import Unavailable
from footfall_server.model.histogram import Histogram

_TEXT = "text/plain; version=0.0.4; charset=utf-8"


class Draining(Protocol):
    """Lines that wait, and blocks that don't any more."""

    @property
    def depth(self) -> int: ...
    @property
    def blocks(self) -> int: ...
    @property
    def lags(self) -> list[Histogram]: ...
    def oldest_seconds(self) -> float: ...


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
        yield from self._door()
        yield from self._journal()

    def _door(self) -> Iterator[Metric]:
        counters = self._observed.counted()
        yield CounterMetricFamily(
            "footfall_ingest_requests", "Ingest requests received.", counters.requests
        )
        yield CounterMetricFamily(
            "footfall_events_received", "Events in requests with a known key.", counters.received
        )
        yield CounterMetricFamily(
            "footfall_events_replayed", "Refused events accepted at a replay.", counters.replayed
        )
        yield _counted(
            "footfall_events_undeclared", "Events taken that a manifest doesn't declare.",
            "reason", counters.undeclared,
        )  # fmt: skip
        yield _histogram(
            "footfall_ingest_request_seconds",
            "From a request's head until its answer is sent.",
            counters.seconds.histogram(),
        )
        yield CounterMetricFamily(
            "footfall_events_accepted", "Events made durable.", counters.accepted
        )
        yield _counted(
            "footfall_events_rejected", "Events refused, by reason.", "reason", counters.rejected
        )
        yield _counted(
            "footfall_ingest_requests_failed", "Requests refused whole, by code.",
            "code", counters.failed,
        )  # fmt: skip

    def _journal(self) -> Iterator[Metric]:
        counted, drain = self._observed.counted(), self._observed.drain
        yield GaugeMetricFamily(
            "footfall_journal_depth", "Durable lines not yet in the store.",
            drain.depth,
        )  # fmt: skip
        yield GaugeMetricFamily(
            "footfall_journal_oldest_seconds",
            "How long the oldest of them has waited.",
            drain.oldest_seconds(),
        )
        yield _histogram(
            "footfall_journal_commit_seconds",
            "Transactions of the journal, each with its fsync.",
            counted.commit_seconds.histogram(),
        )
        yield _histogram(
            "footfall_drain_lag_seconds",
            "For each block, from its first event's acknowledgement until the store had it.",
            *drain.lags,
        )
        yield CounterMetricFamily(
            "footfall_journal_commits", "Transactions of the journal.",
            counted.commits,
        )  # fmt: skip
        yield CounterMetricFamily(
            "footfall_drain_blocks", "Blocks carried into the store.", drain.blocks
        )


def _counted(name: str, text: str, label: str, counts: Mapping[str, int]) -> Metric:
    family = CounterMetricFamily(name, text, labels=[label])
    for value, count in list(counts.items()):
        family.add_metric([str(value)], count)
    return family


def _histogram(name: str, text: str, *histograms: Histogram) -> Metric:
    whole = Histogram.total(histograms)
    return HistogramMetricFamily(name, text, buckets=whole.cumulated(), sum_value=whole.sum)


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
        text = await run_in_threadpool(generate_latest, self._registry)
        return Response(text, media_type=_TEXT)
