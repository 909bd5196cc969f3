SELECT whole, bucket, segment, min(rank) AS place, sumForEach(counts) AS counts, [quantileExactInclusiveMerge(0.5)(gap2), quantileExactInclusiveMerge(0.5)(gap3)] AS medians, quantilesExactInclusiveMerge(0.5, 0.9)(all) AS levels, levels[1] AS p50, levels[2] AS p90, sumForEach(within) AS within, max(tied) AS tied
FROM (
SELECT *, if(rank <= {p12:UInt32}, own, {p11:String}) AS segment
FROM (
SELECT *, dense_rank() OVER (PARTITION BY whole
ORDER BY size DESC, own) AS rank
FROM (
SELECT *, sum(counts[1]) OVER (PARTITION BY whole, own) AS size
FROM (
SELECT *, own
FROM (
SELECT toUInt8(grouping(bucket)) AS whole, bucket, code, sumForEach(arrayMap(step -> done >= step, range(1, 4))) AS counts, quantileExactInclusiveStateIf(0.5)(gaps[2], done >= 2) AS gap2, quantileExactInclusiveStateIf(0.5)(gaps[3], done >= 3) AS gap3, quantilesExactInclusiveStateIf(0.5, 0.9)(seconds, done = 3) AS all, sumForEachIf(arrayMap(upper -> seconds <= upper, [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800, 43200, 86400, 172800, 259200, 432000, 604800]), done = 3) AS within, max(tied) AS tied
FROM /*each shard:*/(
SELECT bucket, code, tied, length(times) AS done, arrayMap(gap -> gap / 1000000, arrayDifference(times)) AS gaps, (times[-1] - times[1]) / 1000000 AS seconds
FROM (
SELECT entry.5 AS bucket, if(length(times) >= 2, entry.3, repeat('\0', 2)) AS code, arrayMap(k -> (toInt64(bitShiftRight(k, 3)) + 1767221999999999), arrayFilter(k -> k < bitShiftLeft(bitShiftRight(entry.1, 3) + 604800000001, 3), entry.4)) AS times, tied
FROM (
SELECT arrayMap((e, time) -> (e.1, e.2, e.3, e.4, toInt64(0)), found, arrayMap(e -> fromUnixTimestamp64Micro((toInt64(bitShiftRight(e.1, 3)) + 1767221999999999)), found)) AS entries, tied
FROM (
SELECT entries AS found, tied
FROM (
SELECT arrayMap((k, c, d) -> (k, d.2, d.3, [k, d.4, d.5]), arraySlice(keys, 1, 1), arraySlice(codes, 1, 1), arraySlice(next, 1, 1)) AS entries, tied
FROM (
SELECT keys, codes, tied, arrayPushBack(arrayPopFront(arrayReverseFill(d -> d.1, arrayMap((k, c, d) -> multiIf(bitAnd(toUInt64(k), 2) != 0, (toUInt8(1), d.2, c, k, d.3), (toUInt8(0), bitNot(toUInt64(0)), '', bitNot(toUInt64(0)), bitNot(toUInt64(0)))), keys, codes, next))), (toUInt8(0), bitNot(toUInt64(0)), '', bitNot(toUInt64(0)), bitNot(toUInt64(0)))) AS next
FROM (
SELECT keys, codes, tied, arrayPushBack(arrayPopFront(arrayReverseFill(d -> d.1, arrayMap((k, c) -> multiIf(bitAnd(toUInt64(k), 4) != 0, (toUInt8(1), k, k), (toUInt8(0), bitNot(toUInt64(0)), bitNot(toUInt64(0)))), keys, codes))), (toUInt8(0), bitNot(toUInt64(0)), bitNot(toUInt64(0)))) AS next
FROM (
SELECT seen.1 AS keys, seen.2 AS codes, tied
FROM (
SELECT arraySort(arrayFilter(x -> x.1 >= since
  AND x.1 < until, every)) AS near, near AS seen, length(arrayCompact(x -> bitShiftRight(x.1, 3), near)) < length(arrayCompact(near)) AS tied
FROM (
SELECT arrayZip(groupArray(event_key), groupArray(code)) AS every, minIf(event_key, (bitAnd(toUInt64(event_key), 1) != 0
  AND event_key < bitShiftLeft(toUInt64(2678400000001), 3))) AS first, bitShiftLeft(bitShiftRight(first, 3), 3) AS since, bitShiftLeft(bitShiftRight(first, 3) + 604800000001, 3) AS until
FROM (WITH ifNull(multiIf(isNotNull(properties.`p`.:String), concat('s', assumeNotNull(properties.`p`.:String)), isNotNull(properties.`p`), concat('j', toJSONString(properties.`p`)), toJSONString(properties.^`p`) != '{}', concat('j', toJSONString(properties.^`p`)), raw != '' AND JSONType(raw, {p5:String}) = 'Object', 'j{}', ''), '') AS e0
SELECT install_key, bitOr(bitShiftLeft(toUInt64(toUnixTimestamp64Micro(time) - 1767221999999999), 3), transform(event, {p4:Array(String)}, {p3:Array(UInt64)}, toUInt64(0))) AS event_key, concat(toString(library_version_code), '\0', toString(e0)) AS code
FROM events/*rows*/ FINAL
WHERE project = {p6:UInt32}
  AND time >= {p7:DateTime64(6, 'UTC')}
  AND time < {p8:DateTime64(6, 'UTC')}
  AND kind = 'track'
  AND event IN {p4:Array(String)})
GROUP BY install_key HAVING first > 0))))))))
ARRAY JOIN entries AS entry)/*:each shard*/)
GROUP BY GROUPING SETS ((bucket, code), ()))
ARRAY JOIN if(code = repeat('\0', 2), [{p10:String}], arrayFlatten(arrayMap(l -> arrayMap(a -> concat(l, '\0', a), if(startsWith(splitByChar('\0', code)[2], 'j['), if(empty(arrayMap(e -> multiIf(e = 'null', '', startsWith(e, '"'), concat('s', JSONExtractString(e)), concat('j', e)), JSONExtractArrayRaw(substring(splitByChar('\0', code)[2], 2)))), ['$none'], arrayDistinct(arrayMap(c -> if(c = '', '$none', substring(c, 2)), arrayMap(e -> multiIf(e = 'null', '', startsWith(e, '"'), concat('s', JSONExtractString(e)), concat('j', e)), JSONExtractArrayRaw(substring(splitByChar('\0', code)[2], 2)))))), [if(splitByChar('\0', code)[2] = '', '$none', substring(splitByChar('\0', code)[2], 2))])), if(startsWith(splitByChar('\0', code)[1], 'j['), if(empty(arrayMap(e -> multiIf(e = 'null', '', startsWith(e, '"'), concat('s', JSONExtractString(e)), concat('j', e)), JSONExtractArrayRaw(substring(splitByChar('\0', code)[1], 2)))), ['$none'], arrayDistinct(arrayMap(c -> if(c = '', '$none', substring(c, 2)), arrayMap(e -> multiIf(e = 'null', '', startsWith(e, '"'), concat('s', JSONExtractString(e)), concat('j', e)), JSONExtractArrayRaw(substring(splitByChar('\0', code)[1], 2)))))), [if(splitByChar('\0', code)[1] = '', '$none', substring(splitByChar('\0', code)[1], 2))])))) AS own))) LIMIT 1 BY whole, bucket, code, segment)
GROUP BY whole, bucket, segment
-- p0 = ['fit']
-- p1 = ['run']
-- p2 = ['plot']
-- p3 = [1, 2, 4]
-- p4 = ['fit', 'run', 'plot']
-- p5 = 'p'
-- p6 = 7
-- p7 = '2025-12-31 23:00:00.000000'
-- p8 = '2026-02-07 23:00:00.000000'
-- p9 = 'Europe/Brussels'
-- p10 = '$none\x00$none'
-- p11 = '$other\x00$other'
-- p12 = 10
