"""A report's answer, and what a notebook makes of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import altair
    import pandas
    import polars
    import pyarrow

Spec = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Rows:
    """`rows` are flat and tidy; `query` is as the server understood it; `meta` says how they came
    to be."""

    report: str
    query: dict[str, Any]
    rows: list[dict[str, Any]] = field(repr=False)
    meta: dict[str, Any]

    def __len__(self) -> int:
        return len(self.rows)

    def to_pandas(self) -> pandas.DataFrame:
        """A column a key. Needs pandas."""
        import pandas

        return pandas.DataFrame(self.rows)

    def to_polars(self) -> polars.DataFrame:
        """A column a key; numbers and texts in one column become texts. Needs polars."""
        import polars

        return polars.DataFrame(self.rows, infer_schema_length=None, strict=False)

    def to_arrow(self) -> pyarrow.Table:
        """A column a key. Needs pyarrow."""
        import pyarrow

        return pyarrow.Table.from_pylist(self.rows)


@dataclass(frozen=True, slots=True)
class Answer(Rows):
    """What `Client` gives."""

    _spec: Callable[[], Spec] = field(repr=False)

    def chart(self) -> altair.TopLevelMixin:
        """The server's own chart of the report, to be shown or changed. Needs altair."""
        return _chart(self._spec())


@dataclass(frozen=True, slots=True)
class AsyncAnswer(Rows):
    """What `AsyncClient` gives."""

    _spec: Callable[[], Awaitable[Spec]] = field(repr=False)

    async def chart(self) -> altair.TopLevelMixin:
        """The server's own chart of the report, to be shown or changed. Needs altair."""
        return _chart(await self._spec())


def _chart(spec: Spec) -> altair.TopLevelMixin:
    import altair

    chart: altair.TopLevelMixin = altair.Chart.from_dict(spec)
    return chart
