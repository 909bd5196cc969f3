"""The questions: as a query, and as SQL that DuckDB can answer; None where it isn't asked.

DuckDB has one flat table without repeats, with types and a hash of the install made beforehand, so
it neither looks for repeats nor reads JSON. It has no weighted percentiles: weights are left out
there. `v` has the versions with their ranks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

YEAR = {"from": "2025-07-01", "to": "2026-06-30"}
LAST = {"from": "2026-04-02", "to": "2026-06-30"}
VERSIONS = """v AS (SELECT library_version, dense_rank() OVER (
    ORDER BY string_split(library_version, '.')::INT[]) AS r
    FROM (SELECT DISTINCT library_version FROM events))"""
PYTHONS = """p AS (SELECT python_version, dense_rank() OVER (
    ORDER BY string_split(python_version, '.')::INT[]) AS r
    FROM (SELECT DISTINCT python_version FROM events))"""

# Sessions by half an hour of silence, from the first anchor on, three steps.
WALKS = """WITH gaps AS (SELECT install_key, event, time,
        time > lag(time) OVER p + INTERVAL 30 MINUTE AS cut FROM events
        WHERE time >= '2026-04-02' WINDOW p AS (PARTITION BY install_key ORDER BY time)),
    sessions AS (SELECT install_key, event, time,
        count(*) FILTER (cut) OVER (PARTITION BY install_key ORDER BY time) s FROM gaps),
    places AS (SELECT *, row_number() OVER p n, lead(event) OVER p next FROM sessions
        WINDOW p AS (PARTITION BY install_key, s ORDER BY time)),
    anchored AS (SELECT *, min(n) FILTER (event = 'event 1') OVER (PARTITION BY install_key, s) a
        FROM places),
    walks AS (SELECT install_key, s, n - a AS step, event, next FROM anchored
        WHERE n BETWEEN a AND a + 3)"""


@dataclass(frozen=True)
class Question:
    """A question by name: the query (None: all that the overview page asks), the peer's SQL.

    `kept`: the answers that the server keeps while nothing changes are taken for hot ones.
    """

    name: str
    query: dict[str, Any] | None
    sql: str | None
    kept: bool = False


def _trend(**series: Any) -> dict[str, Any]:
    return {"report": "trends", **YEAR, "interval": "week", "series": [series]}


QUESTIONS = [
    Question(
        "trends: calls by week",
        _trend(measure="total"),
        "SELECT date_trunc('week', time) w, sum(weight) FROM events GROUP BY w ORDER BY w",
    ),
    Question(
        "trends: installs by week",
        _trend(measure="unique"),
        "SELECT date_trunc('week', time) w, count(DISTINCT install_key) FROM events "
        "GROUP BY w ORDER BY w",
    ),
    Question(
        "trends: installs by week and version",
        _trend(measure="unique") | {"breakdown": ["library_version"], "limit": 6},
        """WITH top AS (SELECT library_version FROM events GROUP BY 1 ORDER BY sum(weight) DESC
            LIMIT 6)
        SELECT date_trunc('week', time) w, CASE WHEN library_version IN (FROM top)
            THEN library_version ELSE 'other' END s, count(DISTINCT install_key)
        FROM events GROUP BY w, s ORDER BY w, s""",
    ),
    Question(
        "trends: median run time by week",
        _trend(measure="p50", property="run_time"),
        "SELECT date_trunc('week', time) w, quantile_cont(run_time, 0.5) FROM events "
        "GROUP BY w ORDER BY w",
    ),
    Question(
        "trends: monthly actives by week",
        _trend(measure="mau"),
        """WITH days AS (SELECT DISTINCT install_key, time::DATE d FROM events),
        weeks AS (SELECT DISTINCT date_trunc('week', d)::DATE + 6 e FROM days)
        SELECT e, count(DISTINCT install_key) FROM weeks JOIN days ON d BETWEEN e - 29 AND e
        GROUP BY e ORDER BY e""",
    ),
    Question(
        "events_table, 90 days",
        {"report": "events_table", **LAST},
        """WITH now AS (SELECT event, sum(weight) n, count(DISTINCT install_key) i,
            quantile_cont(run_time, [0.5, 0.9]) q, sum(weight) FILTER (exception_occurred) x,
            min(time), max(time) FROM events WHERE time >= '2026-04-02' GROUP BY event),
        past AS (SELECT event, sum(weight) p FROM events
            WHERE time >= '2026-01-02' AND time < '2026-04-02' GROUP BY event)
        SELECT *, n / i, x / n, n / p - 1 FROM now LEFT JOIN past USING (event) ORDER BY n DESC""",
    ),
    Question(
        "adoption by week",
        {"report": "adoption", **YEAR, "interval": "week"},
        f"""WITH {VERSIONS}, newest AS (SELECT date_trunc('week', time) w, install_key, max(r) r
            FROM events JOIN v USING (library_version) GROUP BY w, install_key)
        SELECT w, r, count(*) FROM newest GROUP BY w, r""",
    ),
    Question(
        "adoption of systems by week",
        {"report": "adoption", **YEAR, "interval": "week", "by": "os_type"},
        """WITH last AS (SELECT date_trunc('week', time) w, install_key, arg_max(os_type, time) o
            FROM events GROUP BY w, install_key)
        SELECT w, o, count(*) FROM last GROUP BY w, o""",
    ),
    Question(
        "errors by version",
        {"report": "errors", **YEAR},
        f"""WITH {VERSIONS}, used AS (SELECT r, install_key, sum(weight) n,
            sum(weight) FILTER (exception_occurred) x, bool_or(exception_occurred) f
            FROM events JOIN v USING (library_version) GROUP BY r, install_key),
        own AS (SELECT r, sum(n) n, sum(x) x, count(*) i, count(*) FILTER (f) f
            FROM used GROUP BY r),
        baseline AS (SELECT r, count(*) i, count(*) FILTER (f) f FROM (
            SELECT v.r, install_key, bool_or(f) f FROM (SELECT DISTINCT r FROM v) v
            JOIN used ON used.r BETWEEN v.r - 3 AND v.r - 1 GROUP BY v.r, install_key) GROUP BY r)
        SELECT * FROM own LEFT JOIN baseline USING (r)""",
    ),
    Question(
        "exceptions",
        {"report": "exceptions", **YEAR},
        f"""WITH {VERSIONS} SELECT exception_type, sum(weight), count(DISTINCT install_key),
            min(r), max(r), min(time), max(time)
        FROM events JOIN v USING (library_version) WHERE exception_occurred GROUP BY 1""",
    ),
    Question(
        "run_time by version",
        {"report": "run_time", **YEAR},
        """SELECT library_version, event, sum(weight), quantile_cont(run_time, [0.5, 0.9, 0.99])
        FROM events GROUP BY library_version, event""",
    ),
    Question(
        "support_matrix",
        {"report": "support_matrix", **YEAR, "granularity": "minor"},
        """WITH last AS (SELECT install_key,
            arg_max((python_version, library_version), time) c FROM events GROUP BY install_key)
        SELECT c, count(*) FROM last GROUP BY c""",
    ),
    Question(
        "drop_cost",
        {"report": "drop_cost", **YEAR, "values": ["3.8"]},
        f"""WITH {PYTHONS}, weekly AS (SELECT install_key,
            (DATE '2026-06-30' - time::DATE) // 7 AS w, max(r) r
            FROM events JOIN p USING (python_version)
            WHERE time >= '2026-04-08' AND NOT ephemeral GROUP BY ALL),
        four AS (SELECT install_key, max(r) r FROM weekly WHERE w < 4 GROUP BY install_key)
        SELECT w, r, count(*) FROM weekly GROUP BY w, r
        UNION ALL SELECT 12, r, count(*) FROM four GROUP BY r""",
    ),
    Question(
        "traction",
        {"report": "traction", **YEAR},
        f"""WITH {VERSIONS}, used AS (SELECT install_key, date_trunc('week', time) w, max(r) r
            FROM events JOIN v USING (library_version) GROUP BY ALL),
        began AS (SELECT install_key, min(w) b FROM used GROUP BY install_key)
        SELECT w, r, count(*), count(*) FILTER (w = b), count(*) FILTER (w = b + INTERVAL 28 DAY)
        FROM used JOIN began USING (install_key) GROUP BY w, r""",
    ),
    Question(
        "funnel of three steps",
        {"report": "funnel", **YEAR, "steps": [{"event": f"event {place}"} for place in (1, 2, 3)]},
        """WITH e AS (SELECT install_key i, event, time FROM events
            WHERE event IN ('event 1', 'event 2', 'event 3')),
        a AS (SELECT i, min(time) t FROM e WHERE event = 'event 1' GROUP BY i),
        b AS (SELECT a.i, a.t, min(e.time) u FROM a JOIN e ON e.i = a.i AND event = 'event 2'
            AND e.time > a.t AND e.time <= a.t + INTERVAL 7 DAY GROUP BY a.i, a.t),
        c AS (SELECT b.i, min(e.time) u FROM b JOIN e ON e.i = b.i AND event = 'event 3'
            AND e.time > b.u AND e.time <= b.t + INTERVAL 7 DAY GROUP BY b.i)
        SELECT (SELECT count(*) FROM a), (SELECT count(*) FROM b), (SELECT count(*) FROM c)""",
    ),
    Question(
        "retention by week",
        {"report": "retention", **YEAR, "unit": "week", "brackets": 12},
        """WITH used AS (SELECT DISTINCT install_key, date_trunc('week', time) w FROM events),
        began AS (SELECT install_key, min(w) b FROM used GROUP BY install_key)
        SELECT b, date_diff('week', b, w) k, count(*) FROM used JOIN began USING (install_key)
        GROUP BY b, k HAVING k < 12""",
    ),
    Question(
        "lifecycle by week",
        {"report": "lifecycle", **YEAR, "interval": "week"},
        """WITH used AS (SELECT DISTINCT install_key, date_trunc('week', time) w FROM events),
        near AS (SELECT w, lag(w) OVER p AS before, lead(w) OVER p AS after FROM used
            WINDOW p AS (PARTITION BY install_key ORDER BY w))
        SELECT w, count(*) FILTER (before IS NULL), count(*) FILTER (before = w - INTERVAL 7 DAY),
            count(*) FILTER (before < w - INTERVAL 7 DAY),
            count(*) FILTER (after IS NULL OR after > w + INTERVAL 7 DAY)
        FROM near GROUP BY w""",
    ),
    Question(
        "stickiness",
        {"report": "stickiness", **YEAR},
        """WITH days AS (SELECT install_key, count(DISTINCT time::DATE) d FROM events GROUP BY 1)
        SELECT d, count(*) FROM days GROUP BY d""",
    ),
    Question(
        "flows, 90 days",
        {"report": "flows", **LAST, "anchor": "event 1", "depth": 3, "fold_repeats": False},
        f"""{WALKS} SELECT step, event, next, count(*) FROM walks WHERE step < 3
        GROUP BY ALL""",
    ),
    Question(
        "paths, 90 days",
        {"report": "paths", **LAST, "anchor": "event 1", "depth": 3, "fold_repeats": False},
        f"""{WALKS}, paths AS (SELECT install_key, s, string_agg(event, '>' ORDER BY step) p
            FROM walks GROUP BY install_key, s)
        SELECT p, count(*) n, count(DISTINCT install_key) FROM paths GROUP BY p ORDER BY n DESC
        LIMIT 20""",
    ),
    Question("overview page, 90 days", None, None),
    Question("the same again, nothing new", None, None, kept=True),
]
