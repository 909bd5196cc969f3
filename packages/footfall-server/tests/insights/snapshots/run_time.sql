SELECT toString(event) AS event, segment, sum(events) AS events, sum(run_times) AS run_times, min(even) AS even, max(startsWith(code, 'j[')) AS listed
FROM (WITH ifNull(multiIf(isNotNull(properties.`run_time`.:String), concat('s', assumeNotNull(properties.`run_time`.:String)), isNotNull(properties.`run_time`), concat('j', toJSONString(properties.`run_time`)), toJSONString(properties.^`run_time`) != '{}', concat('j', toJSONString(properties.^`run_time`)), raw != '' AND JSONType(raw, {p0:String}) = 'Object', 'j{}', ''), '') AS e0
SELECT event, toString(library_version_code) AS code, sum(weight) AS events, countIf(isNotNull(coalesce(toFloat64(properties.`run_time`.:Int64), properties.`run_time`.:Float64))) AS run_times, countIf(isNotNull(coalesce(toFloat64(properties.`run_time`.:Int64), properties.`run_time`.:Float64))
  AND weight != 1) = 0 AS even
FROM events FINAL
WHERE project = {p1:UInt32}
  AND time >= {p2:DateTime64(6, 'UTC')}
  AND time < {p3:DateTime64(6, 'UTC')}
  AND kind = 'track'
GROUP BY event, code)
ARRAY JOIN if(startsWith(code, 'j['), if(empty(arrayMap(e -> multiIf(e = 'null', '', startsWith(e, '"'), concat('s', JSONExtractString(e)), concat('j', e)), JSONExtractArrayRaw(substring(code, 2)))), ['$none'], arrayDistinct(arrayMap(c -> if(c = '', '$none', substring(c, 2)), arrayMap(e -> multiIf(e = 'null', '', startsWith(e, '"'), concat('s', JSONExtractString(e)), concat('j', e)), JSONExtractArrayRaw(substring(code, 2)))))), [if(code = '', '$none', substring(code, 2))]) AS segment
GROUP BY event, segment
-- p0 = 'run_time'
-- p1 = 7
-- p2 = '2025-12-31 23:00:00.000000'
-- p3 = '2026-01-31 23:00:00.000000'

SELECT toString(event) AS event, segment, arrayReduce('quantilesExactInclusive(0.5, 0.9, 0.99)', run_times) AS levels
FROM (
SELECT event, segment, groupArray(100001)(run) AS run_times
FROM (
SELECT event, if(code = '', '$none', substring(code, 2)) AS segment, run, weight
FROM (WITH ifNull(multiIf(isNotNull(properties.`run_time`.:String), concat('s', assumeNotNull(properties.`run_time`.:String)), isNotNull(properties.`run_time`), concat('j', toJSONString(properties.`run_time`)), toJSONString(properties.^`run_time`) != '{}', concat('j', toJSONString(properties.^`run_time`)), raw != '' AND JSONType(raw, {p0:String}) = 'Object', 'j{}', ''), '') AS e0
SELECT event, toString(library_version_code) AS code, weight, assumeNotNull(coalesce(toFloat64(properties.`run_time`.:Int64), properties.`run_time`.:Float64)) AS run
FROM events FINAL
WHERE project = {p1:UInt32}
  AND time >= {p2:DateTime64(6, 'UTC')}
  AND time < {p3:DateTime64(6, 'UTC')}
  AND kind = 'track'
  AND isNotNull(coalesce(toFloat64(properties.`run_time`.:Int64), properties.`run_time`.:Float64))))
GROUP BY event, segment)
-- p0 = 'run_time'
-- p1 = 7
-- p2 = '2025-12-31 23:00:00.000000'
-- p3 = '2026-01-31 23:00:00.000000'

SELECT toString(event) AS event, segment, if(length(run_times) > 100000, arrayMap(level -> toFloat64(level), digest), if(even, arrayReduce('quantilesExactInclusive(0.5, 0.9, 0.99)', run_times), arrayMap(at -> arrayElement(arraySort(arrayZip(run_times, weights)), arrayFirstIndex(reached -> reached >= at * arraySum(weights) * (1 - 1e-9), arrayCumSum(pair -> pair.2, arraySort(arrayZip(run_times, weights))))).1, [0.5, 0.9, 0.99]))) AS levels
FROM (
SELECT event, segment, groupArray(100001)(run) AS run_times, groupArray(100001)(weight) AS weights, min(weight) = 1
  AND max(weight) = 1 AS even, quantilesTDigestWeighted(0.5, 0.9, 0.99)(run, toUInt32(least(round(weight * 1000), 4e9))) AS digest
FROM (
SELECT event, one AS segment, run, weight
FROM (WITH ifNull(multiIf(isNotNull(properties.`run_time`.:String), concat('s', assumeNotNull(properties.`run_time`.:String)), isNotNull(properties.`run_time`), concat('j', toJSONString(properties.`run_time`)), toJSONString(properties.^`run_time`) != '{}', concat('j', toJSONString(properties.^`run_time`)), raw != '' AND JSONType(raw, {p0:String}) = 'Object', 'j{}', ''), '') AS e0
SELECT event, toString(library_version_code) AS code, weight, assumeNotNull(coalesce(toFloat64(properties.`run_time`.:Int64), properties.`run_time`.:Float64)) AS run
FROM events FINAL
WHERE project = {p1:UInt32}
  AND time >= {p2:DateTime64(6, 'UTC')}
  AND time < {p3:DateTime64(6, 'UTC')}
  AND kind = 'track'
  AND isNotNull(coalesce(toFloat64(properties.`run_time`.:Int64), properties.`run_time`.:Float64)))
ARRAY JOIN if(startsWith(code, 'j['), if(empty(arrayMap(e -> multiIf(e = 'null', '', startsWith(e, '"'), concat('s', JSONExtractString(e)), concat('j', e)), JSONExtractArrayRaw(substring(code, 2)))), ['$none'], arrayDistinct(arrayMap(c -> if(c = '', '$none', substring(c, 2)), arrayMap(e -> multiIf(e = 'null', '', startsWith(e, '"'), concat('s', JSONExtractString(e)), concat('j', e)), JSONExtractArrayRaw(substring(code, 2)))))), [if(code = '', '$none', substring(code, 2))]) AS one)
GROUP BY event, segment)
-- p0 = 'run_time'
-- p1 = 7
-- p2 = '2025-12-31 23:00:00.000000'
-- p3 = '2026-01-31 23:00:00.000000'
