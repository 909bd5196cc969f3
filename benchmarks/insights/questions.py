"""The questions: as a query, and as SQL of DuckDB with the same answer; None where it isn't asked.

DuckDB has one flat table without repeats, with types and a hash of the install made beforehand, so
it neither looks for repeats nor reads JSON; its times are plain TIMESTAMPs in UTC, which it cuts
into weeks eight times as fast as those with a timezone. No install has two events at one moment, so
the client's order isn't needed either. The columns of an answer have our rows' names, so both are
compared (`same.py`). Not asked of it is what is arithmetic on a few numbers of the answer: Wilson's
intervals, whether a version regresses, averages over cohorts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from benchmarks.insights.sql import FUNNEL, MINOR, PYTHONS, RECENT, VERSIONS, WALKS, percentiles

YEAR = {"from": "2025-07-01", "to": "2026-06-30"}
LAST = {"from": "2026-04-02", "to": "2026-06-30"}
Rows = list[dict[str, Any]]


def _rows(answer: dict[str, Any]) -> Rows:
    rows: Rows = answer["rows"]
    return rows


@dataclass(frozen=True)
class Question:
    """A question by name: the query (None: all that the overview page asks), the peer's SQL.

    `keys` name the columns that tell the answer's rows apart (`a b c`), `measures` those that are
    compared; of these `percentiles` may be approximate where our answer says so. `rows` makes rows
    like the peer's of our answer (`{"rows", "meta"}`). `easier`: SQL that answers less than is
    asked, after what it leaves out. `kept`: the answers that the server keeps are taken for hot
    ones, while nothing comes in or while today's events do.
    """

    name: str
    query: dict[str, Any] | None
    sql: str | None
    keys: str = ""
    measures: str = "value"
    percentiles: str = ""
    rows: Callable[[dict[str, Any]], Rows] = _rows
    easier: tuple[str, str] | None = None
    kept: Literal["", "quiet", "today"] = ""


def _trend(**series: Any) -> dict[str, Any]:
    return {"report": "trends", **YEAR, "interval": "week", "series": [series]}


def _funnel(answer: dict[str, Any]) -> Rows:
    """Steps, and the time to convert, as rows of what, at which step or bar, and how much."""
    found = []
    for row in answer["rows"]:
        gap = row["median_seconds_from_previous"]
        found += [("count", row["step"], row["count"]), ("gap", row["step"], gap)]
    times = answer["meta"]["time_to_convert"]
    found += [("p50", 0, times["p50"]), ("p90", 0, times["p90"])]
    found += [("bar", upper, count) for upper, count in times["histogram"]]
    return [dict(zip(("what", "at", "value"), one, strict=True)) for one in found]


QUESTIONS = [
    Question(
        "trends: calls by week",
        _trend(measure="total"),
        "SELECT date_trunc('week', time) bucket, sum(weight) \"value\" FROM events GROUP BY bucket",
        keys="bucket",
    ),
    Question(
        "trends: installs by week",
        _trend(measure="unique"),
        "SELECT date_trunc('week', time) bucket, count(DISTINCT install_key) \"value\" "
        "FROM events GROUP BY bucket",
        keys="bucket",
    ),
    Question(
        "trends: installs by week and version",
        _trend(measure="unique") | {"breakdown": ["library_version"], "limit": 6},
        """WITH top AS (SELECT library_version FROM events GROUP BY 1
            ORDER BY sum(weight) DESC, library_version LIMIT 6)
        SELECT date_trunc('week', time) bucket, CASE WHEN library_version IN (FROM top)
            THEN library_version ELSE '$other' END segment, count(DISTINCT install_key) "value"
        FROM events GROUP BY bucket, segment""",
        keys="bucket segment",
    ),
    Question(
        "trends: median run time by week",
        _trend(measure="p50", property="run_time"),
        f"""WITH {percentiles("date_trunc('week', time)", [0.5])}
        SELECT k bucket, q[1] "value" FROM levels""",
        keys="bucket",
        percentiles="value",
        easier=(
            "without weights",
            "SELECT date_trunc('week', time) w, quantile_cont(run_time, 0.5) FROM events "
            "GROUP BY w",
        ),
    ),
    Question(
        "trends: monthly actives by week",
        _trend(measure="mau"),
        # An install counts from an active day on, until 30 days later or its next one: half the CPU
        # of joining the days of each window.
        """WITH days AS (SELECT DISTINCT install_key, time::DATE d FROM events),
        spans AS (SELECT d, least(d + 30, lead(d, 1, DATE '2100-01-01') OVER (
            PARTITION BY install_key ORDER BY d)) e FROM days),
        changes AS (SELECT d, count(*) n FROM spans GROUP BY d
            UNION ALL SELECT e, -count(*) FROM spans GROUP BY e),
        active AS (SELECT d, sum(sum(n)) OVER (ORDER BY d) n FROM changes GROUP BY d),
        weeks AS (SELECT DISTINCT date_trunc('week', d) bucket,
            least(date_trunc('week', d)::DATE + 6, DATE '2026-06-30') e
            FROM changes WHERE d <= '2026-06-30')
        SELECT bucket, n "value" FROM weeks ASOF JOIN active ON e >= d""",
        keys="bucket",
    ),
    Question(
        "events_table, 90 days",
        {"report": "events_table", **LAST},
        f"""WITH recent AS NOT MATERIALIZED ({RECENT}),
        {percentiles("event", [0.5, 0.9], "recent")},
        now AS (SELECT event, sum(weight) n, count(DISTINCT install_key) i,
            sum(weight) FILTER (exception_occurred) x, min(time) f, max(time) l
            FROM recent GROUP BY event),
        past AS (SELECT event, sum(weight) p FROM events
            WHERE time >= '2026-01-02' AND time < '2026-04-02' GROUP BY event)
        SELECT now.event, now.n total, i "unique", now.n / i per_install, q[1] p50, q[2] p90,
            x / now.n error_rate, f first_seen, l last_seen, (now.n - p) / p change
        FROM now JOIN levels ON k = now.event LEFT JOIN past ON past.event = now.event""",
        keys="event",
        measures="total unique per_install p50 p90 error_rate first_seen last_seen change",
        percentiles="p50 p90",
        easier=(
            "without weights",
            """WITH now AS (SELECT event, sum(weight) n, count(DISTINCT install_key) i,
                quantile_cont(run_time, [0.5, 0.9]) q, sum(weight) FILTER (exception_occurred) x,
                min(time), max(time) FROM events WHERE time >= '2026-04-02' GROUP BY event),
            past AS (SELECT event, sum(weight) p FROM events
                WHERE time >= '2026-01-02' AND time < '2026-04-02' GROUP BY event)
            SELECT *, n / i, x / n, n / p - 1 FROM now LEFT JOIN past USING (event)""",
        ),
    ),
    Question(
        "adoption by week",
        {"report": "adoption", **YEAR, "interval": "week"},
        f"""WITH {VERSIONS}, newest AS (SELECT date_trunc('week', time) w, install_key, max(r) r
            FROM events JOIN v USING (library_version) GROUP BY w, install_key),
        counted AS (SELECT w, r, count(*) n FROM newest GROUP BY w, r)
        SELECT w bucket, library_version "value", n installs,
            n / sum(n) OVER (PARTITION BY w) AS share
        FROM counted JOIN v USING (r)""",
        keys="bucket value",
        measures="installs share",
    ),
    Question(
        "adoption of systems by week",
        {"report": "adoption", **YEAR, "interval": "week", "by": "os_type"},
        """WITH last AS (SELECT date_trunc('week', time) w, install_key, arg_max(os_type, time) o
            FROM events GROUP BY w, install_key),
        counted AS (SELECT w, o, count(*) n FROM last GROUP BY w, o)
        SELECT w bucket, o "value", n installs, n / sum(n) OVER (PARTITION BY w) AS share
        FROM counted""",
        keys="bucket value",
        measures="installs share",
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
        SELECT library_version "value", n events, x errors, x / n rate, own.i installs,
            own.f installs_with_error, own.f / own.i install_rate,
            CASE WHEN baseline.i >= 30 THEN baseline.f / baseline.i END baseline_rate
        FROM own JOIN v USING (r) LEFT JOIN baseline USING (r)""",
        keys="value",
        measures="events errors rate installs installs_with_error install_rate baseline_rate",
    ),
    Question(
        "exceptions",
        {"report": "exceptions", **YEAR},
        f"""WITH {VERSIONS}, seen AS (SELECT exception_type, sum(weight) events,
            count(DISTINCT install_key) installs, min(r) a, max(r) b, min(time) first_seen,
            max(time) last_seen
            FROM events JOIN v USING (library_version) WHERE exception_occurred GROUP BY 1)
        SELECT seen.*, low.library_version first_version, high.library_version last_version
        FROM seen JOIN v low ON low.r = a JOIN v high ON high.r = b""",
        keys="exception_type",
        measures="events installs first_version last_version first_seen last_seen",
    ),
    Question(
        "run_time by version",
        {"report": "run_time", **YEAR},
        # Pairs are of few events, among which one with a weight moves a percentile further.
        f"""WITH {
            percentiles(
                "hash(library_version, event)",
                [0.5, 0.9, 0.99],
                also=", library_version, event",
                margin=0.02,
            )
        }
        SELECT library_version "value", event, n events, q[1] p50, q[2] p90, q[3] p99
        FROM levels""",
        keys="value event",
        measures="events p50 p90 p99",
        percentiles="p50 p90 p99",
        easier=(
            "without weights",
            "SELECT library_version, event, sum(weight), quantile_cont(run_time, [0.5, 0.9, 0.99]) "
            "FROM events GROUP BY library_version, event",
        ),
    ),
    Question(
        "support_matrix",
        {"report": "support_matrix", **YEAR, "granularity": "minor"},
        f"""WITH last AS (SELECT install_key,
            arg_max((python_version, library_version), time) c FROM events GROUP BY install_key),
        counted AS (SELECT c, count(*) n FROM last GROUP BY c)
        SELECT {MINOR.format("c[1]")} "row", {MINOR.format("c[2]")} "column", sum(n) installs,
            sum(n) / sum(sum(n)) OVER () AS share
        FROM counted GROUP BY "row", "column\"""",
        keys="row column",
        measures="installs share",
    ),
    Question(
        "drop_cost",
        {"report": "drop_cost", **YEAR, "values": ["3.9"]},
        f"""WITH {PYTHONS}, weekly AS (SELECT install_key,
            (DATE '2026-06-30' - time::DATE) // 7 AS w, max(r) r
            FROM events JOIN p USING (python_version)
            WHERE time >= '2026-04-08' AND NOT ephemeral GROUP BY ALL),
        four AS (SELECT install_key, max(r) r FROM weekly WHERE w < 4 GROUP BY install_key),
        counted AS (SELECT w, r, count(*) n FROM weekly GROUP BY w, r
            UNION ALL SELECT 12, r, count(*) FROM four GROUP BY r),
        shares AS (SELECT w, sum(n) n, sum(n) FILTER (starts_with(python_version, '3.9.')) u
            FROM counted JOIN p USING (r) GROUP BY w)
        SELECT '3.9' "value", max(u) FILTER (w = 12) installs,
            max(u / n) FILTER (w = 12) AS share,
            regr_slope(u / n, -w) FILTER (w < 12) trend_per_week FROM shares""",
        keys="value",
        measures="installs share trend_per_week",
    ),
    Question(
        "traction",
        {"report": "traction", **YEAR},
        f"""WITH {VERSIONS}, used AS (SELECT install_key, date_trunc('week', time) w, max(r) r
            FROM events JOIN v USING (library_version) GROUP BY ALL),
        began AS (SELECT install_key, min(w) b FROM used GROUP BY install_key),
        counted AS (SELECT w, r, count(*) n, count(*) FILTER (w = b) born,
            count(*) FILTER (w = b + INTERVAL 28 DAY) back
            FROM used JOIN began USING (install_key) GROUP BY w, r),
        weeks AS (SELECT w, sum(n) n, sum(born) born, sum(back) back FROM counted GROUP BY w),
        told AS (
            SELECT 'weekly_active_installs' metric, w bucket, NULL segment, n "value" FROM weeks
            UNION ALL SELECT 'new_installs', w, NULL, born FROM weeks
            UNION ALL SELECT 'growth', one.w, NULL, (one.n - old.n) / old.n
                FROM weeks one JOIN weeks old ON old.w = one.w - INTERVAL 28 DAY
            UNION ALL SELECT 'retention', one.w, NULL, later.back / one.born
                FROM weeks one JOIN weeks later ON later.w = one.w + INTERVAL 28 DAY
                WHERE later.w < '2026-06-29' AND one.born > 0
            UNION ALL SELECT 'weekly_active_installs_by_version', w,
                {MINOR.format("library_version")} minor, sum(n)
                FROM counted JOIN v USING (r) GROUP BY w, minor)
        FROM told WHERE bucket BETWEEN '2025-07-07' AND '2026-06-22'""",
        keys="metric bucket segment",
    ),
    Question(
        "funnel of three steps",
        {"report": "funnel", **YEAR, "steps": [{"event": f"event {place}"} for place in (1, 2, 3)]},
        f"""{FUNNEL}, times AS (SELECT epoch_us(u) - epoch_us(t) first, epoch_us(x) - epoch_us(u)
            AS second FROM b LEFT JOIN c USING (i, t, u)),
        told AS (SELECT (SELECT count(*) FROM a) a, count(*) b, count(second) c,
            quantile_cont(first / 1e6, 0.5) g, quantile_cont(second / 1e6, 0.5) h,
            quantile_cont((first + second) / 1e6, [0.5, 0.9]) q,
            histogram((first + second) / 1e6, [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800,
                3600, 7200, 14400, 28800, 43200, 86400, 172800, 259200, 432000, 604800]) bars
            FROM times)
        SELECT unnest(['count', 'count', 'count', 'gap', 'gap', 'p50', 'p90']) what,
            unnest([1, 2, 3, 2, 3, 0, 0]) AS "at", unnest([a, b, c, g, h, q[1], q[2]]) "value"
            FROM told
        UNION ALL SELECT 'bar', unnest(map_keys(bars)), unnest(map_values(bars)) FROM told""",
        keys="what at",
        rows=_funnel,
        easier=(
            "counts alone",
            f"{FUNNEL} SELECT (SELECT count(*) FROM a), (SELECT count(*) FROM b), "
            "(SELECT count(*) FROM c)",
        ),
    ),
    Question(
        "retention by week",
        {"report": "retention", **YEAR, "unit": "week", "brackets": 12},
        """WITH used AS (SELECT DISTINCT install_key, date_trunc('week', time) w FROM events),
        began AS (SELECT install_key, min(w) b FROM used GROUP BY install_key),
        counted AS (SELECT b, date_diff('week', b, w) k, count(*) n
            FROM used JOIN began USING (install_key) GROUP BY b, k HAVING k < 12),
        cells AS (SELECT b, n AS size, unnest(range(12)) k FROM counted WHERE k = 0),
        known AS (SELECT cells.*, CASE WHEN b + to_weeks((k + 1)::INT) <= '2026-07-01'
            THEN coalesce(n, 0) END n FROM cells LEFT JOIN counted USING (b, k))
        SELECT b cohort, k bracket, size, n "count", n / size rate FROM known""",
        keys="cohort bracket",
        measures="size count rate",
    ),
    Question(
        "lifecycle by week",
        {"report": "lifecycle", **YEAR, "interval": "week"},
        """WITH used AS (SELECT DISTINCT install_key, date_trunc('week', time) w FROM events),
        near AS (SELECT w, lag(w) OVER p AS before, lead(w) OVER p AS after FROM used
            WINDOW p AS (PARTITION BY install_key ORDER BY w)),
        counted AS (SELECT w, count(*) FILTER (before IS NULL) a,
            count(*) FILTER (before = w - INTERVAL 7 DAY) b,
            count(*) FILTER (before < w - INTERVAL 7 DAY) c,
            count(*) FILTER (after IS NULL OR after > w + INTERVAL 7 DAY) gone
            FROM near GROUP BY w)
        SELECT w bucket, unnest(['new', 'returning', 'resurrected']) state,
            unnest([a, b, c]) "count" FROM counted
        UNION ALL SELECT w + INTERVAL 7 DAY, 'dormant', -gone FROM counted WHERE w < '2026-06-29'
        """,
        keys="bucket state",
        measures="count",
    ),
    Question(
        "stickiness",
        {"report": "stickiness", **YEAR},
        """WITH days AS (SELECT install_key, count(DISTINCT time::DATE) d FROM events GROUP BY 1)
        SELECT d AS days, count(*) installs FROM days GROUP BY d""",
        keys="days",
        measures="installs",
    ),
    Question(
        "flows, 90 days",
        {"report": "flows", **LAST, "anchor": "event 1", "depth": 3, "fold_repeats": False},
        f"""{WALKS}, links AS (SELECT step, event, next, count(*) n FROM walks WHERE step < 3
            GROUP BY ALL),
        reached AS (SELECT step + 1 AS step, next AS event, sum(n) n FROM links
            WHERE next IS NOT NULL GROUP BY ALL),
        top AS (FROM reached
            QUALIFY row_number() OVER (PARTITION BY step ORDER BY n DESC, event) <= 5)
        SELECT one.step, CASE WHEN one.step = 0 OR a.event IS NOT NULL THEN one.event
                ELSE '$other' END "from",
            CASE WHEN next IS NULL THEN '$end' WHEN b.event IS NOT NULL THEN next
                ELSE '$other' END "to", sum(one.n) "count"
        FROM links one LEFT JOIN top a ON a.step = one.step AND a.event = one.event
            LEFT JOIN top b ON b.step = one.step + 1 AND b.event = next
        GROUP BY ALL""",
        keys="step from to",
        measures="count",
    ),
    Question(
        "paths, 90 days",
        {"report": "paths", **LAST, "anchor": "event 1", "depth": 3, "fold_repeats": False},
        f"""{WALKS}, paths AS (SELECT install_key, s, string_agg(event, ' > ' ORDER BY step) p
            FROM walks GROUP BY install_key, s)
        SELECT p path, count(*) "count", count(DISTINCT install_key) installs FROM paths
        GROUP BY p ORDER BY "count" DESC, p LIMIT 20""",
        keys="path",
        measures="count installs",
    ),
    Question("overview page, 90 days", None, None),
    Question("the same again, with new events of today", None, None, kept="today"),
    Question("the same again, nothing new", None, None, kept="quiet"),
]
