SELECT 0 AS part, bucket, fold, segment_key, [value0] AS values, [0] AS counts
FROM (
SELECT bucket, 0 AS fold, '' AS segment_key, toNullable(toFloat64(sum(weight))) AS value0
FROM /*each shard:*/(
SELECT toUInt16(toDate(time, {p0:String})) AS bucket, '' AS segment, install_key, weight, exception_occurred_code
FROM events/*rows*/ FINAL 
WHERE project = {p1:UInt32}
  AND time >= {p2:DateTime64(6, 'UTC')}
  AND time < {p3:DateTime64(6, 'UTC')}
  AND kind = 'track'/*:each shard*/)
GROUP BY bucket)
-- p0 = 'Europe/Brussels'
-- p1 = 7
-- p2 = '2025-12-31 23:00:00.000000'
-- p3 = '2026-01-31 23:00:00.000000'
