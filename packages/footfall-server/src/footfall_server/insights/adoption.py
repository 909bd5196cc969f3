"""Adoption: the share of each value among the installs active in a bucket."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from footfall_server.insights import periods
from footfall_server.insights.answer import Answer, Asked
from footfall_server.insights.periods import Bucket, Range
from footfall_server.insights.plan import MAX_ROWS
from footfall_server.insights.queries import Adoption
from footfall_server.insights.result import Row
from footfall_server.insights.scales import scale
from footfall_server.insights.sql import adoption as sql
from footfall_server.insights.values import Scale
from footfall_server.insights.versions import version_order
from footfall_server.model.errors import Unprocessable
from footfall_server.store import Statement


async def answer(asked: Asked[Adoption]) -> Answer:
    """Bucket by bucket every value that occurs, versions rising, others by installs.

    `share` is null in a bucket without installs; `meta.incomplete` names the buckets of which a
    part lies outside the range or after now, `meta.versioned` says that values are in the order of
    versions. Raises `Unprocessable` TOO_MANY_BUCKETS,
    TOO_MANY_ROWS.
    """
    query = asked.query
    buckets = periods.buckets(asked.within, query.interval)
    order = await scale(asked, query.by, "/by")
    counts: Counter[tuple[int, str]] = Counter()
    if order.codes:
        for row in await untied(
            asked, partial(sql.adoption, asked, query.by, query.interval, order)
        ):
            counts[row["bucket"], order.text(row["place"], query.granularity)] += row["installs"]
    return Answer(
        _rows(buckets, ordered(totals(counts), order), counts),
        {
            "incomplete": incomplete(buckets, asked.within, asked.now),
            "versioned": order.versioned,
        },
    )


async def untied(asked: Asked[Any], statement: Callable[..., Statement]) -> list[Row]:
    """The rows of a statement that has `tied` ones, asked exactly where there are: that takes half
    as long again."""
    found: list[Row] = []
    for exact in (False, True):
        found = (await asked.reader.run(statement(exact=exact))).to_pylist()
        if not any(row["tied"] for row in found):
            break
    return found


def totals(counts: Counter[tuple[int, str]]) -> Counter[str]:
    """Counts by value."""
    total: Counter[str] = Counter()
    for (_, text), count in counts.items():
        total[text] += count
    return total


def ordered(total: Counter[str], order: Scale) -> list[str]:
    """The values that were counted: versions rising, others by their counts, ties by name."""
    if order.versioned:
        return sorted(total, key=version_order)
    return sorted(total, key=lambda text: (-total[text], text))


def incomplete(buckets: list[Bucket], within: Range, now: datetime) -> list[str]:
    """The labels of the buckets that aren't whole."""
    return [bucket.label for bucket in buckets if bucket.incomplete(within, now)]


def _rows(buckets: list[Bucket], texts: list[str], counts: Counter[tuple[int, str]]) -> list[Row]:
    if len(buckets) * len(texts) > MAX_ROWS:
        raise Unprocessable(
            "TOO_MANY_ROWS",
            f"The answer would have more than {MAX_ROWS:,} rows; take a longer interval, a "
            "shorter range or a coarser granularity.",
            path="/interval",
        )
    found = []
    for bucket in buckets:
        active = sum(counts[bucket.key, text] for text in texts)
        found += [
            {
                "bucket": bucket.label,
                "value": text,
                "installs": counts[bucket.key, text],
                "share": counts[bucket.key, text] / active if active else None,
            }
            for text in texts
        ]
    return found
