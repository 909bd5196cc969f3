SELECT event, segment, groupArray(code) AS codes, sum(events) AS events, sum(count) AS run_times, multiIf(NOT (run_times BETWEEN 1 AND 100000), arrayResize([]::Array(Nullable(Float64)), 3), empty(groupArrayArray(100000)(weighted)), arrayReduce('quantilesExactInclusive(0.5, 0.9, 0.99)', groupArrayArray(100000)(plain)), arrayReduce('quantilesExactWeighted(0.499999999500, 0.899999999100, 0.989999999010)', arrayConcat(groupArrayArray(100000)(plain), groupArrayArray(100000)(weighted).1), arrayConcat(arrayWithConstant(length(groupArrayArray(100000)(plain)), toUInt64(1e9)), arrayMap(pair -> toUInt64(round(pair.2 * 1e9)), groupArrayArray(100000)(weighted))))) AS levels
FROM (
SELECT toString(any(name)) AS event, toString(any(value)) AS code, sum(weight) AS events, countIf(isNotNull(run)) AS count, groupArrayIf(100000)(assumeNotNull(run), isNotNull(run)
  AND weight = 1) AS plain, groupArrayIf(100000)((assumeNotNull(run), least(greatest(weight, 0), 1e7)), isNotNull(run)
  AND weight != 1) AS weighted
FROM /*each shard:*/(WITH ifNull(multiIf(isNotNull(properties.`run_time`.:String), concat('s', assumeNotNull(properties.`run_time`.:String)), isNotNull(properties.`run_time`), concat('j', toJSONString(properties.`run_time`)), toJSONString(properties.^`run_time`) != '{}', concat('j', toJSONString(properties.^`run_time`)), raw != '' AND JSONType(raw, {p0:String}) = 'Object', 'j{}', ''), '') AS e0
SELECT event AS name, library_version_code AS value, weight, run_time_number AS run
FROM events/*rows*/ FINAL
WHERE project = {p1:UInt32}
  AND time >= {p2:DateTime64(6, 'UTC')}
  AND time < {p3:DateTime64(6, 'UTC')}
  AND kind = 'track'/*:each shard*/)
GROUP BY CAST(sipHash64(name), 'UInt64'), CAST(sipHash64(value), 'UInt64'))
ARRAY JOIN if(startsWith(code, 'j['), if(empty(arrayMap(e -> multiIf(e = 'null', '', startsWith(e, '"'), concat('s', JSONExtractString(e)), concat('j', e)), JSONExtractArrayRaw(substring(code, 2)))), ['$none'], arrayDistinct(arrayMap(c -> if(c = '', '$none', substring(c, 2)), arrayMap(e -> multiIf(e = 'null', '', startsWith(e, '"'), concat('s', JSONExtractString(e)), concat('j', e)), JSONExtractArrayRaw(substring(code, 2)))))), [if(code = '', '$none', substring(code, 2))]) AS segment
GROUP BY event, segment
-- p0 = 'run_time'
-- p1 = 7
-- p2 = '2025-12-31 23:00:00.000000'
-- p3 = '2026-01-31 23:00:00.000000'

SELECT toString(event) AS event, segment, arrayMap(level -> toFloat64(level), quantilesTDigestWeightedMerge(0.5, 0.9, 0.99)(state)) AS levels
FROM (
SELECT event, code, quantilesTDigestWeightedState(0.5, 0.9, 0.99)(run, toUInt32(least(round(greatest(weight, 0) * 1000), 4e9))) AS state
FROM /*each shard:*/(WITH ifNull(multiIf(isNotNull(properties.`run_time`.:String), concat('s', assumeNotNull(properties.`run_time`.:String)), isNotNull(properties.`run_time`), concat('j', toJSONString(properties.`run_time`)), toJSONString(properties.^`run_time`) != '{}', concat('j', toJSONString(properties.^`run_time`)), raw != '' AND JSONType(raw, {p0:String}) = 'Object', 'j{}', ''), '') AS e0
SELECT event, toString(library_version_code) AS code, weight, assumeNotNull(run_time_number) AS run
FROM events/*rows*/ FINAL
WHERE project = {p1:UInt32}
  AND time >= {p2:DateTime64(6, 'UTC')}
  AND time < {p3:DateTime64(6, 'UTC')}
  AND kind = 'track'
  AND event IN {p5:Array(String)}
  AND library_version_code IN {p6:Array(String)}
  AND isNotNull(run_time_number)
  AND (toString(event), code) IN {p4:Array(Tuple(String, String))}/*:each shard*/)
GROUP BY event, code)
ARRAY JOIN if(startsWith(code, 'j['), if(empty(arrayMap(e -> multiIf(e = 'null', '', startsWith(e, '"'), concat('s', JSONExtractString(e)), concat('j', e)), JSONExtractArrayRaw(substring(code, 2)))), ['$none'], arrayDistinct(arrayMap(c -> if(c = '', '$none', substring(c, 2)), arrayMap(e -> multiIf(e = 'null', '', startsWith(e, '"'), concat('s', JSONExtractString(e)), concat('j', e)), JSONExtractArrayRaw(substring(code, 2)))))), [if(code = '', '$none', substring(code, 2))]) AS segment
GROUP BY event, segment
-- p0 = 'run_time'
-- p1 = 7
-- p2 = '2025-12-31 23:00:00.000000'
-- p3 = '2026-01-31 23:00:00.000000'
-- p4 = [('fit', 's1.0'), ("'; DROP TABLE events; --", '')]
-- p5 = ["'; DROP TABLE events; --", 'fit']
-- p6 = ['', 's1.0']
