SELECT segment, max(listed) OVER () AS lists
FROM (
SELECT segment, sum(events) AS events, max(startsWith(c0, 'j[')) AS listed
FROM (
SELECT *
FROM /*each shard:*/(
SELECT library_version_code AS c0, sum(weight) * 1 AS events
FROM events/*rows*/ FINAL
WHERE project = {p0:UInt32}
  AND time >= {p1:DateTime64(6, 'UTC')}
  AND time < {p2:DateTime64(6, 'UTC')}
  AND kind = 'track'
GROUP BY c0/*:each shard*/))
ARRAY JOIN if(startsWith(c0, 'j['), if(empty(arrayMap(e -> multiIf(e = 'null', '', startsWith(e, '"'), concat('s', JSONExtractString(e)), concat('j', e)), JSONExtractArrayRaw(substring(c0, 2)))), ['$none'], arrayDistinct(arrayMap(c -> if(c = '', '$none', substring(c, 2)), arrayMap(e -> multiIf(e = 'null', '', startsWith(e, '"'), concat('s', JSONExtractString(e)), concat('j', e)), JSONExtractArrayRaw(substring(c0, 2)))))), [if(c0 = '', '$none', substring(c0, 2))]) AS segment
GROUP BY segment)
ORDER BY round(events, 6) DESC, segment LIMIT {p3:UInt32}
-- p0 = 7
-- p1 = '2025-12-31 23:00:00.000000'
-- p2 = '2026-01-31 23:00:00.000000'
-- p3 = 3

SELECT 0 AS part, bucket, fold, segment_key, [value0] AS values, [0] AS counts
FROM (
SELECT bucket, 0 AS fold, {p0:Array(String)}[segment] AS segment_key, toNullable(toFloat64(sum(weight))) AS value0
FROM /*each shard:*/(
SELECT toUInt16(toStartOfMonth(toDate(time, {p4:String}))) AS bucket, CAST(transform(library_version_code, {p1:Array(String)}, {p3:Array(UInt16)}, {p2:UInt16}), 'UInt16') AS segment, install_key, weight, exception_occurred_code
FROM events/*rows*/ FINAL 
WHERE project = {p5:UInt32}
  AND time >= {p6:DateTime64(6, 'UTC')}
  AND time < {p7:DateTime64(6, 'UTC')}
  AND kind = 'track'/*:each shard*/)
GROUP BY segment, bucket)
-- p0 = ['1.0', '$other']
-- p1 = ['s1.0', 'j1.0']
-- p2 = 2
-- p3 = [1, 1]
-- p4 = 'Europe/Brussels'
-- p5 = 7
-- p6 = '2025-12-31 23:00:00.000000'
-- p7 = '2026-01-31 23:00:00.000000'
