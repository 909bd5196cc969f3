SELECT whole, bucket, segment, min(rank) AS place, sumForEach(counts) AS counts, [quantileExactInclusiveMerge(0.5)(gap2), quantileExactInclusiveMerge(0.5)(gap3)] AS medians, quantilesExactInclusiveMerge(0.5, 0.9)(all) AS levels, levels[1] AS p50, levels[2] AS p90, sumForEach(within) AS within, max(tied) AS tied
FROM (
SELECT *, '' AS segment, 0 AS rank
FROM (
SELECT toUInt8(1) AS whole, bucket, code, sumForEach(arrayMap(step -> done >= step, range(1, 4))) AS counts, quantileExactInclusiveStateIf(0.5)(gaps[2], done >= 2) AS gap2, quantileExactInclusiveStateIf(0.5)(gaps[3], done >= 3) AS gap3, quantilesExactInclusiveStateIf(0.5, 0.9)(seconds, done = 3) AS all, sumForEachIf(arrayMap(upper -> seconds <= upper, [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600]), done = 3) AS within, max(tied) AS tied
FROM /*each shard:*/(
SELECT bucket, code, tied, length(times) AS done, arrayMap(gap -> gap / 1000000, arrayDifference(times)) AS gaps, (times[-1] - times[1]) / 1000000 AS seconds
FROM (
SELECT entry.5 AS bucket, entry.3 AS code, arrayMap(k -> (toInt64(bitShiftRight(k, 3)) + 1767221999999999), arrayFilter(k -> k < bitShiftLeft(bitShiftRight(entry.1, 3) + 3600000001, 3), entry.4)) AS times, tied
FROM (
SELECT arrayFilter((e, before) -> before % 2 = 1, entries, arrayFilter((before, own) -> own % 2 = 0, arrayPushFront(arrayPopBack(all), 0), all)) AS entries, tied
FROM (
SELECT entries, tied, arraySort(arrayConcat(arrayMap(s -> bitShiftLeft(s, 1), starts), arrayMap(s -> bitOr(bitShiftLeft(s, 1), 1), arrayFold((taken, start, stop) -> if(start > taken[-1], arrayPushBack(taken, stop), taken), starts, ends, [toUInt64(0)])))) AS all
FROM (
SELECT entries, tied, arrayMap(e -> bitShiftRight(e.1, 3), entries) AS starts, arrayMap(e -> least(bitShiftRight(e.2, 3), bitOr(bitShiftLeft(bitShiftRight(e.1, 3) + 3600000000, 0), 0)), entries) AS ends
FROM (
SELECT arrayMap((e, time) -> (e.1, e.2, e.3, e.4, toInt64(0)), found, arrayMap(e -> fromUnixTimestamp64Micro((toInt64(bitShiftRight(e.1, 3)) + 1767221999999999)), found)) AS entries, tied
FROM (
SELECT entries AS found, tied
FROM (
SELECT arrayFilter(e -> (bitAnd(toUInt64(e.1), 1) != 0
  AND e.1 < bitShiftLeft(toUInt64(2678400000001), 3)), arrayMap((k, d) -> (k, d.2, '', [k, d.3, d.4]), keys, next)) AS entries, tied
FROM (
SELECT keys, tied, arrayPushBack(arrayPopFront(arrayReverseFill(d -> d.1, arrayMap((k, d) -> multiIf(bitAnd(toUInt64(k), 2) != 0, (toUInt8(1), d.2, k, d.3), (toUInt8(0), bitNot(toUInt64(0)), bitNot(toUInt64(0)), bitNot(toUInt64(0)))), keys, next))), (toUInt8(0), bitNot(toUInt64(0)), bitNot(toUInt64(0)), bitNot(toUInt64(0)))) AS next
FROM (
SELECT keys, tied, arrayPushBack(arrayPopFront(arrayReverseFill(d -> d.1, arrayMap((k) -> multiIf(bitAnd(toUInt64(k), 4) != 0, (toUInt8(1), k, k), (toUInt8(0), bitNot(toUInt64(0)), bitNot(toUInt64(0)))), keys))), (toUInt8(0), bitNot(toUInt64(0)), bitNot(toUInt64(0)))) AS next
FROM (
SELECT seen AS keys, tied
FROM (
SELECT arraySort(groupArray(event_key)) AS seen, length(arrayCompact(x -> bitShiftRight(x, 3), seen)) < length(seen) AS tied
FROM (
SELECT install_key, bitOr(bitShiftLeft(toUInt64(toUnixTimestamp64Micro(time) - 1767221999999999), 3), transform(event, {p4:Array(String)}, {p3:Array(UInt64)}, toUInt64(0))) AS event_key
FROM events/*rows*/ FINAL
WHERE project = {p5:UInt32}
  AND time >= {p6:DateTime64(6, 'UTC')}
  AND time < {p7:DateTime64(6, 'UTC')}
  AND kind = 'track'
  AND event IN {p4:Array(String)})
GROUP BY install_key HAVING countIf((bitAnd(toUInt64(event_key), 1) != 0
  AND event_key < bitShiftLeft(toUInt64(2678400000001), 3))) > 0))))))))))
ARRAY JOIN entries AS entry)/*:each shard*/)
GROUP BY bucket, code))
GROUP BY whole, bucket, segment
-- p0 = ['fit']
-- p1 = ['run']
-- p2 = ['plot']
-- p3 = [1, 2, 4]
-- p4 = ['fit', 'run', 'plot']
-- p5 = 7
-- p6 = '2025-12-31 23:00:00.000000'
-- p7 = '2026-02-01 00:00:00.000000'
-- p8 = 'Europe/Brussels'
