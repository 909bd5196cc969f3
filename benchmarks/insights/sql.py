"""What several of the peer's questions are made of."""

from __future__ import annotations

RECENT = "SELECT * FROM events WHERE time >= '2026-04-02'"
# The versions with their ranks.
VERSIONS = """v AS (SELECT library_version, dense_rank() OVER (
    ORDER BY string_split(library_version, '.')::INT[]) AS r
    FROM (SELECT DISTINCT library_version FROM events))"""
PYTHONS = """p AS (SELECT python_version, dense_rank() OVER (
    ORDER BY string_split(python_version, '.')::INT[]) AS r
    FROM (SELECT DISTINCT python_version FROM events))"""
MINOR = "array_to_string(string_split({}, '.')[:2], '.')"

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

# The first entry of each install: `a` begins, `b` reaches the second step, `c` the third.
FUNNEL = """WITH e AS (SELECT install_key i, event, time FROM events
        WHERE event IN ('event 1', 'event 2', 'event 3')),
    a AS (SELECT i, min(time) t FROM e WHERE event = 'event 1' GROUP BY i),
    b AS (SELECT a.i, a.t, min(e.time) u FROM a JOIN e ON e.i = a.i AND event = 'event 2'
        AND e.time > a.t AND e.time <= a.t + INTERVAL 7 DAY GROUP BY a.i, a.t),
    c AS (SELECT b.i, b.t, b.u, min(e.time) x FROM b JOIN e ON e.i = b.i AND event = 'event 3'
        AND e.time > b.u AND e.time <= b.t + INTERVAL 7 DAY GROUP BY b.i, b.t, b.u)"""

_TOTALS = "SELECT k, sum(w) n, bool_or(m) m FROM d GROUP BY k"


def percentiles(
    key: str, levels: list[float], source: str = "events", totals: str = _TOTALS
) -> str:
    """CTEs, the last of them `levels`: the columns of `totals` and a list `q`, one row a `key`.

    `totals` has rows `k` (the key), `n` (what its events weigh), `m` (does one weigh other than 1).
    Where none does, R type 7; else the smallest run time whose cumulated weight reaches the level.
    Every event has a run time.

    Of several ways this one was the fastest on 10 million events: a sum for each distinct run time
    first (the events made here have some 2,000), and a window over these alone. A window over all
    events took 6 to 16 times the CPU, sorted lists with the weighted events put in their places 2
    to 6 times.
    """
    reached = ", ".join(f"min(v) FILTER (c >= {level} * n - 1e-6)" for level in levels)
    return f"""d AS MATERIALIZED (SELECT {key} k, run_time v, sum(weight) w, bool_or(weight <> 1) m
            FROM {source} GROUP BY ALL),
        t AS MATERIALIZED ({totals}),
        sums AS (SELECT k, v, sum(w) OVER (PARTITION BY k ORDER BY v ROWS UNBOUNDED PRECEDING) c
            FROM d),
        uneven AS (SELECT k, [{reached}] q FROM sums JOIN t USING (k) WHERE m GROUP BY k),
        even AS (SELECT {key} k, quantile_cont(run_time, {levels}) q FROM {source}
            WHERE {key} IN (SELECT k FROM t WHERE NOT m) GROUP BY ALL),
        levels AS (SELECT t.*, coalesce(uneven.q, even.q) q
            FROM t LEFT JOIN uneven USING (k) LEFT JOIN even USING (k))"""
