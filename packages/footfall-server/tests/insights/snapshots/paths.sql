SELECT walk, sum(walks) AS count, count() AS installs
FROM /*each shard:*/(
SELECT walk, install_key, count() AS walks
FROM (
SELECT install_key, walk
FROM (
SELECT install_key, arrayFilter(w -> notEmpty(w), arrayMap(s -> arraySlice(s, 1, 6), arraySplit((p, gap) -> gap > {p4:Int64}, arrayMap(k -> bitAnd(toUInt32(k), 16777215), keys), arrayDifference(arrayMap(k -> toInt64(bitShiftRight(k, 76)), keys))))) AS found
FROM (
SELECT install_key, arraySort(groupArray(event_key)) AS keys
FROM (
SELECT install_key, bitOr(bitShiftLeft(bitOr(bitShiftLeft(toUInt128(toUInt64(toUnixTimestamp64Micro(time))), 52), least(bitNot(version), 4503599627370495)), 24), transform(toString(event), {p3:Array(String)}, range(1, 2 + 1), 0)) AS event_key
FROM events/*rows*/ FINAL
WHERE project = {p0:UInt32}
  AND time >= {p1:DateTime64(6, 'UTC')}
  AND time < {p2:DateTime64(6, 'UTC')}
  AND kind = 'track')
GROUP BY install_key ))
ARRAY JOIN found AS walk)
GROUP BY walk, install_key/*:each shard*/)
GROUP BY walk
ORDER BY count DESC, walk LIMIT {p5:UInt32}
-- p0 = 7
-- p1 = '2025-12-31 23:00:00.000000'
-- p2 = '2026-01-31 23:00:00.000000'
-- p3 = ['fit', 'run']
-- p4 = 1800000000
-- p5 = 20
