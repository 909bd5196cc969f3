"""What a privacy review finds risky, and what it leaves alone."""

from __future__ import annotations

from typing import Any

import pytest
from footfall_server.privacy.review import look, review


@pytest.mark.parametrize(
    ("text", "looks"),
    [
        ("ada@example.org", "an e-mail address"),
        ("write to ada.l+x@mail.example.org please", "an e-mail address"),
        ("/home/ada/data/train.csv", "a path"),
        ("C:\\Users\\ada\\model.pkl", "a path"),
        ("192.168.0.17", "an address of the network"),
        ("s3://bucket/key", "a URL"),
        ("build-7.corp.example.org", "a host name"),
        ("AKIAIOSFODNN7EXAMPLEKEYabc123", "a key"),
        ("a sentence that somebody has typed into a field", "free text"),
    ],
)
def test_what_looks_risky_is_named(text: str, looks: str) -> None:
    assert look(text) == looks


@pytest.mark.parametrize(
    "text",
    ["jensen_shannon", "performance", "3.12.1", "1.0.0rc1", "roc/auc", "newton-cg", "", "float64",
     "pandas.DataFrame", "nannyml.exceptions.InvalidArgumentsException", "Linux", "x" * 23],
)  # fmt: skip
def test_what_libraries_send_is_left_alone(text: str) -> None:
    assert look(text) is None


def schema(**values: int) -> dict[str, Any]:
    properties = [
        {"name": name, "types": {"string": 100}, "share": 1.0, "values": count}
        for name, count in values.items()
    ]
    return {"properties": properties, "meta": {"looked_into": 100}}


def test_findings_come_worst_first_without_the_sdks_own_and_what_is_dropped() -> None:
    newest = [
        {"mail": "ada@example.org", "where": ["/home/ada/x.csv"], "session_id": "a" * 20 + "1234"},
        {"mail": "bob@example.org", "gone": "eve@example.org", "method": "jensen_shannon"},
    ]
    found = review(schema(mail=90, method=7, session_id=100), newest, ["gone"])
    assert [one.name for one in found] == ["mail", "where"]
    assert found[0].reasons == ("an e-mail address", "nearly as many values as calls")
    assert found[1].reasons == ("a path",)
