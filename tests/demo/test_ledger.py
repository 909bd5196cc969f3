"""The demonstration says that all is well only if it is."""

from __future__ import annotations

import json
from pathlib import Path

from examples.nannyml.ledger import (
    Count,
    compare,
    read_events_table,
    read_ledger,
    read_ledgers,
)


def line(event: str, *, error: bool = False) -> str:
    return json.dumps({"event": event, "error": error})


def test_equal_sides_are_equal() -> None:
    logged = read_ledger([line("fit"), line("fit"), line("plot", error=True)])
    rows = [
        {"event": "fit", "total": 2, "error_rate": 0.0},
        {"event": "plot", "total": 1, "error_rate": 1.0},
    ]
    result = compare(logged, read_events_table(rows))
    assert result.equal
    assert result.verdict() == (
        "NannyML logged 3 events of 2 kinds, and every one is in the insights."
    )


def test_a_missing_event_is_named() -> None:
    result = compare({"fit": Count(3), "plot": Count(2)}, {"fit": Count(3)})
    assert not result.equal
    assert "“plot”: logged 2 with 0 errors, found 0" in result.verdict()


def test_an_event_too_many_is_named() -> None:
    result = compare({"fit": Count(3)}, {"fit": Count(4)})
    assert not result.equal
    assert "“fit”: logged 3 with 0 errors, found 4" in result.verdict()


def test_an_event_that_nannyml_never_logged_is_named() -> None:
    result = compare({"fit": Count(3)}, {"fit": Count(3), "ghost": Count(1)})
    assert not result.equal
    assert "“ghost”" in result.verdict()


def test_an_error_that_the_insights_lost_is_named() -> None:
    result = compare({"plot": Count(3, errors=1)}, {"plot": Count(3)})
    assert not result.equal
    assert "with 1 errors, found 3 with 0" in result.verdict()


def test_equal_totals_do_not_hide_a_difference() -> None:
    result = compare({"fit": Count(1), "plot": Count(2)}, {"fit": Count(2), "plot": Count(1)})
    assert result.logged == result.found
    assert not result.equal


def test_nothing_logged_is_no_success() -> None:
    result = compare({}, {})
    assert not result.equal
    assert "NML_DISABLE_USAGE_LOGGING" in result.verdict()


def test_ledgers_of_all_processes_are_summed(tmp_path: Path) -> None:
    (tmp_path / "library.jsonl").write_text(line("fit") + "\n" + line("fit", error=True) + "\n")
    (tmp_path / "command.jsonl").write_text(line("fit") + "\n")
    (tmp_path / "results.csv").write_text("not a ledger")
    assert read_ledgers(tmp_path) == {"fit": Count(3, errors=1)}


def test_a_share_of_errors_becomes_their_number() -> None:
    rows = [{"event": "plot", "total": 3, "error_rate": 1 / 3}]
    assert read_events_table(rows) == {"plot": Count(3, errors=1)}
