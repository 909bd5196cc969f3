"""Traction: weekly active installs, growth, retention, versions; each row says how it was counted.

Only whole weeks (Monday to Sunday in the timezone, inside the range, over by now) have rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from footfall_server.insights import periods
from footfall_server.insights.answer import Answer, Asked
from footfall_server.insights.periods import Bucket
from footfall_server.insights.queries import Installs, Traction
from footfall_server.insights.references import version_name
from footfall_server.insights.result import Row
from footfall_server.insights.scales import scale
from footfall_server.insights.sql import traction as sql
from footfall_server.insights.versions import version_order

_DAYS = sql.RETENTION_DAYS
_COUNTED = {
    "weekly_active_installs": "Distinct anonymous installs with at least one event in the week.",
    "growth": "Weekly active installs, relative to those of the week four weeks before.",
    "new_installs": "Installs whose first event ever is in the week.",
    "retention": "Share of the week's new installs that were active in the fourth week after it.",
    "weekly_active_installs_by_version": "Weekly active installs by the newest version that each "
    "used in the week, pre-releases and patches with their minor version.",
}
_Weeks = dict[int, Counter[str]]
_EXCLUDED: Mapping[Installs, str] = {
    "all": "No kind of install: containers and CI jobs may count anew at every start",
    "persistent": "Events of containers and CI jobs whose install id doesn't outlive them",
    "ephemeral": "Events of installs whose id outlives a container or CI job",
    "ci": "Events from outside CI",
    "human": "Events from CI",
}


async def answer(asked: Asked[Traction]) -> Answer:
    """Rows `metric`, `bucket`, `segment`, `value`, `counted`, `excluded`, metric by metric.

    `growth` is a fraction, null where nobody was active four weeks before; `retention` is null
    until the fourth week after is over, and where the week has no new install.
    """
    within = asked.within
    whole = [
        bucket
        for bucket in periods.buckets(within, "week", "/from")
        if not bucket.incomplete(within, asked.now)
    ]
    if not whole:
        return Answer([])
    history = replace(
        within,
        start=periods.FIRST,
        end=min(whole[-1].end + timedelta(days=_DAYS + 1), asked.now + timedelta(microseconds=1)),
    )
    name = version_name(asked.project)
    order = await scale(asked, name, "/from", history)
    weeks: _Weeks = {}
    versions: Counter[tuple[int, str]] = Counter()
    if order.codes:
        for row in (await asked.reader.run(sql.weeks(asked, history, name, order))).to_pylist():
            weeks.setdefault(row["week"], Counter()).update(
                {what: row[what] for what in ("active", "new", "returned")}
            )
            versions[row["week"], order.text(row["place"], "minor")] += row["active"]
    rows = [
        *_rows(whole, weeks, asked.now, within.zone),
        *_versions(whole, versions),
    ]
    excluded = _excluded(asked.query)
    return Answer(
        [{**row, "counted": _COUNTED[row["metric"]], "excluded": excluded} for row in rows]
    )


def _excluded(query: Traction) -> str:
    filtered = "; events that don't pass the filters" if query.filters else ""
    return (
        f"{_EXCLUDED[query.installs]}{filtered}; users who opted out; weeks that are partly "
        "outside the range or not over."
    )


def _rows(whole: list[Bucket], weeks: _Weeks, now: datetime, zone: ZoneInfo) -> Iterator[Row]:
    def counted(key: int, what: str) -> int:
        return weeks.get(key, Counter())[what]

    for bucket in whole:
        yield _row("weekly_active_installs", bucket, counted(bucket.key, "active"))
    for bucket in whole:
        before = counted(bucket.key - _DAYS, "active")
        active = counted(bucket.key, "active")
        yield _row("growth", bucket, (active - before) / before if before else None)
    for bucket in whole:
        yield _row("new_installs", bucket, counted(bucket.key, "new"))
    for bucket in whole:
        new = counted(bucket.key, "new")
        over = periods.key_midnight(bucket.key + _DAYS + 7, zone) <= now
        returned = counted(bucket.key, "returned")
        yield _row("retention", bucket, returned / new if new and over else None)


def _versions(whole: list[Bucket], counts: Counter[tuple[int, str]]) -> Iterator[Row]:
    """Week by week the versions that anyone had as the newest, rising."""
    texts = sorted({text for _, text in counts}, key=version_order)
    for bucket in whole:
        for text in texts:
            if (bucket.key, text) in counts:
                count = counts[bucket.key, text]
                yield _row("weekly_active_installs_by_version", bucket, count, text)


def _row(metric: str, bucket: Bucket, value: float | None, segment: str | None = None) -> Row:
    return {"metric": metric, "bucket": bucket.label, "segment": segment, "value": value}
