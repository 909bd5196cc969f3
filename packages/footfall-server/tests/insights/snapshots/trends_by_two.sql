SELECT segment, max(listed) OVER () AS lists
FROM (
SELECT segment, sum(events) AS events, max(startsWith(c0, 'j[') OR startsWith(c1, 'j[')) AS listed
FROM (
SELECT *
FROM /*each shard:*/(WITH ifNull(multiIf(isNotNull(properties.`p`.:String), concat('s', assumeNotNull(properties.`p`.:String)), isNotNull(properties.`p`), concat('j', toJSONString(properties.`p`)), toJSONString(properties.^`p`) != '{}', concat('j', toJSONString(properties.^`p`)), raw != '' AND JSONType(raw, {p0:String}) = 'Object', 'j{}', ''), '') AS e0
SELECT library_version_code AS c0, e0 AS c1, sum(weight) * 1 AS events
FROM events/*rows*/ FINAL
WHERE project = {p1:UInt32}
  AND time >= {p2:DateTime64(6, 'UTC')}
  AND time < {p3:DateTime64(6, 'UTC')}
  AND kind = 'track'
GROUP BY c0, c1/*:each shard*/))
ARRAY JOIN arrayFlatten(arrayMap(l -> arrayMap(a -> concat(l, '\0', a), if(startsWith(c1, 'j['), if(empty(arrayMap(e -> multiIf(e = 'null', '', startsWith(e, '"'), concat('s', JSONExtractString(e)), concat('j', e)), JSONExtractArrayRaw(substring(c1, 2)))), ['$none'], arrayDistinct(arrayMap(c -> if(c = '', '$none', substring(c, 2)), arrayMap(e -> multiIf(e = 'null', '', startsWith(e, '"'), concat('s', JSONExtractString(e)), concat('j', e)), JSONExtractArrayRaw(substring(c1, 2)))))), [if(c1 = '', '$none', substring(c1, 2))])), if(startsWith(c0, 'j['), if(empty(arrayMap(e -> multiIf(e = 'null', '', startsWith(e, '"'), concat('s', JSONExtractString(e)), concat('j', e)), JSONExtractArrayRaw(substring(c0, 2)))), ['$none'], arrayDistinct(arrayMap(c -> if(c = '', '$none', substring(c, 2)), arrayMap(e -> multiIf(e = 'null', '', startsWith(e, '"'), concat('s', JSONExtractString(e)), concat('j', e)), JSONExtractArrayRaw(substring(c0, 2)))))), [if(c0 = '', '$none', substring(c0, 2))]))) AS segment
GROUP BY segment)
ORDER BY round(events, 6) DESC, segment LIMIT {p4:UInt32}
-- p0 = 'p'
-- p1 = 7
-- p2 = '2025-12-31 23:00:00.000000'
-- p3 = '2026-01-31 23:00:00.000000'
-- p4 = 3

SELECT 0 AS part, bucket, fold, segment_key, [value0] AS values, [0] AS counts
FROM (
SELECT bucket, 0 AS fold, toString(segment) AS segment_key, toNullable(toFloat64(sum(weight))) AS value0
FROM /*each shard:*/(WITH ifNull(multiIf(isNotNull(properties.`p`.:String), concat('s', assumeNotNull(properties.`p`.:String)), isNotNull(properties.`p`), concat('j', toJSONString(properties.`p`)), toJSONString(properties.^`p`) != '{}', concat('j', toJSONString(properties.^`p`)), raw != '' AND JSONType(raw, {p0:String}) = 'Object', 'j{}', ''), '') AS e0
SELECT toUInt16(toDate(time, {p3:String})) AS bucket, joined AS segment, install_key, weight, exception_occurred_code
FROM events/*rows*/ FINAL
ARRAY JOIN arrayDistinct(arrayMap(s -> if(s IN {p1:Array(String)}, s, {p2:String}), arrayFlatten(arrayMap(l -> arrayMap(a -> concat(l, '\0', a), if(startsWith(e0, 'j['), if(empty(arrayMap(e -> multiIf(e = 'null', '', startsWith(e, '"'), concat('s', JSONExtractString(e)), concat('j', e)), JSONExtractArrayRaw(substring(e0, 2)))), ['$none'], arrayDistinct(arrayMap(c -> if(c = '', '$none', substring(c, 2)), arrayMap(e -> multiIf(e = 'null', '', startsWith(e, '"'), concat('s', JSONExtractString(e)), concat('j', e)), JSONExtractArrayRaw(substring(e0, 2)))))), [if(e0 = '', '$none', substring(e0, 2))])), if(startsWith(library_version_code, 'j['), if(empty(arrayMap(e -> multiIf(e = 'null', '', startsWith(e, '"'), concat('s', JSONExtractString(e)), concat('j', e)), JSONExtractArrayRaw(substring(library_version_code, 2)))), ['$none'], arrayDistinct(arrayMap(c -> if(c = '', '$none', substring(c, 2)), arrayMap(e -> multiIf(e = 'null', '', startsWith(e, '"'), concat('s', JSONExtractString(e)), concat('j', e)), JSONExtractArrayRaw(substring(library_version_code, 2)))))), [if(library_version_code = '', '$none', substring(library_version_code, 2))]))))) AS joined
WHERE project = {p4:UInt32}
  AND time >= {p5:DateTime64(6, 'UTC')}
  AND time < {p6:DateTime64(6, 'UTC')}
  AND kind = 'track'/*:each shard*/)
GROUP BY segment, bucket)
-- p0 = 'p'
-- p1 = ['1.0\x00a']
-- p2 = '$other\x00$other'
-- p3 = 'Europe/Brussels'
-- p4 = 7
-- p5 = '2025-12-31 23:00:00.000000'
-- p6 = '2026-01-31 23:00:00.000000'
