SELECT cohort, segment_key, count() AS size, sumForEach(flags) AS counts
FROM /*each shard:*/(
SELECT toInt64(toUInt16(toMonday(toDate(fromUnixTimestamp64Micro(toInt64(bitShiftRight(birth.1, 64)), 'UTC'), {p0:String})))) AS cohort, '' AS segment_key, birth.1 AS start, arrayMap(k -> has(arrayDistinct(arrayMap(r -> toInt32(intDiv(toInt64(bitShiftRight(r, 64)) - toInt64(bitShiftRight(start, 64)), {p8:Int64})), arrayFilter(r -> r >= start, returns))), toInt32(k + toInt32(0))), range({p7:UInt16})) AS flags
FROM (
SELECT [(minIf(at, born), argMinIf(codes, at, born))] AS births, groupArrayIf(at, returned) AS returns, arrayMap(r -> toInt32(intDiv(toInt64(toUInt16(toMonday(toDate(fromUnixTimestamp64Micro(toInt64(bitShiftRight(r, 64)), 'UTC'), {p0:String})))), 7)), returns) AS return_units
FROM (
SELECT install_key, bitShiftLeft(toInt128(toUnixTimestamp64Micro(time)), 64) + toInt128(position) AS at, 1 AS born, 0 AS returned, 0 AS codes
FROM events/*rows*/ FINAL
WHERE project = {p1:UInt32}
  AND time >= {p2:DateTime64(6, 'UTC')}
  AND time < {p3:DateTime64(6, 'UTC')}
  AND kind = 'track'
  AND event IN {p4:Array(String)}
UNION ALL
SELECT install_key, bitShiftLeft(toInt128(toUnixTimestamp64Micro(time)), 64) + toInt128(position) AS at, 0 AS born, 1 AS returned, 0 AS codes
FROM events/*rows*/ FINAL
WHERE project = {p1:UInt32}
  AND time >= {p2:DateTime64(6, 'UTC')}
  AND time < {p5:DateTime64(6, 'UTC')}
  AND kind = 'track'
  AND event IN {p6:Array(String)})
GROUP BY install_key HAVING countIf(born) > 0)
ARRAY JOIN births AS birth/*:each shard*/)
GROUP BY cohort, segment_key
-- p0 = 'Europe/Brussels'
-- p1 = 7
-- p2 = '2025-12-31 23:00:00.000000'
-- p3 = '2026-01-31 23:00:00.000000'
-- p4 = ['fit']
-- p5 = '2026-04-27 23:00:00.000000'
-- p6 = ['run', 'plot']
-- p7 = 12
-- p8 = 604800000000
