"""The SQL of funnels, flows and paths, to be looked at when it changes.

`FOOTFALL_SNAPSHOTS=write pytest …` writes the files anew.
"""

from __future__ import annotations

from typing import Any

import pytest
from footfall_server.insights import plan
from footfall_server.insights.parse import parse
from footfall_server.insights.queries import Flows, Funnel, Paths
from footfall_server.insights.sql import flows, funnel
from footfall_server.store import Statement

from .snapshots_of_sql import compare
from .test_sql import HOSTILE, PROJECT, RANGE

STEPS = [{"event": "fit"}, {"event": "run"}, {"event": "plot"}]
FUNNELS: dict[str, dict[str, Any]] = {
    "funnel": {},
    "funnel_total": {"count": "total", "window_seconds": 3600},
    "funnel_held_excluded_weekly": {
        "interval": "week", "hold": ["library_version"], "exclusions": [{"event": "reset"}],
    },
    "funnel_by_two_at_a_step": {"breakdown": ["library_version", "p"], "breakdown_step": 2},
    "funnel_any_order": {
        "order": "any",
        "steps": [*STEPS, {"event": "fit", "filters": [
            {"property": "ci", "op": "in", "values": [True]}]}],
    },
    "funnel_of_kinds": {
        "steps": [{"event": "fit"}, {"event": None, "filters": [
            {"property": "kind", "op": "in", "values": ["identify"]}]}],
    },
}  # fmt: skip


def _funnel(exact: bool = False, **query: Any) -> Statement:
    body = {"report": "funnel", **RANGE, "steps": STEPS, **query}
    asked = plan.resolved(parse(body), PROJECT)
    assert isinstance(asked, Funnel)
    return funnel.numbers(7, asked, plan.within(asked), {}, exact)


@pytest.mark.parametrize("name", FUNNELS)
def test_funnel(name: str) -> None:
    compare(name, [_funnel(**FUNNELS[name])])


def test_funnel_in_the_order_of_acknowledgement() -> None:
    compare("funnel_exact", [_funnel(exact=True)])


def test_flows() -> None:
    body = {"report": "flows", **RANGE, "anchor": "fit", "direction": "before"}
    asked = plan.resolved(parse(body), PROJECT)
    assert isinstance(asked, Flows)
    within = plan.within(asked)
    names = flows.names(7, asked, within, {})
    compare("flows", [names, flows.transitions(7, asked, within, {}, ["fit", "run"])])


def test_paths() -> None:
    asked = plan.resolved(parse({"report": "paths", **RANGE, "fold_repeats": False}), PROJECT)
    assert isinstance(asked, Paths)
    compare("paths", [flows.paths(7, asked, plan.within(asked), {}, ["fit", "run"])])


def test_values_are_always_bound() -> None:
    filters = [{"property": "p", "op": "contains", "values": [HOSTILE]}]
    funnels = _funnel(
        steps=[{"event": HOSTILE, "filters": filters}] * 2,
        exclusions=[{"event": HOSTILE}],
        filters=filters,
    )
    asked = plan.resolved(parse({"report": "paths", **RANGE, "anchor": HOSTILE}), PROJECT)
    assert isinstance(asked, Paths)
    walks = flows.paths(7, asked, plan.within(asked), {}, [HOSTILE])
    for statement in (funnels, walks):
        assert "DROP" not in statement.text
        assert "DROP" in repr(statement.parameters)
