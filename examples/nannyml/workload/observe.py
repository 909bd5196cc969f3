"""What NannyML logs, seen independently of the network.

NannyML stays as it is: its Segment client's host is set, and each call of its usage logger is
written to a ledger before it is handed on unchanged. The ledger is what the insights must equal.

This folder runs in NannyML's own environment: it imports nothing of Footfall.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nannyml.usage_logging import SegmentUsageTracker, UsageEvent

UNOBSERVED = "unobserved"  # in place of a host: NannyML is left alone altogether


@contextlib.contextmanager
def observed(host: str, ledger: Path) -> Iterator[None]:
    """Point NannyML at `host`, keep the ledger, and see everything off before the process ends.

    Without the flush the last half second of a short process is lost in the client's queue.
    """
    if host == UNOBSERVED:
        yield
        return
    import segment.analytics

    segment.analytics.host = host
    hand_on = SegmentUsageTracker._log
    with ledger.open("a", encoding="utf-8") as book:

        def log(self: SegmentUsageTracker, event: UsageEvent, metadata: dict[str, Any]) -> None:
            error = bool(metadata.get("exception_occurred"))
            line = {"event": event.value, "error": error}
            if error:
                line["exception"] = metadata["exception_type"]
            book.write(json.dumps(line) + "\n")
            book.flush()
            hand_on(self, event, metadata)

        SegmentUsageTracker._log = log
        try:
            yield
        finally:
            SegmentUsageTracker._log = hand_on
            if segment.analytics.default_client is not None:
                segment.analytics.shutdown()


class Progress:
    """One JSON line a step, on the standard output that the process had at its start.

    What NannyML itself prints goes to standard error, so the lines can't mix.
    """

    def __init__(self) -> None:
        self._out = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def tell(self, **fields: object) -> None:
        print(json.dumps(fields, ensure_ascii=False), file=self._out, flush=True)

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[None]:
        self.tell(begin=name)
        start = time.monotonic()
        yield
        self.tell(done=name, seconds=round(time.monotonic() - start, 2))
