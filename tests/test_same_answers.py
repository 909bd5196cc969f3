"""What the benchmark of the insights calls the same answer as the peer's."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.insights.questions import QUESTIONS, Question, Rows
from benchmarks.insights.same import compare

QUESTION = Question("q", {}, "", keys="bucket", measures="total p50 seen", percentiles="p50")
THEIRS: Rows = [{"bucket": "2026-01-05T00:00:00Z", "total": 7.0, "p50": 0.1, "seen": "1.2"}]


def ours(approximate: bool = False, **changed: Any) -> dict[str, Any]:
    row = {"bucket": "2026-01-05", "total": 7, "p50": 0.1, "seen": "1.2", "share": 1}
    quiet = {"bucket": "2026-01-12", "total": 0, "p50": None, "seen": None}
    return {"rows": [{**row, **changed}, quiet], "meta": {"approximate": approximate}}


def test_the_same_numbers_are_equal_whatever_their_type() -> None:
    assert compare(QUESTION, ours(), THEIRS) == (True, "3 equal")


@pytest.mark.parametrize(
    "changed",
    [{"total": 7.000001}, {"total": None}, {"p50": 0.1001}, {"seen": "1.3"}, {"bucket": "2026"}],
)
def test_another_number_is_told(changed: dict[str, Any]) -> None:
    same, said = compare(QUESTION, ours(**changed), THEIRS)
    assert not same
    assert "differ" in said


def test_only_percentiles_may_be_approximate_and_only_where_it_is_said() -> None:
    assert compare(QUESTION, ours(approximate=True, p50=0.1001), THEIRS) == (
        True,
        "3 equal, percentiles within 0.10%",
    )
    assert not compare(QUESTION, ours(approximate=True, p50=0.2), THEIRS)[0]
    assert not compare(QUESTION, ours(approximate=True, total=7.001), THEIRS)[0]


def test_nothing_is_not_the_same_as_nothing() -> None:
    empty = {"rows": [], "meta": {"approximate": False}}
    assert not compare(QUESTION, empty, [])[0]


def test_two_rows_of_one_key_are_no_answer() -> None:
    with pytest.raises(ValueError, match="two rows"):
        compare(QUESTION, ours(), THEIRS * 2)


def test_every_question_that_the_peer_is_asked_is_compared() -> None:
    assert all(one.keys and one.measures for one in QUESTIONS if one.sql)
