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


def percentiles(
    key: str, levels: list[float], source: str = "events", also: str = "", margin: float = 0.01
) -> str:
    """CTEs, the last of them `levels`: rows `k` (the key), the columns `also` (`, a, b`), `n` (what
    its events weigh), and a list `q`.

    Where no event weighs other than 1, R type 7; else the smallest run time whose cumulated weight
    reaches the level. Every event has a run time.

    Of several ways this one was the fastest on 10 million events: percentiles without weights
    first, a `margin` below and above each level, then a window over what lies between these, and
    the rest as one sum. The margin is as narrow as leaves the answer right for the weights made
    here; twice as wide takes up to a fifth more. A window over distinct run times took 4 to 6 times
    the CPU, one over all events and lists with the weighted events put in their places more still.
    """
    edges = [edge for level in levels for edge in (level - margin, min(level + margin, 1))]
    cases = ["WHEN run_time < q[1] THEN '-infinity'::DOUBLE"]
    for place in range(1, len(levels) + 1):
        cases.append(f"WHEN run_time <= q[{2 * place}] THEN run_time")
        if place < len(levels):
            cases.append(f"WHEN run_time < q[{2 * place + 1}] THEN q[{2 * place}]")
    reached = ", ".join(f"min(v) FILTER (c >= {level} * n - 1e-6)" for level in levels)
    return f"""t AS MATERIALIZED (SELECT {key} k{also}, sum(weight) n, bool_or(weight <> 1) m,
            quantile_disc(run_time, {edges}) q FROM {source} GROUP BY ALL),
        d AS (SELECT k, n, CASE {" ".join(cases)} END v, sum(weight) w
            FROM (SELECT {key} k, run_time, weight FROM {source}) JOIN t USING (k)
            WHERE m AND run_time <= q[{len(edges)}] GROUP BY ALL),
        sums AS (SELECT k, n, v, sum(w) OVER (PARTITION BY k ORDER BY v ROWS UNBOUNDED PRECEDING) c
            FROM d),
        uneven AS (SELECT k, [{reached}] q FROM sums WHERE isfinite(v) GROUP BY k),
        even AS (SELECT {key} k, quantile_cont(run_time, {levels}) q FROM {source}
            WHERE {key} IN (SELECT k FROM t WHERE NOT m) GROUP BY ALL),
        levels AS (SELECT t.* EXCLUDE (q), coalesce(uneven.q, even.q) q
            FROM t LEFT JOIN uneven USING (k) LEFT JOIN even USING (k))"""
