"""Values become parameters that the engine binds."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

from footfall_server.store import Span, Statement


class Binder:
    """Collects the parameters of one statement; equal values share one.

    Long expressions get a name as well: every `SELECT` that reads events begins with `named()`.
    """

    def __init__(self) -> None:
        self.parameters: dict[str, Any] = {}
        self._expressions: dict[str, str] = {}
        self._known: dict[tuple[str, str], str] = {}
        self._spans: list[Span] = []
        self._prefix = "e"

    def inner(self) -> Binder:
        """For a subquery: the same parameters, but names for its own expressions."""
        inner = Binder()
        inner.parameters, inner._known = self.parameters, self._known
        inner._spans = self._spans
        inner._prefix = f"i{self._prefix}"
        return inner

    def bind(self, value: Any, kind: str) -> str:
        """The placeholder of a value of an engine type."""
        key = (kind, repr(value))
        if key not in self._known:
            name = f"p{len(self.parameters)}"
            self.parameters[name] = value
            self._known[key] = f"{{{name}:{kind}}}"
        return self._known[key]

    def name(self, expression: str) -> str:
        """A short name for an expression that is used several times."""
        return self._expressions.setdefault(expression, f"{self._prefix}{len(self._expressions)}")

    def named(self) -> str:
        """The `WITH` clause of every name given so far."""
        if not self._expressions:
            return ""
        pairs = (f"{expression} AS {name}" for expression, name in self._expressions.items())
        return f"WITH {', '.join(pairs)} "

    def text(self, value: str) -> str:
        return self.bind(value, "String")

    def texts(self, values: list[str]) -> str:
        return self.bind(values, "Array(String)")

    def number(self, value: float) -> str:
        """A number; one that is too large for a float is beyond all others."""
        try:
            number = float(value)
        except OverflowError:
            number = math.inf if value > 0 else -math.inf
        return self.bind(number, "Float64")

    def instant(self, value: datetime) -> str:
        """A moment, to the microsecond."""
        text = value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
        return self.bind(text, "DateTime64(6, 'UTC')")

    def reads(self, start: datetime, end: datetime) -> None:
        """The statement reads events of this span of their time."""
        self._spans.append((start, end))

    def statement(self, text: str) -> Statement:
        """The text with all that was bound. Its events are all read through `events.where`."""
        return Statement(text, self.parameters, spans=tuple(self._spans) or None)
