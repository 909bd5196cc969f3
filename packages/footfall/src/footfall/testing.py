"""For a library's own tests: see its usage events, send none.

    def test_plot_is_logged():
        with footfall.testing.capture(usage) as events:
            plot()
        assert events[0]["event"] == "DLE estimator plot"

The pytest plugin (loaded by itself) gives the same as the fixture `footfall_capture`, and keeps a
test run from sending anything at all.
"""

from __future__ import annotations

import json
from contextlib import contextmanager

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Iterator, List

    from footfall.usage import Usage


@contextmanager
def capture(usage: Usage) -> Iterator[List[Dict[str, Any]]]:
    """Yields the list of events that `usage` logs inside the block, in their wire form.

    Every call is there at once and unsampled, whatever the environment says about logging; nothing
    is buffered, written, started or sent. What waited before the block still waits after it.
    """
    events: List[Dict[str, Any]] = []

    def take(bodies: List[bytes]) -> None:
        events.extend(json.loads(body) for body in bodies)

    undo = usage.divert(take)
    try:
        yield events
    finally:
        undo()
