"""Every funnel that a test asks is asked with long keys as well: short ones must say the same."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any, ClassVar
from unittest.mock import patch

from footfall_server.insights import Insights, Result, funnel
from footfall_server.model.project import Project
from footfall_server.store import Store

SHORT, AGAIN, LONG = "short", "short, then long", "long"

_NUMBERS = funnel.sql.numbers


def keys_of(result: Result) -> str:
    """Which keys a funnel was answered with."""
    used = ["UInt64(toUnixTimestamp64Micro" in one for one in result.statements if "tied" in one]
    return {(True,): SHORT, (True, False): AGAIN, (False,): LONG}[tuple(used)]


class BothKeys:
    """Compares answers with those of long keys alone; `asked` counts which keys those had used."""

    asked: ClassVar[Counter[str]] = Counter()

    def __init__(self, store: Store) -> None:
        self._store = store

    def check(self, project: Project, query: Any, now: Any, result: Result) -> None:
        self.asked[keys_of(result)] += 1

        def numbers(*given: Any) -> Any:
            return _NUMBERS(*given[:4], exact=True)

        with patch.object(funnel.sql, "numbers", numbers):
            exact = asyncio.run(Insights(self._store).run(project, query, now))
        assert keys_of(exact) == LONG
        assert result.rows == exact.rows
        assert result.meta["time_to_convert"] == exact.meta["time_to_convert"]
