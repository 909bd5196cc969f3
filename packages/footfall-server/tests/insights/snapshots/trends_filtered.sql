SELECT 0 AS part, bucket, fold, segment_key, [value0] AS values, [0] AS counts
FROM (
SELECT bucket, 0 AS fold, '' AS segment_key, toNullable(toFloat64(sum(weight))) AS value0
FROM /*each shard:*/(WITH ifNull(multiIf(isNotNull(properties.`p`.:String), concat('s', assumeNotNull(properties.`p`.:String)), isNotNull(properties.`p`), concat('j', toJSONString(properties.`p`)), toJSONString(properties.^`p`) != '{}', concat('j', toJSONString(properties.^`p`)), raw != '' AND JSONType(raw, {p4:String}) = 'Object', 'j{}', ''), '') AS e0, arrayMap(e -> multiIf(e = 'null', '', startsWith(e, '"'), concat('s', JSONExtractString(e)), concat('j', e)), JSONExtractArrayRaw(substring(e0, 2))) AS e1, ifNull(multiIf(isNotNull(properties.`run_time`.:String), concat('s', assumeNotNull(properties.`run_time`.:String)), isNotNull(properties.`run_time`), concat('j', toJSONString(properties.`run_time`)), toJSONString(properties.^`run_time`) != '{}', concat('j', toJSONString(properties.^`run_time`)), raw != '' AND JSONType(raw, {p7:String}) = 'Object', 'j{}', ''), '') AS e2, arrayMap(e -> multiIf(e = 'null', '', startsWith(e, '"'), concat('s', JSONExtractString(e)), concat('j', e)), JSONExtractArrayRaw(substring(e2, 2))) AS e3, arrayMap(e -> multiIf(e = 'null', '', startsWith(e, '"'), concat('s', JSONExtractString(e)), concat('j', e)), JSONExtractArrayRaw(substring(library_version_code, 2))) AS e4
SELECT toUInt16(toDate(time, {p0:String})) AS bucket, '' AS segment, install_key, weight, exception_occurred_code
FROM events/*rows*/ FINAL 
WHERE project = {p1:UInt32}
  AND time >= {p2:DateTime64(6, 'UTC')}
  AND time < {p3:DateTime64(6, 'UTC')}
  AND kind = 'track'
  AND multiIf(isNotNull(properties.`p`.:String), (concat('s', assumeNotNull(properties.`p`.:String)) IN {p5:Array(String)} OR ifNull(NULL = {p6:Float64}, 0)), startsWith(e0, 'j['), arrayExists(c -> (c IN {p5:Array(String)} OR ifNull(toFloat64OrNull(substring(c, 2 * startsWith(c, 'j'))) = {p6:Float64}, 0)), e1), (e0 IN {p5:Array(String)} OR ifNull(coalesce(toFloat64(properties.`p`.:Int64), properties.`p`.:Float64) = {p6:Float64}, 0)))
  AND (multiIf(isNotNull(properties.`run_time`.:String), ifNull(NULL >= {p8:Float64}, 0), startsWith(e2, 'j['), arrayExists(c -> ifNull(toFloat64OrNull(substring(c, 2 * startsWith(c, 'j'))) >= {p8:Float64}, 0), e3), ifNull(run_time_number >= {p8:Float64}, 0)) OR NOT ((startsWith(concat('s', install), 's')
  AND (startsWith(substring(concat('s', install), 2), {p9:String})))))
  AND multiIf(startsWith(library_version_code, 'j['), arrayExists(c -> c IN {p10:Array(String)}, e4), library_version_code IN {p10:Array(String)})/*:each shard*/)
GROUP BY bucket)
-- p0 = 'Europe/Brussels'
-- p1 = 7
-- p2 = '2025-12-31 23:00:00.000000'
-- p3 = '2026-01-31 23:00:00.000000'
-- p4 = 'p'
-- p5 = ['sa', 'j7', 'j2.5', 'jtrue']
-- p6 = 2.5
-- p7 = 'run_time'
-- p8 = 1.0
-- p9 = 'x'
-- p10 = ['s1.0', 's2.0']
