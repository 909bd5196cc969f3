SELECT whole, bucket, segment, min(rank) AS place, sumForEach(counts) AS counts, [quantileExactInclusiveMerge(0.5)(gap2), quantileExactInclusiveMerge(0.5)(gap3), quantileExactInclusiveMerge(0.5)(gap4)] AS medians, quantilesExactInclusiveMerge(0.5, 0.9)(all) AS levels, levels[1] AS p50, levels[2] AS p90, sumForEach(within) AS within, max(tied) AS tied
FROM (
SELECT *, '' AS segment, 0 AS rank
FROM (
SELECT toUInt8(1) AS whole, bucket, code, sumForEach(arrayMap(step -> done >= step, range(1, 5))) AS counts, quantileExactInclusiveStateIf(0.5)(gaps[2], done >= 2) AS gap2, quantileExactInclusiveStateIf(0.5)(gaps[3], done >= 3) AS gap3, quantileExactInclusiveStateIf(0.5)(gaps[4], done >= 4) AS gap4, quantilesExactInclusiveStateIf(0.5, 0.9)(seconds, done = 4) AS all, sumForEachIf(arrayMap(upper -> seconds <= upper, [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800, 43200, 86400, 172800, 259200, 432000, 604800]), done = 4) AS within, max(tied) AS tied
FROM /*each shard:*/(
SELECT bucket, code, tied, length(times) AS done, arrayMap(gap -> gap / 1000000, arrayDifference(times)) AS gaps, (times[-1] - times[1]) / 1000000 AS seconds
FROM (
SELECT entry.5 AS bucket, entry.3 AS code, arrayMap(k -> (toInt64(bitShiftRight(k, 4)) + 1767221999999999), arrayFilter(k -> k < bitShiftLeft(bitShiftRight(entry.1, 4) + 604800000001, 4), entry.4)) AS times, tied
FROM (
SELECT arrayMap((e, time) -> (e.1, e.2, e.3, e.4, toInt64(0)), found, arrayMap(e -> fromUnixTimestamp64Micro((toInt64(bitShiftRight(e.1, 4)) + 1767221999999999)), found)) AS entries, tied
FROM (
SELECT entries AS found, tied
FROM (
SELECT arrayMap((k, n0, n1, n2, n3, n4) -> (k, arraySort([n0.2, n1.2, n4.2, greatest(n2.2, n3.2, n4.3)])[4], '', arraySort([n0.2, n1.2, n4.2, greatest(n2.2, n3.2, n4.3)])), arraySlice(keys, 1, 1), arraySlice(n0, 1, 1), arraySlice(n1, 1, 1), arraySlice(n2, 1, 1), arraySlice(n3, 1, 1), arraySlice(n4, 1, 1)) AS entries, tied
FROM (
SELECT keys, tied, n0, n1, n2, n3, arrayReverseFill(d -> d.1, arrayMap((k, d) -> if(bitAnd(toUInt64(k), 9) != 0, (toUInt8(1), k, d.2), (toUInt8(0), bitNot(toUInt64(0)), bitNot(toUInt64(0)))), keys, arrayPushBack(arrayPopFront(n4), (toUInt8(0), bitNot(toUInt64(0)))))) AS n4
FROM (
SELECT keys, tied, n0, n1, n2, n3, arrayReverseFill(d -> d.1, arrayMap(k -> if(bitAnd(toUInt64(k), 9) != 0, (toUInt8(1), k), (toUInt8(0), bitNot(toUInt64(0)))), keys)) AS n4
FROM (
SELECT keys, tied, n0, n1, n2, arrayReverseFill(d -> d.1, arrayMap(k -> if(bitAnd(toUInt64(k), 8) != 0, (toUInt8(1), k), (toUInt8(0), bitNot(toUInt64(0)))), keys)) AS n3
FROM (
SELECT keys, tied, n0, n1, arrayReverseFill(d -> d.1, arrayMap(k -> if(bitAnd(toUInt64(k), 1) != 0, (toUInt8(1), k), (toUInt8(0), bitNot(toUInt64(0)))), keys)) AS n2
FROM (
SELECT keys, tied, n0, arrayReverseFill(d -> d.1, arrayMap(k -> if(bitAnd(toUInt64(k), 4) != 0, (toUInt8(1), k), (toUInt8(0), bitNot(toUInt64(0)))), keys)) AS n1
FROM (
SELECT keys, tied, arrayReverseFill(d -> d.1, arrayMap(k -> if(bitAnd(toUInt64(k), 2) != 0, (toUInt8(1), k), (toUInt8(0), bitNot(toUInt64(0)))), keys)) AS n0
FROM (
SELECT seen AS keys, tied
FROM (
SELECT arraySort(arrayFilter(x -> x >= since
  AND x < until, every)) AS near, near AS seen, length(arrayCompact(x -> bitShiftRight(x, 4), near)) < length(arrayCompact(near)) AS tied
FROM (
SELECT groupArray(event_key) AS every, minIf(event_key, (bitAnd(toUInt64(event_key), 15) != 0
  AND event_key < bitShiftLeft(toUInt64(2678400000001), 4))) AS first, bitShiftLeft(bitShiftRight(first, 4), 4) AS since, bitShiftLeft(bitShiftRight(first, 4) + 604800000001, 4) AS until
FROM (WITH arrayMap(e -> multiIf(e = 'null', '', startsWith(e, '"'), concat('s', JSONExtractString(e)), concat('j', e)), JSONExtractArrayRaw(substring(if(ci_code = '', 'jfalse', ci_code), 2))) AS e0
SELECT install_key, bitOr(bitShiftLeft(toUInt64(toUnixTimestamp64Micro(time) - 1767221999999999), 4), toUInt64((event IN {p0:Array(String)})) * 1 + toUInt64((event IN {p1:Array(String)})) * 2 + toUInt64((event IN {p2:Array(String)})) * 4 + toUInt64((event IN {p0:Array(String)}
  AND multiIf(startsWith(if(ci_code = '', 'jfalse', ci_code), 'j['), arrayExists(c -> (c IN {p3:Array(String)}), e0), (if(ci_code = '', 'jfalse', ci_code) IN {p3:Array(String)})))) * 8) AS event_key
FROM events/*rows*/ FINAL
WHERE project = {p4:UInt32}
  AND time >= {p5:DateTime64(6, 'UTC')}
  AND time < {p6:DateTime64(6, 'UTC')}
  AND kind = 'track'
  AND event IN {p7:Array(String)}
  AND ((event IN {p0:Array(String)}) OR (event IN {p1:Array(String)}) OR (event IN {p2:Array(String)}) OR (event IN {p0:Array(String)}
  AND multiIf(startsWith(if(ci_code = '', 'jfalse', ci_code), 'j['), arrayExists(c -> (c IN {p3:Array(String)}), e0), (if(ci_code = '', 'jfalse', ci_code) IN {p3:Array(String)})))))
GROUP BY install_key HAVING first > 0))))))))))))
ARRAY JOIN entries AS entry)/*:each shard*/)
GROUP BY bucket, code))
GROUP BY whole, bucket, segment
-- p0 = ['fit']
-- p1 = ['run']
-- p2 = ['plot']
-- p3 = ['jtrue']
-- p4 = 7
-- p5 = '2025-12-31 23:00:00.000000'
-- p6 = '2026-02-07 23:00:00.000000'
-- p7 = ['fit', 'run', 'plot']
-- p8 = 'Europe/Brussels'
