"""The URL as state."""

from __future__ import annotations

from urllib.parse import parse_qsl

import pytest
from footfall_server.web.view import NO_CI, Filter, View, parse


def read(query: str) -> View:
    return parse(parse_qsl(query, keep_blank_values=True))


@pytest.mark.parametrize(
    ("given", "canonical"),
    [
        ("", ""),
        ("range=28d&compare=previous&filter=runtime!=ci", ""),
        ("range=90d&interval=week&compare=none", "compare=none&interval=week&range=90d"),
        ("breakdown=library_version", "breakdown=version"),
        ("filter=", "filter="),
        ("filter=os_type=Linux&filter=runtime!=ci", "filter=os=Linux&filter=runtime!=ci"),
        ("range=2026-08-27..2026-11-24", "range=2026-08-27..2026-11-24"),
        ("event=fit%20%26%20run", "event=fit%20%26%20run"),
    ],
)
def test_an_address_has_one_canonical_form(given: str, canonical: str) -> None:
    view = read(given)
    assert view.query() == canonical
    assert read(view.query()) == view
    assert view.notes == ()


@pytest.mark.parametrize(
    "query",
    [
        "color=red",
        "range=yesterday",
        "range=2026-02-30..2026-03-01",
        "range=2026-03-02..2026-03-01",
        "interval=second",
        "filter=nonsense",
        "breakdown=",
        "format=exe",
    ],
)
def test_what_is_not_understood_is_left_out_with_a_note(query: str) -> None:
    view = read(query)
    assert view.query() == ""
    (note,) = view.notes
    assert query.partition("=")[0] in note


def test_a_filter_replaces_the_one_on_the_same_dimension_and_keeps_ci_out() -> None:
    view = View().narrowed("os", "Linux").narrowed("os", "Windows").narrowed("runtime", "docker")
    assert view.filters == (Filter("os", "Windows"), NO_CI, Filter("runtime", "docker"))
    assert view.excludes_ci


def test_ci_can_be_shown_and_left_out_again() -> None:
    shown = View().without(NO_CI)
    assert shown.url() == "?filter="
    assert shown.leaving_out_ci() == View()


def test_a_filter_may_be_on_any_property() -> None:
    view = read("filter=metric!=roc_auc&breakdown=kind")
    assert view.query() == "breakdown=kind&filter=metric!=roc_auc"
    assert view.notes == ()


def test_a_pages_own_parameters_stay_in_their_order() -> None:
    pairs = [("step", "fit"), ("range", "7d"), ("step", "plot"), ("color", "red")]
    view = parse(pairs, own={"step"})
    assert view.every("step") == ["fit", "plot"]
    assert view.url() == "?range=7d&step=fit&step=plot"
    assert len(view.notes) == 1
