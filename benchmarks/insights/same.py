"""Whether our answer and the peer's are the same numbers."""

from __future__ import annotations

import math
from typing import Any

from benchmarks.insights.questions import Question, Rows

Cells = dict[tuple[str, ...], Any]

# Where our answer says that it is approximate, its percentiles may be so far off.
_APPROXIMATE = 0.001


def compare(question: Question, ours: dict[str, Any], theirs: Rows) -> tuple[bool, str]:
    """Whether they are equal, and what to say of it; `ours` is `{"rows", "meta"}`.

    Numbers may differ by a billionth, as sums are rounded.
    """
    own, other = cells(question, question.rows(ours)), cells(question, theirs)
    allowed = _APPROXIMATE if ours["meta"]["approximate"] else 0.0
    wrong, furthest = [], 0.0
    for key in sorted({*own, *other}):
        one, two = own.get(key), other.get(key)
        off = _distance(one, two)
        if off > (allowed if key[-1] in question.percentiles.split() else 0.0):
            wrong.append(f"{' '.join(key)}: {one} beside {two}")
        else:
            furthest = max(furthest, off)
    if wrong:
        return False, f"**{len(wrong)} of {len({*own, *other})} differ**: {'; '.join(wrong[:3])}"
    if not own:
        return False, "**nothing to compare**"
    close = f", percentiles within {furthest:.2%}" if furthest else ""
    return True, f"{len(own):,} equal{close}"


def cells(question: Question, rows: Rows) -> Cells:
    """Each measure by the row's keys and its name. A row that is absent is as good as one with null
    or 0: neither is a cell."""
    found: Cells = {}
    for row in rows:
        key = tuple(_text(row[name]) for name in question.keys.split())
        for name in question.measures.split():
            if (*key, name) in found:
                raise ValueError(f"{question.name}: two rows of {key}")
            found[*key, name] = row[name]
    return {key: value for key, value in found.items() if value not in (None, 0)}


def _text(value: Any) -> str:
    if isinstance(value, list):
        return " > ".join(value)
    if isinstance(value, int | float):
        return f"{value:.0f}"
    return (value or "").removesuffix("T00:00:00Z")


def _distance(one: Any, two: Any) -> float:
    """How far apart they are, relative to the larger; infinite for what isn't a number."""
    if one == two:
        return 0.0
    if not (isinstance(one, int | float) and isinstance(two, int | float)):
        return math.inf
    if math.isclose(one, two, rel_tol=1e-9, abs_tol=1e-12):
        return 0.0
    return abs(one - two) / max(abs(one), abs(two))
