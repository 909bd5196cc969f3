"""The schema: what events and properties there are, looked at in a sample that is bounded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from footfall_server.insights.periods import Range
from footfall_server.insights.sql.binder import Binder
from footfall_server.insights.sql.events import ONCE, where
from footfall_server.store import EVENTS, Statement, on_shards

MAX_EVENTS = 1_000
MAX_EXAMPLES = 20
MAX_PROPERTIES = 10_000
REUSED_SHOWN = 10


def _tracked(project: int, within: Range, binder: Binder) -> str:
    return where(project, within, "all", (), None, binder, {})


def events(project: int, within: Range) -> Statement:
    """Rows `event`, `total`, `count`, `installs`, `first`, `last`; the most frequent first.

    One more than MAX_EVENTS if there are more.
    """
    binder = Binder()
    text = (
        "SELECT toString(event) AS event, sum(weight) AS total, count() AS count, "
        "uniqExact(install_key) AS installs, toUnixTimestamp64Micro(min(time)) AS first, "
        f"toUnixTimestamp64Micro(max(time)) AS last FROM {ONCE} "
        f"WHERE {_tracked(project, within, binder)} GROUP BY event "
        f"ORDER BY round(total, 6) DESC, event LIMIT {MAX_EVENTS + 1}"
    )
    return binder.statement(text)


def properties(project: int, within: Range, every: Mapping[str, int]) -> Statement:
    """Rows `event`, `everywhere` (0 or 1), `name`, `type`, `count`, `values`, `examples`, `last`.

    Of each event one in `every[event]` is looked at, chosen by its message id. `values` counts the
    distinct ones; `examples` are as JSON, one more than MAX_EXAMPLES if there are more. A null is
    no value.
    """
    binder = Binder()
    rates = (
        f"transform(event, {binder.texts(list(every))}, "
        f"{binder.bind(list(every.values()), 'Array(UInt64)')}, 0)"
    )
    # What the column can't give back as sent stands in `raw`; a name with %2E in it brings all.
    kept = "JSONExtractKeysAndValuesRaw(toJSONString(properties))"
    merged = (
        "if(raw = '', kept, if(arrayExists(one -> position(one.1, '%2E') > 0, lost), lost, "
        "arrayConcat(arrayFilter(one -> NOT has(lost.1, one.1), kept), lost)))"
    )
    kind = (
        "multiIf(startsWith(value, '\"'), 'text', value IN ('true', 'false'), 'boolean', "
        "startsWith(value, '['), 'list', startsWith(value, '{'), 'object', 'number')"
    )
    chosen = (
        f"SELECT event, time, {kept} AS kept, raw, JSONExtractKeysAndValuesRaw(raw) AS lost "
        f"FROM {EVENTS} WHERE {_tracked(project, within, binder)} "
        f"AND {rates} > 0 AND sipHash64(message_id) % greatest({rates}, 1) = 0 "
        "ORDER BY version DESC LIMIT 1 BY event, install_key, message_id, client_time"
    )
    text = (
        "SELECT event, toUInt8(grouping(event)) AS everywhere, name, type, count() AS count, "
        "uniqExact(sipHash64(value)) AS values, "
        f"groupUniqArray({MAX_EXAMPLES + 1})(value) AS examples, "
        "toUnixTimestamp64Micro(max(time)) AS last FROM ("
        "SELECT toString(event) AS event, time, pair.1 AS name, pair.2 AS value, "
        f"{kind} AS type FROM (SELECT event, time, {merged} AS pairs FROM {on_shards(chosen)}) "
        "ARRAY JOIN pairs AS pair WHERE value != 'null') "
        "GROUP BY GROUPING SETS ((event, name, type), (name, type)) "
        f"ORDER BY count DESC, name, type LIMIT {MAX_PROPERTIES}"
    )
    return binder.statement(text)


def reused(project: int, within: Range) -> Statement:
    """Rows `id` (a hash), `times`, `total` (of all): message ids that several events have."""
    binder = Binder()
    text = (
        "SELECT id, times, count() OVER () AS total FROM ("
        "SELECT sipHash64(message_id) AS id, count() AS times "
        f"FROM {ONCE} WHERE {_tracked(project, within, binder)} GROUP BY id HAVING times > 1) "
        f"ORDER BY times DESC, id LIMIT {REUSED_SHOWN}"
    )
    return binder.statement(text)


def reuse(project: int, within: Range, ids: list[Any]) -> Statement:
    """Rows `message_id`, `times`, `events` (names), `installs`, `client_times` of some ids."""
    binder = Binder()
    text = (
        "SELECT message_id, count() AS times, arraySort(groupUniqArray(10)(toString(event))) AS "
        "events, uniqExact(install) AS installs, uniqExact(client_time) AS client_times "
        f"FROM {ONCE} WHERE {_tracked(project, within, binder)} "
        f"AND sipHash64(message_id) IN {binder.bind(ids, 'Array(UInt64)')} "
        "GROUP BY message_id ORDER BY times DESC, message_id"
    )
    return binder.statement(text)
