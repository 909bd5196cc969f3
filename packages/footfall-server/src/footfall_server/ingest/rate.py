"""Token buckets: how many events a project may send."""

from __future__ import annotations

import math
from collections.abc import Callable

from footfall_server.ingest.policy import Limits
from footfall_server.model.errors import TooMany

_MAX_RETRY_AFTER = 300


class Rates:
    """One bucket a project. `clock` is monotonic, in seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._buckets: dict[int, tuple[float, float]] = {}

    def take(self, project: int, events: int, limits: Limits) -> None:
        """Count these events. Raises TooMany RATE_LIMITED, and counts nothing.

        A batch larger than the burst goes when the bucket is full, and is paid for afterwards:
        else it could never go.
        """
        now = self._clock()
        full = limits.burst
        tokens, since = self._buckets.get(project, (full, now))
        tokens = min(full, tokens + (now - since) * limits.events_per_second)
        needed = min(events, full)
        if tokens < needed:
            wait = math.ceil((needed - tokens) / limits.events_per_second)
            raise TooMany(
                "RATE_LIMITED",
                f"The project takes {limits.events_per_second:,g} events a second: send again "
                "after Retry-After, or raise the limit in the project's settings.",
                retry_after=min(max(wait, 1), _MAX_RETRY_AFTER),
            )
        self._buckets[project] = (tokens - events, now)
