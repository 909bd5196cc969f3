"""A report's answer, and what a notebook makes of it."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
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
        """A column a key; numbers and texts in one column become texts, values that have no common
        type (texts and lists) their JSON. Needs polars."""
        import polars

        frame = partial(polars.DataFrame, infer_schema_length=None, strict=False)

        def is_one_type(values: list[Any]) -> bool:
            nested = [isinstance(each, list | dict) for each in values if each is not None]
            if not any(nested):
                return True
            try:
                frame([{"": each} for each in values])
            except (polars.exceptions.PolarsError, TypeError, OverflowError):
                return False
            return all(nested)

        columns = self._columns().items()
        texts = {name: _texts(each) for name, each in columns if not is_one_type(each)}
        rows = [row | {name: texts[name][at] for name in texts} for at, row in enumerate(self.rows)]
        return frame(rows)

    def to_arrow(self) -> pyarrow.Table:
        """A column a key; values that have no common type become their JSON. Needs pyarrow."""
        import pyarrow

        def column(values: list[Any]) -> pyarrow.Array:
            try:
                return pyarrow.array(values)
            except (pyarrow.ArrowException, OverflowError):
                return pyarrow.array(_texts(values), pyarrow.string())

        return pyarrow.table({name: column(each) for name, each in self._columns().items()})

    def _columns(self) -> dict[str, list[Any]]:
        names = dict.fromkeys(name for row in self.rows for name in row)
        return {name: [row.get(name) for row in self.rows] for name in names}


def _texts(values: list[Any]) -> list[str | None]:
    return [
        None if each is None else json.dumps(each, ensure_ascii=False, separators=(",", ":"))
        for each in values
    ]


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
