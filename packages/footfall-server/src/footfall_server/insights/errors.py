"""Errors: how often events and installs fail, by value, with baselines; and by exception."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from footfall_server.insights.answer import Answer, Asked
from footfall_server.insights.intervals import wilson
from footfall_server.insights.queries import Errors, Exceptions
from footfall_server.insights.references import version_name
from footfall_server.insights.result import Row, moment, tidy
from footfall_server.insights.sql import errors as sql
from footfall_server.insights.sql.places import codes
from footfall_server.insights.values import elements
from footfall_server.insights.versions import is_versioned, version, version_order

LEAST_INSTALLS = 30


async def answer(asked: Asked[Errors]) -> Answer:
    """One row a value: versions rising, other values by events.

    `low`, `high` and `baseline_rate` are of `install_rate`. Versions alone have a baseline: the
    installs of the up to three versions before it that have events in the range.
    """
    query, versioned = asked.query, is_versioned(asked.query.by, asked.project)
    versions: list[str] = []
    if versioned:
        table = await asked.reader.run(codes(asked, query.by, event=query.event, once=True))
        versions = _versions(table.column("code").to_pylist(), query.by)
    table = await asked.reader.run(sql.errors(asked, versions))
    found = table.to_pylist()
    baselines = {row["segment"]: row for row in found if row["baseline"]}
    values = [row for row in found if not row["baseline"]]
    if versioned:
        values.sort(key=lambda row: version_order(row["segment"]))
    else:
        values.sort(key=lambda row: (-round(row["events"], 6), row["segment"]))
    rows = [_row(row, query.event, baselines.get(row["segment"])) for row in values]
    return Answer(rows, {"versioned": versioned})


def _versions(codes: Iterable[str], name: str) -> list[str]:
    """The texts that are versions, rising."""
    texts = {text for code in codes for text in elements(code, name)}
    return sorted((text for text in texts if version(text) is not None), key=version_order)


def _row(row: Mapping[str, Any], event: str | None, baseline: Mapping[str, Any] | None) -> Row:
    installs, failing = row["installs"], row["failing"]
    low, high = wilson(failing, installs)
    before = None
    if baseline is not None and baseline["installs"] >= LEAST_INSTALLS:
        before = baseline["failing"] / baseline["installs"]
    return {
        "value": row["segment"],
        "event": event,
        "events": tidy(row["events"]),
        "errors": tidy(row["errors"]),
        "rate": row["errors"] / row["events"] if row["events"] else None,
        "installs": installs,
        "installs_with_error": failing,
        "install_rate": failing / installs,
        "low": low,
        "high": high,
        "baseline_rate": before,
        "regressed": before is not None
        and installs >= LEAST_INSTALLS
        and low is not None
        and low > before,
    }


async def exceptions(asked: Asked[Exceptions]) -> Answer:
    """One row a type of exception, most frequent first, with the versions that it was seen in."""
    name = version_name(asked.project)
    table = await asked.reader.run(sql.exceptions(asked, name))
    found = sorted(table.to_pylist(), key=lambda row: (-round(row["events"], 6), row["segment"]))
    rows = []
    for row in found:
        texts = [text for code in row["versions"] for text in elements(code, name)]
        rows.append(
            {
                "exception_type": row["segment"],
                "events": tidy(row["events"]),
                "installs": row["installs"],
                "first_version": min(texts, key=version_order),
                "last_version": max(texts, key=version_order),
                "first_seen": moment(row["first"]),
                "last_seen": moment(row["last"]),
            }
        )
    return Answer(rows)
