SELECT whole, bucket, segment, min(rank) AS place, sumForEach(counts) AS counts, [quantileExactInclusiveMerge(0.5)(gap2)] AS medians, quantilesExactInclusiveMerge(0.5, 0.9)(all) AS levels, levels[1] AS p50, levels[2] AS p90, sumForEach(within) AS within, max(tied) AS tied
FROM (
SELECT *, '' AS segment, 0 AS rank
FROM (
SELECT toUInt8(1) AS whole, bucket, code, sumForEach(arrayMap(step -> done >= step, range(1, 3))) AS counts, quantileExactInclusiveStateIf(0.5)(gaps[2], done >= 2) AS gap2, quantilesExactInclusiveStateIf(0.5, 0.9)(seconds, done = 2) AS all, sumForEachIf(arrayMap(upper -> seconds <= upper, [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800, 43200, 86400, 172800, 259200, 432000, 604800]), done = 2) AS within, max(tied) AS tied
FROM /*each shard:*/(
SELECT bucket, code, tied, length(times) AS done, arrayMap(gap -> gap / 1000000, arrayDifference(times)) AS gaps, (times[-1] - times[1]) / 1000000 AS seconds
FROM (
SELECT toInt64(0) AS bucket, '' AS code, arrayMap(at -> (toInt64(bitShiftRight(keys[at], 2)) + 1767221999999999), arrayFilter(at -> at > 0, [1, at2])) AS times, tied
FROM (
SELECT *, arrayFirstIndex((k, at) -> at > 1
  AND bitAnd(toUInt64(k), 2) != 0, keys, arrayEnumerate(keys)) AS at2
FROM (
SELECT seen AS keys, tied
FROM (
SELECT arrayConcat(if(bitAnd(toUInt64(first), 2) != 0, [], [first]), arraySort(arrayFilter(x -> x >= since
  AND x < until, every))) AS near, near AS seen, length(arrayCompact(x -> bitShiftRight(x, 2), near)) < length(arrayCompact(near)) AS tied
FROM (
SELECT groupArrayIf(event_key, bitAnd(toUInt64(event_key), 2) != 0) AS every, minIf(event_key, (bitAnd(toUInt64(event_key), 1) != 0
  AND event_key < bitShiftLeft(toUInt64(2678400000001), 2))) AS first, bitShiftLeft(bitShiftRight(first, 2), 2) AS since, bitShiftLeft(bitShiftRight(first, 2) + 604800000001, 2) AS until
FROM (
SELECT install_key, bitOr(bitShiftLeft(toUInt64(toUnixTimestamp64Micro(time) - 1767221999999999), 2), toUInt64((event IN {p0:Array(String)}
  AND kind = 'track')) * 1 + toUInt64((kind IN {p1:Array(String)})) * 2) AS event_key
FROM events/*rows*/ FINAL
WHERE project = {p2:UInt32}
  AND time >= {p3:DateTime64(6, 'UTC')}
  AND time < {p4:DateTime64(6, 'UTC')}
  AND kind IN {p5:Array(String)}
  AND ((event IN {p0:Array(String)}
  AND kind = 'track') OR (kind IN {p1:Array(String)})))
GROUP BY install_key HAVING first > 0)))))/*:each shard*/)
GROUP BY bucket, code))
GROUP BY whole, bucket, segment
-- p0 = ['fit']
-- p1 = ['identify']
-- p2 = 7
-- p3 = '2025-12-31 23:00:00.000000'
-- p4 = '2026-02-07 23:00:00.000000'
-- p5 = ['$create_alias', '$groupidentify', '$identify', '$set', 'alias', 'engage', 'group', 'groups', 'identify', 'merge', 'page', 'screen', 'track']
