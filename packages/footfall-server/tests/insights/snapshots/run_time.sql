SELECT event, segment, codes, events, count AS run_times, levels AS levels
FROM (
SELECT *, [[NULL, low_0 + (high_0 - low_0) * (place_0 - floor(place_0)), near_0[arrayFirstIndex(sum -> sum >= reached_0 - first_0 + 1, arrayCumSum(near_0.2))].1][way], [NULL, low_1 + (high_1 - low_1) * (place_1 - floor(place_1)), near_1[arrayFirstIndex(sum -> sum >= reached_1 - first_1 + 1, arrayCumSum(near_1.2))].1][way], [NULL, low_2 + (high_2 - low_2) * (place_2 - floor(place_2)), near_2[arrayFirstIndex(sum -> sum >= reached_2 - first_2 + 1, arrayCumSum(near_2.2))].1][way]] AS levels
FROM (
SELECT *, arraySort(pair -> pair.1, arrayConcat(arrayMap(value -> (value, toFloat64(1)), arraySlice(ordered, first_0, greatest(wide_0, 0))), weighted)) AS near_0, arraySort(pair -> pair.1, arrayConcat(arrayMap(value -> (value, toFloat64(1)), arraySlice(ordered, first_1, greatest(wide_1, 0))), weighted)) AS near_1, arraySort(pair -> pair.1, arrayConcat(arrayMap(value -> (value, toFloat64(1)), arraySlice(ordered, first_2, greatest(wide_2, 0))), weighted)) AS near_2
FROM (
SELECT *, ordered[toInt64(floor(place_0)) + 1] AS low_0, ordered[toInt64(ceil(place_0)) + 1] AS high_0, greatest(toInt64(ceil(reached_0 - heavy)), 1) AS first_0, greatest(toInt64(ceil(reached_0)), 1) - first_0 + 1 AS wide_0, ordered[toInt64(floor(place_1)) + 1] AS low_1, ordered[toInt64(ceil(place_1)) + 1] AS high_1, greatest(toInt64(ceil(reached_1 - heavy)), 1) AS first_1, greatest(toInt64(ceil(reached_1)), 1) - first_1 + 1 AS wide_1, ordered[toInt64(floor(place_2)) + 1] AS low_2, ordered[toInt64(ceil(place_2)) + 1] AS high_2, greatest(toInt64(ceil(reached_2 - heavy)), 1) AS first_2, greatest(toInt64(ceil(reached_2)), 1) - first_2 + 1 AS wide_2
FROM (
SELECT *, 0.5 * (length(plain) - 1) AS place_0, 0.499999999500 * (length(plain) + heavy) AS reached_0, 0.9 * (length(plain) - 1) AS place_1, 0.899999999100 * (length(plain) + heavy) AS reached_1, 0.99 * (length(plain) - 1) AS place_2, 0.989999999010 * (length(plain) + heavy) AS reached_2
FROM (
SELECT *, arraySort(plain) AS ordered, arraySum(weighted.2) AS heavy, 1 + (count BETWEEN 1 AND 100000) * (2 - empty(weighted)) AS way
FROM (
SELECT event, segment, groupArray(code) AS codes, sum(events) AS events, sum(count) AS count, groupArrayArray(100000)(plain) AS plain, groupArrayArray(100000)(weighted) AS weighted
FROM (
SELECT toString(any(name)) AS event, toString(any(value)) AS code, sum(weight) AS events, groupArrayIf(100000)(assumeNotNull(run), isNotNull(run)
  AND weight = 1) AS plain, groupArrayIf(100000)((assumeNotNull(run), least(greatest(weight, 0), 1e7)), isNotNull(run)
  AND weight != 1) AS weighted, countIf(isNotNull(run)) AS count
FROM /*each shard:*/(WITH ifNull(multiIf(isNotNull(properties.`run_time`.:String), concat('s', assumeNotNull(properties.`run_time`.:String)), isNotNull(properties.`run_time`), concat('j', toJSONString(properties.`run_time`)), toJSONString(properties.^`run_time`) != '{}', concat('j', toJSONString(properties.^`run_time`)), raw != '' AND JSONType(raw, {p0:String}) = 'Object', 'j{}', ''), '') AS e0
SELECT event AS name, library_version_code AS value, weight, run_time_number AS run
FROM events/*rows*/ FINAL
WHERE project = {p1:UInt32}
  AND time >= {p2:DateTime64(6, 'UTC')}
  AND time < {p3:DateTime64(6, 'UTC')}
  AND kind = 'track'/*:each shard*/)
GROUP BY CAST(sipHash64(name), 'UInt64'), CAST(sipHash64(value), 'UInt64'))
ARRAY JOIN if(startsWith(code, 'j['), if(empty(arrayMap(e -> multiIf(e = 'null', '', startsWith(e, '"'), concat('s', JSONExtractString(e)), concat('j', e)), JSONExtractArrayRaw(substring(code, 2)))), ['$none'], arrayDistinct(arrayMap(c -> if(c = '', '$none', substring(c, 2)), arrayMap(e -> multiIf(e = 'null', '', startsWith(e, '"'), concat('s', JSONExtractString(e)), concat('j', e)), JSONExtractArrayRaw(substring(code, 2)))))), [if(code = '', '$none', substring(code, 2))]) AS segment
GROUP BY event, segment))))))
-- p0 = 'run_time'
-- p1 = 7
-- p2 = '2025-12-31 23:00:00.000000'
-- p3 = '2026-01-31 23:00:00.000000'

SELECT event, segment, arrayMap(level -> toNullable(level), quantilesExactWeightedMerge(0.5, 0.9, 0.99)(state)) AS levels
FROM (
SELECT toString(any(name)) AS event, toString(any(value)) AS code, quantilesExactWeightedState(0.5, 0.9, 0.99)(greatest(least(reinterpretAsFloat64(bitAnd(reinterpretAsUInt64(assumeNotNull(run)) + 4398046511104, 18446735277616529408)), 1.7976931348623157e+308), -1.7976931348623157e+308), toUInt32(least(round(greatest(weight, 0) * 1000), 4e9))) AS state
FROM /*each shard:*/(WITH ifNull(multiIf(isNotNull(properties.`run_time`.:String), concat('s', assumeNotNull(properties.`run_time`.:String)), isNotNull(properties.`run_time`), concat('j', toJSONString(properties.`run_time`)), toJSONString(properties.^`run_time`) != '{}', concat('j', toJSONString(properties.^`run_time`)), raw != '' AND JSONType(raw, {p0:String}) = 'Object', 'j{}', ''), '') AS e0
SELECT event AS name, library_version_code AS value, weight, run_time_number AS run
FROM events/*rows*/ FINAL
WHERE project = {p1:UInt32}
  AND time >= {p2:DateTime64(6, 'UTC')}
  AND time < {p3:DateTime64(6, 'UTC')}
  AND kind = 'track'
  AND event IN {p5:Array(String)}
  AND library_version_code IN {p6:Array(String)}
  AND isNotNull(run_time_number)/*:each shard*/)
GROUP BY CAST(sipHash64(name), 'UInt64'), CAST(sipHash64(value), 'UInt64') HAVING (event, code) IN {p4:Array(Tuple(String, String))})
ARRAY JOIN if(startsWith(code, 'j['), if(empty(arrayMap(e -> multiIf(e = 'null', '', startsWith(e, '"'), concat('s', JSONExtractString(e)), concat('j', e)), JSONExtractArrayRaw(substring(code, 2)))), ['$none'], arrayDistinct(arrayMap(c -> if(c = '', '$none', substring(c, 2)), arrayMap(e -> multiIf(e = 'null', '', startsWith(e, '"'), concat('s', JSONExtractString(e)), concat('j', e)), JSONExtractArrayRaw(substring(code, 2)))))), [if(code = '', '$none', substring(code, 2))]) AS segment
GROUP BY event, segment
-- p0 = 'run_time'
-- p1 = 7
-- p2 = '2025-12-31 23:00:00.000000'
-- p3 = '2026-01-31 23:00:00.000000'
-- p4 = [('fit', 's1.0'), ("'; DROP TABLE events; --", '')]
-- p5 = ["'; DROP TABLE events; --", 'fit']
-- p6 = ['', 's1.0']
