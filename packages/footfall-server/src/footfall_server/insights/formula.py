"""Arithmetic over series: numbers, names, + − * /, brackets. Nothing is ever evaluated as code."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from footfall_server.model.errors import Unprocessable

Values = Mapping[str, float | None]
_Node = Callable[[Values], float | None]
_TOKEN = re.compile(r"\s*(?:(\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)|([^\W\d]\w*)|([-+*/()]))")
_DEPTH = 50
_MAX_TOKENS = 500


@dataclass(frozen=True, slots=True)
class Expression:
    """A parsed formula; `names` are the series that it reads."""

    names: frozenset[str]
    evaluate: _Node


def expression(text: str, series: frozenset[str], path: str) -> Expression:
    """Parses. Null in gives null out, and so does a division by zero.

    Raises `Unprocessable` INVALID_FORMULA or UNKNOWN_SERIES at `path`.
    """
    parser = _Parser(_tokens(text, path), series, path)
    node = parser.sum(0)
    parser.end()
    return Expression(frozenset(parser.names), node)


def _tokens(text: str, path: str) -> list[str]:
    found, at = [], 0
    stripped = text.rstrip()
    while at < len(stripped):
        match = _TOKEN.match(stripped, at)
        if match is None:
            raise _invalid(f"{stripped[at:].strip()[:20]!r} can't be read", path)
        found.append(match[0].strip())
        at = match.end()
        if len(found) > _MAX_TOKENS:
            raise _invalid("The formula is too long", path)
    return found


def _invalid(why: str, path: str) -> Unprocessable:
    return Unprocessable(
        "INVALID_FORMULA", f"{why}; a formula has series, numbers, + - * / and brackets.", path=path
    )


class _Parser:
    """Recursive descent, one token ahead."""

    def __init__(self, tokens: list[str], series: frozenset[str], path: str) -> None:
        self._tokens, self._at = tokens, 0
        self._series, self._path = series, path
        self.names: set[str] = set()

    def _peek(self) -> str | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _take(self) -> str:
        token = self._peek()
        if token is None:
            raise _invalid("The formula ends too early", self._path)
        self._at += 1
        return token

    def end(self) -> None:
        if (token := self._peek()) is not None:
            raise _invalid(f"{token!r} is one too many", self._path)

    def sum(self, depth: int) -> _Node:
        node = self._product(depth)
        while self._peek() in ("+", "-"):
            node = _binary(self._take(), node, self._product(depth))
        return node

    def _product(self, depth: int) -> _Node:
        node = self._factor(depth)
        while self._peek() in ("*", "/"):
            node = _binary(self._take(), node, self._factor(depth))
        return node

    def _factor(self, depth: int) -> _Node:
        if depth > _DEPTH:
            raise _invalid("The formula is nested too deeply", self._path)
        word = self._take()
        if word == "-":
            return _binary("-", lambda _: 0.0, self._factor(depth + 1))
        if word == "(":
            node = self.sum(depth + 1)
            if self._take() != ")":
                raise _invalid("A bracket isn't closed", self._path)
            return node
        if word[0].isdigit() or word[0] == ".":
            number = float(word)
            return lambda _: number
        if word in "+*/)":
            raise _invalid(f"{word!r} stands at a wrong place", self._path)
        return self._name(word)

    def _name(self, name: str) -> _Node:
        if name not in self._series:
            raise Unprocessable(
                "UNKNOWN_SERIES", f"There is no series {name!r} to calculate with.", path=self._path
            )
        self.names.add(name)
        return lambda values: values[name]


def _binary(operator: str, left: _Node, right: _Node) -> _Node:
    def evaluate(values: Values) -> float | None:
        a, b = left(values), right(values)
        if a is None or b is None:
            return None
        if operator == "+":
            return a + b
        if operator == "-":
            return a - b
        if operator == "*":
            return a * b
        return a / b if b else None

    return evaluate
