SELECT 0 AS part, bucket, fold, segment_key, [levels0[1]] AS values, [count0] AS counts
FROM (
SELECT *, [[NULL, low0_0 + (high0_0 - low0_0) * (place0_0 - floor(place0_0)), near0_0[arrayFirstIndex(sum -> sum >= reached0_0 - first0_0 + 1, arrayCumSum(near0_0.2))].1][way0]] AS levels0
FROM (
SELECT *, arraySort(pair -> pair.1, arrayConcat(arrayMap(value -> (value, toFloat64(1)), arraySlice(ordered0, first0_0, greatest(wide0_0, 0))), weighted0)) AS near0_0
FROM (
SELECT *, ordered0[toInt64(floor(place0_0)) + 1] AS low0_0, ordered0[toInt64(ceil(place0_0)) + 1] AS high0_0, greatest(toInt64(ceil(reached0_0 - heavy0)), 1) AS first0_0, greatest(toInt64(ceil(reached0_0)), 1) - first0_0 + 1 AS wide0_0
FROM (
SELECT *, 0.9 * (length(plain0) - 1) AS place0_0, 0.899999999100 * (length(plain0) + heavy0) AS reached0_0
FROM (
SELECT *, arraySort(plain0) AS ordered0, arraySum(weighted0.2) AS heavy0, 1 + (count0 BETWEEN 1 AND 100000) * (2 - empty(weighted0)) AS way0
FROM (
SELECT bucket, 0 AS fold, '' AS segment_key, groupArrayIf(100000)(assumeNotNull(number0), isNotNull(number0)
  AND weight = 1) AS plain0, groupArrayIf(100000)((assumeNotNull(number0), least(greatest(weight, 0), 1e7)), isNotNull(number0)
  AND weight != 1) AS weighted0, countIf(isNotNull(number0)) AS count0
FROM /*each shard:*/(WITH ifNull(multiIf(isNotNull(properties.`run_time`.:String), concat('s', assumeNotNull(properties.`run_time`.:String)), isNotNull(properties.`run_time`), concat('j', toJSONString(properties.`run_time`)), toJSONString(properties.^`run_time`) != '{}', concat('j', toJSONString(properties.^`run_time`)), raw != '' AND JSONType(raw, {p0:String}) = 'Object', 'j{}', ''), '') AS e0
SELECT toInt64(toUnixTimestamp(time)) - (toInt64(toUnixTimestamp(time)) + timeZoneOffset(toTimeZone(time, {p1:String}))) % 3600 AS bucket, '' AS segment, install_key, weight, exception_occurred_code, run_time_number AS number0, e0 AS code0
FROM events/*rows*/ FINAL 
WHERE project = {p2:UInt32}
  AND time >= {p3:DateTime64(6, 'UTC')}
  AND time < {p4:DateTime64(6, 'UTC')}
  AND kind = 'track'/*:each shard*/)
GROUP BY bucket))))))
-- p0 = 'run_time'
-- p1 = 'Europe/Brussels'
-- p2 = 7
-- p3 = '2025-12-31 23:00:00.000000'
-- p4 = '2026-01-31 23:00:00.000000'
