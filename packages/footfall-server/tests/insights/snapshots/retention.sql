SELECT cohort, segment_key, count() AS size, sumForEach(flags) AS counts
FROM /*each shard:*/(
SELECT toInt64(toUInt16(toDate(fromUnixTimestamp64Micro(birth.1, 'UTC'), {p0:String}))) AS cohort, '' AS segment_key, birth.1 AS start, arrayMap(k -> toUInt8(bitAnd(bitShiftRight(return_units, least(k + toInt32(toInt64(toUInt16(toDate(fromUnixTimestamp64Micro(start, 'UTC'), {p0:String})))) - 20454, 63)), 1)), range({p6:UInt16})) AS flags
FROM (
SELECT [(minIf(at, born), argMinIf(codes, at, born))] AS births, groupBitOrIf(bitShiftLeft(toUInt64(1), greatest(unit - 20454, 0)), returned) AS return_units
FROM (
SELECT install_key, toUnixTimestamp64Micro(time) AS at, time < {p1:DateTime64(6, 'UTC')} AS born, time >= {p2:DateTime64(6, 'UTC')} AS returned, 0 AS codes, toInt32(toInt64(toUInt16(toDate(time, {p0:String})))) AS unit
FROM events/*rows*/ FINAL
WHERE project = {p3:UInt32}
  AND time >= {p4:DateTime64(6, 'UTC')}
  AND time < {p5:DateTime64(6, 'UTC')}
  AND kind = 'track')
GROUP BY install_key HAVING countIf(born) > 0
  AND minIf(at, born) >= {p7:Int64})
ARRAY JOIN births AS birth/*:each shard*/)
GROUP BY cohort, segment_key
-- p0 = 'Europe/Brussels'
-- p1 = '2026-01-31 23:00:00.000000'
-- p2 = '2025-12-31 23:00:00.000000'
-- p3 = 7
-- p4 = '1970-01-01 00:00:00.000000'
-- p5 = '2026-02-14 23:00:00.000000'
-- p6 = 12
-- p7 = 1767222000000000
