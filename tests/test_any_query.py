"""Any query at all, over HTTP: an answer, or a problem that says what is wrong and where."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest
from footfall_server.insights.queries import REPORTS
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from .conftest import Project, http
from .queries import leads_somewhere, queries

FORMS = ["application/json"] * 4 + ["text/csv", "application/vnd.vegalite+json"]
RANDOM = settings(
    max_examples=round(25 * float(os.environ.get("FOOTFALL_QUERIES", "1"))),
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize("report", sorted(REPORTS))
def test_any_query_has_an_answer_or_a_problem_with_its_place(filled: Project, report: str) -> None:
    """What a report's type takes, and what is made of it by a wrong type, name, number or size."""
    statuses: list[int] = []

    @RANDOM
    @given(query=queries(report), form=st.sampled_from(FORMS))
    def ask(query: Any, form: str) -> None:
        url = f"{filled.server.url}/api/v1/projects/{filled.name}/query"
        answer = http("POST", url, query, {**filled.authorization, "Accept": form})
        statuses.append(answer.status)
        told = answer.body[:500]
        if answer.status == 200:
            assert answer.headers["content-type"].startswith(form), told
            if form != "text/csv":
                json.loads(answer.body, parse_constant=pytest.fail)  # NaN is no JSON
            return
        assert answer.status in (400, 413, 422), told
        assert answer.headers["content-type"] == "application/problem+json"
        problem = json.loads(answer.body)
        assert problem["code"].isupper(), told
        assert problem["message"], told
        if answer.status == 422:
            assert leads_somewhere(problem["path"], query), told

    ask()
    assert 200 in statuses
    assert 422 in statuses
