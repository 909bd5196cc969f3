"""Queries that take long are told in the log: how they were asked, but none of the values."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

from footfall_server.insights import references
from footfall_server.insights.queries import Query
from footfall_server.model.errors import FootfallError
from footfall_server.model.project import Project

log = logging.getLogger(__name__)


@contextmanager
def told(project: Project, query: Query, bound: float) -> Iterator[None]:
    """Logs what runs within it, when it takes `bound` seconds or more, however it ends."""
    began, ended = time.perf_counter(), "answered"
    try:
        yield
    except FootfallError as error:
        ended = error.code
        raise
    except asyncio.CancelledError:
        ended = "cancelled"
        raise
    finally:
        seconds = time.perf_counter() - began
        if seconds >= bound:
            how = {
                "project": project.id,
                "report": type(query).__struct_config__.tag,
                "from": query.from_,
                "to": query.to,
                "filters": len(list(references.filters(query))),
                "breakdowns": len(getattr(query, "breakdown", ())),
                "seconds": round(seconds, 3),
                "ended": ended,
            }
            log.warning("a query was slow", extra=how)
