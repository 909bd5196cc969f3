SELECT DISTINCT toString(event) AS event
FROM events
WHERE project = {p0:UInt32}
  AND time >= {p1:DateTime64(6, 'UTC')}
  AND time < {p2:DateTime64(6, 'UTC')}
  AND kind = 'track'
ORDER BY event
-- p0 = 7
-- p1 = '2025-12-31 23:00:00.000000'
-- p2 = '2026-01-31 23:00:00.000000'

SELECT link.1 AS step, link.2 AS source, link.3 AS target, sum(walks) AS count
FROM /*each shard:*/(
SELECT arraySlice(arrayPushBack(walk, toUInt32(0)), 1, {p5:UInt8} + 1) AS nodes, count() AS walks
FROM (
SELECT install_key, walk
FROM (
SELECT install_key, arrayFilter(w -> notEmpty(w), arrayMap(s -> if(indexOf(arrayCompact(s), 1) = 0, [], arrayReverse(arraySlice(arrayCompact(s), greatest(indexOf(arrayCompact(s), 1) - 5, 1), indexOf(arrayCompact(s), 1) - greatest(indexOf(arrayCompact(s), 1) - 5, 1) + 1))), arraySplit((p, gap) -> gap > {p4:Int64}, arrayMap(k -> bitAnd(toUInt32(k), 16777215), keys), arrayDifference(arrayMap(k -> toInt64(bitShiftRight(k, 76)), keys))))) AS found
FROM (
SELECT install_key, arraySort(groupArray(event_key)) AS keys
FROM (
SELECT install_key, bitOr(bitShiftLeft(bitOr(bitShiftLeft(toUInt128(toUInt64(toUnixTimestamp64Micro(time))), 52), least(bitNot(version), 4503599627370495)), 24), transform(toString(event), {p3:Array(String)}, range(1, 2 + 1), 0)) AS event_key
FROM events/*rows*/ FINAL
WHERE project = {p0:UInt32}
  AND time >= {p1:DateTime64(6, 'UTC')}
  AND time < {p2:DateTime64(6, 'UTC')}
  AND kind = 'track')
GROUP BY install_key HAVING countIf(bitAnd(toUInt32(event_key), 16777215) = 1) > 0))
ARRAY JOIN found AS walk)
GROUP BY nodes/*:each shard*/)
ARRAY JOIN arrayMap((step, source, target) -> (step - 1, source, target), arrayEnumerate(arrayPopBack(nodes)), arrayPopBack(nodes), arrayPopFront(nodes)) AS link
GROUP BY step, source, target
ORDER BY step, source, target
-- p0 = 7
-- p1 = '2025-12-31 23:00:00.000000'
-- p2 = '2026-01-31 23:00:00.000000'
-- p3 = ['fit', 'run']
-- p4 = 1800000000
-- p5 = 5
