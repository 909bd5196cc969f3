SELECT whole, bucket, segment, min(rank) AS place, sumForEach(counts) AS counts, [quantileExactInclusiveMerge(0.5)(gap2), quantileExactInclusiveMerge(0.5)(gap3)] AS medians, quantilesExactInclusiveMerge(0.5, 0.9)(all) AS levels, levels[1] AS p50, levels[2] AS p90, sumForEach(within) AS within, max(tied) AS tied
FROM (
SELECT *, '' AS segment, 0 AS rank
FROM (
SELECT toUInt8(1) AS whole, bucket, code, sumForEach(arrayMap(step -> done >= step, range(1, 4))) AS counts, quantileExactInclusiveStateIf(0.5)(gaps[2], done >= 2) AS gap2, quantileExactInclusiveStateIf(0.5)(gaps[3], done >= 3) AS gap3, quantilesExactInclusiveStateIf(0.5, 0.9)(seconds, done = 3) AS all, sumForEachIf(arrayMap(upper -> seconds <= upper, [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800, 43200, 86400, 172800, 259200, 432000, 604800]), done = 3) AS within, max(tied) AS tied
FROM /*each shard:*/(
SELECT bucket, code, tied, length(times) AS done, arrayMap(gap -> gap / 1000000, arrayDifference(times)) AS gaps, (times[-1] - times[1]) / 1000000 AS seconds
FROM (
SELECT toInt64(0) AS bucket, '' AS code, arrayMap(at -> (toInt64(bitShiftRight(keys[at], 55)) + 0), arrayFilter(at -> at > 0, [1, at2, at3])) AS times, tied
FROM (
SELECT *, if(at2 = 0, 0, arrayFirstIndex((k, at) -> at > at2
  AND bitAnd(toUInt64(k), 4) != 0, keys, arrayEnumerate(keys))) AS at3
FROM (
SELECT *, arrayFirstIndex((k, at) -> at > 1
  AND bitAnd(toUInt64(k), 2) != 0, keys, arrayEnumerate(keys)) AS at2
FROM (
SELECT seen AS keys, tied
FROM (
SELECT arrayConcat(if(bitAnd(toUInt64(first), 6) != 0, [], [first]), arraySort(arrayFilter(x -> x >= since
  AND x < until, every))) AS near, near AS seen, 0 AS tied
FROM (
SELECT groupArrayIf(event_key, bitAnd(toUInt64(event_key), 6) != 0) AS every, minIf(event_key, (bitAnd(toUInt64(event_key), 1) != 0
  AND event_key < bitShiftLeft(toUInt128(1769900400000000), 55))) AS first, first AS since, bitShiftLeft(bitShiftRight(first, 55) + 604800000001, 55) AS until
FROM (
SELECT install_key, bitOr(bitShiftLeft(bitOr(bitShiftLeft(toUInt128(toUnixTimestamp64Micro(time) - 0), 52), least(bitNot(version), 4503599627370495)), 3), transform(event, {p4:Array(String)}, {p3:Array(UInt64)}, toUInt64(0))) AS event_key
FROM events/*rows*/ FINAL
WHERE project = {p5:UInt32}
  AND time >= {p6:DateTime64(6, 'UTC')}
  AND time < {p7:DateTime64(6, 'UTC')}
  AND kind = 'track'
  AND event IN {p4:Array(String)})
GROUP BY install_key HAVING first > 0))))))/*:each shard*/)
GROUP BY bucket, code))
GROUP BY whole, bucket, segment
-- p0 = ['fit']
-- p1 = ['run']
-- p2 = ['plot']
-- p3 = [1, 2, 4]
-- p4 = ['fit', 'run', 'plot']
-- p5 = 7
-- p6 = '2025-12-31 23:00:00.000000'
-- p7 = '2026-02-07 23:00:00.000000'
