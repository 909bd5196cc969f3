SELECT now.event AS event, total, unique, per_install, error_rate, first_seen, last_seen, levels[1] AS p50, levels[2] AS p90, count AS run_times, then.total AS before
FROM (
SELECT *, [[NULL, low_0 + (high_0 - low_0) * (place_0 - floor(place_0)), near_0[arrayFirstIndex(sum -> sum >= reached_0 - first_0 + 1, arrayCumSum(near_0.2))].1][way], [NULL, low_1 + (high_1 - low_1) * (place_1 - floor(place_1)), near_1[arrayFirstIndex(sum -> sum >= reached_1 - first_1 + 1, arrayCumSum(near_1.2))].1][way]] AS levels
FROM (
SELECT *, arraySort(pair -> pair.1, arrayConcat(arrayMap(value -> (value, toFloat64(1)), arraySlice(ordered, first_0, greatest(wide_0, 0))), weighted)) AS near_0, arraySort(pair -> pair.1, arrayConcat(arrayMap(value -> (value, toFloat64(1)), arraySlice(ordered, first_1, greatest(wide_1, 0))), weighted)) AS near_1
FROM (
SELECT *, ordered[toInt64(floor(place_0)) + 1] AS low_0, ordered[toInt64(ceil(place_0)) + 1] AS high_0, greatest(toInt64(ceil(reached_0 - heavy)), 1) AS first_0, greatest(toInt64(ceil(reached_0)), 1) - first_0 + 1 AS wide_0, ordered[toInt64(floor(place_1)) + 1] AS low_1, ordered[toInt64(ceil(place_1)) + 1] AS high_1, greatest(toInt64(ceil(reached_1 - heavy)), 1) AS first_1, greatest(toInt64(ceil(reached_1)), 1) - first_1 + 1 AS wide_1
FROM (
SELECT *, 0.5 * (length(plain) - 1) AS place_0, 0.499999999500 * (length(plain) + heavy) AS reached_0, 0.9 * (length(plain) - 1) AS place_1, 0.899999999100 * (length(plain) + heavy) AS reached_1
FROM (
SELECT *, arraySort(plain) AS ordered, arraySum(weighted.2) AS heavy, 1 + (count BETWEEN 1 AND 100000) * (2 - empty(weighted)) AS way
FROM (
SELECT toString(event) AS event, toNullable(toFloat64(sum(weight))) AS total, toNullable(toFloat64(uniqExact(install_key))) AS unique, toNullable(toFloat64(sum(weight) / nullIf(uniqExact(install_key), 0))) AS per_install, toNullable(toFloat64(sumIf(weight, exception_occurred_code = 'jtrue') / nullIf(sum(weight), 0))) AS error_rate, groupArrayIf(100000)(assumeNotNull(run), isNotNull(run)
  AND weight = 1) AS plain, groupArrayIf(100000)((assumeNotNull(run), least(greatest(weight, 0), 1e7)), isNotNull(run)
  AND weight != 1) AS weighted, countIf(isNotNull(run)) AS count, toUnixTimestamp64Micro(min(time)) AS first_seen, toUnixTimestamp64Micro(max(time)) AS last_seen
FROM /*each shard:*/(WITH ifNull(multiIf(isNotNull(properties.`run_time`.:String), concat('s', assumeNotNull(properties.`run_time`.:String)), isNotNull(properties.`run_time`), concat('j', toJSONString(properties.`run_time`)), toJSONString(properties.^`run_time`) != '{}', concat('j', toJSONString(properties.^`run_time`)), raw != '' AND JSONType(raw, {p3:String}) = 'Object', 'j{}', ''), '') AS e0
SELECT event, time, install_key, weight, exception_occurred_code, run_time_number AS run
FROM events/*rows*/ FINAL
WHERE project = {p0:UInt32}
  AND time >= {p1:DateTime64(6, 'UTC')}
  AND time < {p2:DateTime64(6, 'UTC')}
  AND kind = 'track'/*:each shard*/)
GROUP BY event)))))) AS now
LEFT JOIN (WITH ifNull(multiIf(isNotNull(properties.`run_time`.:String), concat('s', assumeNotNull(properties.`run_time`.:String)), isNotNull(properties.`run_time`), concat('j', toJSONString(properties.`run_time`)), toJSONString(properties.^`run_time`) != '{}', concat('j', toJSONString(properties.^`run_time`)), raw != '' AND JSONType(raw, {p3:String}) = 'Object', 'j{}', ''), '') AS e0
SELECT toString(event) AS event, sum(weight) AS total
FROM events/*rows*/ FINAL
WHERE project = {p0:UInt32}
  AND time >= {p4:DateTime64(6, 'UTC')}
  AND time < {p1:DateTime64(6, 'UTC')}
  AND kind = 'track'
GROUP BY event) AS then ON now.event = then.event
ORDER BY round(now.total, 6) DESC, event
-- p0 = 7
-- p1 = '2025-12-31 23:00:00.000000'
-- p2 = '2026-01-31 23:00:00.000000'
-- p3 = 'run_time'
-- p4 = '2025-11-30 23:00:00.000000'
