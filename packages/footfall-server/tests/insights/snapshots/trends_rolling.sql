SELECT 0 AS part, bucket, 0 AS fold, '' AS segment_key, [toNullable(toFloat64(sum(change)))] AS values, [0] AS counts
FROM /*each shard:*/(
SELECT segment, install_key, arrayMap(day -> toInt64(day), arrayCompact(arraySort(groupArray(day)))) AS days
FROM (
SELECT toUInt16(toDate(time, {p0:String})) AS day, '' AS segment, install_key
FROM events/*rows*/ FINAL 
WHERE project = {p1:UInt32}
  AND time >= {p2:DateTime64(6, 'UTC')}
  AND time < {p3:DateTime64(6, 'UTC')}
  AND kind = 'track')
GROUP BY segment, install_key/*:each shard*/)
ARRAY JOIN arrayConcat(days, arrayMap((d, next) -> least(d + 30, next), days, arrayPushBack(arrayPopFront(days), 1000000))) AS bucket, arrayConcat(arrayWithConstant(length(days), 1), arrayWithConstant(length(days), -1)) AS change
GROUP BY bucket
-- p0 = 'Europe/Brussels'
-- p1 = 7
-- p2 = '2025-12-02 23:00:00.000000'
-- p3 = '2026-01-31 23:00:00.000000'
