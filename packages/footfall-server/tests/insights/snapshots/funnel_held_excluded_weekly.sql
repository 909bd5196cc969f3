SELECT whole, bucket, segment, min(rank) AS place, sumForEach(counts) AS counts, [quantileExactInclusiveMerge(0.5)(gap2), quantileExactInclusiveMerge(0.5)(gap3)] AS medians, quantilesExactInclusiveMerge(0.5, 0.9)(all) AS levels, levels[1] AS p50, levels[2] AS p90, sumForEach(within) AS within, max(tied) AS tied
FROM (
SELECT *, '' AS segment, 0 AS rank
FROM (
SELECT toUInt8(grouping(bucket)) AS whole, bucket, code, sumForEach(arrayMap(step -> done >= step, range(1, 4))) AS counts, quantileExactInclusiveStateIf(0.5)(gaps[2], done >= 2) AS gap2, quantileExactInclusiveStateIf(0.5)(gaps[3], done >= 3) AS gap3, quantilesExactInclusiveStateIf(0.5, 0.9)(seconds, done = 3) AS all, sumForEachIf(arrayMap(upper -> seconds <= upper, [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800, 43200, 86400, 172800, 259200, 432000, 604800]), done = 3) AS within, max(tied) AS tied
FROM /*each shard:*/(
SELECT bucket, code, tied, length(times) AS done, arrayMap(gap -> gap / 1000000, arrayDifference(times)) AS gaps, (times[-1] - times[1]) / 1000000 AS seconds
FROM (
SELECT entry.5 AS bucket, entry.3 AS code, arrayMap(k -> (toInt64(bitShiftRight(k, 56)) + 0), arrayFilter(k -> k < bitShiftLeft(bitShiftRight(entry.1, 56) + 604800000001, 56), entry.4)) AS times, tied
FROM (
SELECT arrayCompact(e -> e.5, entries) AS entries, tied
FROM (
SELECT arrayMap((e, time) -> (e.1, e.2, e.3, e.4, toUInt16(toMonday(toDate(time, {p10:String})))), found, arrayMap(e -> fromUnixTimestamp64Micro((toInt64(bitShiftRight(e.1, 56)) + 0)), found)) AS entries, tied
FROM (
SELECT arraySort(e -> e.1, entries) AS found, tied
FROM (
SELECT arrayFilter(e -> (bitAnd(toUInt64(e.1), 2) != 0
  AND e.1 < bitShiftLeft(toUInt128(1769900400000000), 56)), arrayMap((h, k, d) -> (k, d.2, '', [k, d.4, d.5]), helds, keys, next)) AS entries, tied
FROM (
SELECT helds, keys, tied, arrayMap((d, h) -> if(d.3 = h, d, (toUInt8(0), bitNot(toUInt128(0)), toUInt64(0), bitNot(toUInt128(0)), bitNot(toUInt128(0)))), arrayPushBack(arrayPopFront(arrayReverseFill(d -> d.1, arrayMap((h, k, d) -> multiIf(bitAnd(toUInt64(k), 1) != 0, (toUInt8(1), k, h, bitNot(toUInt128(0)), bitNot(toUInt128(0))), bitAnd(toUInt64(k), 4) != 0, (toUInt8(1), d.2, h, k, d.4), (toUInt8(0), bitNot(toUInt128(0)), toUInt64(0), bitNot(toUInt128(0)), bitNot(toUInt128(0)))), helds, keys, next))), (toUInt8(0), bitNot(toUInt128(0)), toUInt64(0), bitNot(toUInt128(0)), bitNot(toUInt128(0)))), helds) AS next
FROM (
SELECT helds, keys, tied, arrayMap((d, h) -> if(d.3 = h, d, (toUInt8(0), bitNot(toUInt128(0)), toUInt64(0), bitNot(toUInt128(0)))), arrayPushBack(arrayPopFront(arrayReverseFill(d -> d.1, arrayMap((h, k) -> multiIf(bitAnd(toUInt64(k), 8) != 0, (toUInt8(1), k, h, k), (toUInt8(0), bitNot(toUInt128(0)), toUInt64(0), bitNot(toUInt128(0)))), helds, keys))), (toUInt8(0), bitNot(toUInt128(0)), toUInt64(0), bitNot(toUInt128(0)))), helds) AS next
FROM (
SELECT seen.1 AS helds, seen.2 AS keys, tied
FROM (
SELECT tied, arraySort(arrayConcat(doing, arrayFlatten(arrayMap(h -> arrayMap(x -> (toUInt64(h), bitAnd(x.2, bitNot(toUInt128(14)))), ending), values)))) AS seen
FROM (
SELECT tied, arrayDistinct(arrayMap(x -> x.1, arrayFilter(x -> (bitAnd(toUInt64(x.2), 2) != 0
  AND x.2 < bitShiftLeft(toUInt128(1769900400000000), 56)), seen))) AS values, arrayFilter(x -> bitAnd(toUInt64(x.2), 1) != 0, seen) AS ending, arrayMap(x -> (toUInt64(x.1), bitAnd(x.2, bitNot(toUInt128(1)))), arrayFilter(x -> bitAnd(toUInt64(x.2), 14) != 0, seen)) AS doing
FROM (
SELECT arraySort(arrayZip(groupArray(held), groupArray(event_key))) AS seen, 0 AS tied
FROM (
SELECT install_key, bitOr(bitShiftLeft(bitOr(bitShiftLeft(toUInt128(toUnixTimestamp64Micro(time) - 0), 52), least(bitNot(version), 4503599627370495)), 4), transform(event, {p5:Array(String)}, {p4:Array(UInt64)}, toUInt64(0))) AS event_key, sipHash64(library_version_code) AS held
FROM events/*rows*/ FINAL
WHERE project = {p6:UInt32}
  AND time >= {p7:DateTime64(6, 'UTC')}
  AND time < {p8:DateTime64(6, 'UTC')}
  AND kind = 'track'
  AND event IN {p9:Array(String)})
GROUP BY install_key HAVING countIf((bitAnd(toUInt64(event_key), 2) != 0
  AND event_key < bitShiftLeft(toUInt128(1769900400000000), 56))) > 0))))))))))
ARRAY JOIN entries AS entry)/*:each shard*/)
GROUP BY GROUPING SETS ((bucket, code), ())))
GROUP BY whole, bucket, segment
-- p0 = ['reset']
-- p1 = ['fit']
-- p2 = ['run']
-- p3 = ['plot']
-- p4 = [1, 2, 4, 8]
-- p5 = ['reset', 'fit', 'run', 'plot']
-- p6 = 7
-- p7 = '2025-12-31 23:00:00.000000'
-- p8 = '2026-02-07 23:00:00.000000'
-- p9 = ['fit', 'run', 'plot', 'reset']
-- p10 = 'Europe/Brussels'
