"""What a report is asked with, and what it gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from footfall_server.insights.periods import Range
from footfall_server.insights.queries import Query
from footfall_server.insights.reader import Reader
from footfall_server.insights.result import Row
from footfall_server.insights.sql.filters import Versions
from footfall_server.model.project import Project

Q = TypeVar("Q", bound=Query)


@dataclass(frozen=True, slots=True)
class Asked(Generic[Q]):
    """A query of a project, ready to be answered.

    `query` has its timezone filled in; `within` is its range; `versions` resolves its version
    filters; `now` is aware; `reader` runs statements.
    """

    project: Project
    query: Q
    within: Range
    versions: Versions
    now: datetime
    reader: Reader


@dataclass(frozen=True, slots=True)
class Answer:
    """Tidy rows, and what the report adds to the result's `meta`."""

    rows: list[Row]
    meta: dict[str, Any] = field(default_factory=dict)
