"""Formulas are arithmetic and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from footfall_server.insights.formula import expression
from footfall_server.model.errors import Unprocessable

NAMES = frozenset({"A", "B", "fits"})


def value(text: str, **values: float | None) -> float | None:
    return expression(text, NAMES, "/formulas/0/expression").evaluate(values)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A / B * 100", 50),
        ("1 + 2 * 3 - 4 / 2", 5),
        ("-(A + B)", -3),
        ("- -A", 1),
        ("1e2 * .5 + 2.", 52),
        ("(A)", 1),
        ("A-B-B", -3),
        ("8/2/2", 2),
    ],
)
def test_arithmetic(text: str, expected: float) -> None:
    assert value(text, A=1, B=2) == expected


def test_nothing_comes_of_nothing_and_of_a_division_by_zero() -> None:
    assert value("A / B", A=1, B=0) is None
    assert value("0 * (A / B)", A=1, B=0) is None
    assert value("A + 1", A=None) is None


@pytest.mark.parametrize(
    "text",
    ["", "A +", "A B", "(A", "A)", "A ** B", "__import__('os')", "A; B", "A % B", "1 2", "*A",
     "(" * 100 + "A" + ")" * 100, "A+" * 1_000 + "A"],
)  # fmt: skip
def test_what_is_no_arithmetic_is_refused(text: str) -> None:
    with pytest.raises(Unprocessable) as caught:
        value(text, A=1, B=1)
    assert caught.value.path == "/formulas/0/expression"
    assert caught.value.code in ("INVALID_FORMULA", "UNKNOWN_SERIES")


def test_an_unknown_series_is_named() -> None:
    with pytest.raises(Unprocessable, match="'C'") as caught:
        value("A / C", A=1)
    assert caught.value.code == "UNKNOWN_SERIES"


def test_it_knows_what_it_reads() -> None:
    found: Any = expression("A / fits + 1", NAMES, "")
    assert found.names == {"A", "fits"}
