SELECT intDiv(cell, 4) AS row, cell % 4 AS column, count() AS installs, max(tied) AS tied
FROM /*each shard:*/(
SELECT install_key, toUInt64(bitAnd(max(high), 15)) AS cell, bitAnd(max(low), 15) != 15 - toUInt64(bitAnd(max(high), 15)) AS tied
FROM (
SELECT install_key, bitShiftLeft(toUInt64(toUnixTimestamp64Micro(time) - 1767221999999999), 4) AS moment, toUInt64(toUInt16(transform(python_version_code, {p0:Array(String)}, {p1:Array(UInt16)}, 0))) * 4 + toUInt16(transform(library_version_code, {p2:Array(String)}, {p3:Array(UInt16)}, 0)) AS own, moment + own AS high, moment + 15 - own AS low
FROM events/*rows*/ FINAL
WHERE project = {p4:UInt32}
  AND time >= {p5:DateTime64(6, 'UTC')}
  AND time < {p6:DateTime64(6, 'UTC')}
  AND kind = 'track')
GROUP BY install_key/*:each shard*/)
GROUP BY row, column
-- p0 = ['s3.10.1', 's3.9.2', "s'; DROP TABLE events; --"]
-- p1 = [3, 2, 1]
-- p2 = ['s1.0', 's0.9', '', 'j["0.9","1.0"]']
-- p3 = [3, 2, 1, 3]
-- p4 = 7
-- p5 = '2025-12-31 23:00:00.000000'
-- p6 = '2026-01-31 23:00:00.000000'

SELECT week, high - 1 AS place, count() AS installs, max(0) AS tied
FROM /*each shard:*/(
SELECT maxResample(0, 12, 1)(high, week) AS highs
FROM (
SELECT install_key, toUInt8(intDiv(20484 - toInt32(toDate(time, {p5:String})), 7)) AS week, toUInt16(transform(python_version_code, {p0:Array(String)}, {p1:Array(UInt16)}, 0)) + 1 AS high
FROM events/*rows*/ FINAL
WHERE project = {p2:UInt32}
  AND time >= {p3:DateTime64(6, 'UTC')}
  AND time < {p4:DateTime64(6, 'UTC')}
  AND kind = 'track'
  AND ephemeral_code != 'jtrue'
  AND ci_code != 'jtrue')
GROUP BY install_key/*:each shard*/)
ARRAY JOIN range(13) AS week, arrayPushBack(highs, arrayMax(arraySlice(highs, 1, 4))) AS high
WHERE high > 0
GROUP BY week, place
-- p0 = ['s3.10.1', 's3.9.2', "s'; DROP TABLE events; --"]
-- p1 = [3, 2, 1]
-- p2 = 7
-- p3 = '2025-11-08 23:00:00.000000'
-- p4 = '2026-01-31 23:00:00.000000'
-- p5 = 'Europe/Brussels'

SELECT week, toUInt64(bitAnd(high, 3)) AS place, count() AS installs, max(bitAnd(low, 3) != 3 - toUInt64(bitAnd(high, 3))) AS tied
FROM /*each shard:*/(
SELECT maxResample(0, 12, 1)(high, week) AS highs, maxResample(0, 12, 1)(low, week) AS lows
FROM (
SELECT install_key, toUInt8(intDiv(20484 - toInt32(toDate(time, {p5:String})), 7)) AS week, bitShiftLeft(toUInt64(toUnixTimestamp64Micro(time) - 1762642799999999), 2) AS moment, toUInt16(transform(os_type_code, {p0:Array(String)}, {p1:Array(UInt16)}, 0)) AS own, moment + own AS high, moment + 3 - own AS low
FROM events/*rows*/ FINAL
WHERE project = {p2:UInt32}
  AND time >= {p3:DateTime64(6, 'UTC')}
  AND time < {p4:DateTime64(6, 'UTC')}
  AND kind = 'track'
  AND ephemeral_code != 'jtrue')
GROUP BY install_key/*:each shard*/)
ARRAY JOIN range(13) AS week, arrayPushBack(highs, arrayMax(arraySlice(highs, 1, 4))) AS high, arrayPushBack(lows, arrayMax(arraySlice(lows, 1, 4))) AS low
WHERE high > 0
GROUP BY week, place
-- p0 = ['sLinux', 'sDarwin']
-- p1 = [2, 1]
-- p2 = 7
-- p3 = '2025-11-08 23:00:00.000000'
-- p4 = '2026-01-31 23:00:00.000000'
-- p5 = 'Europe/Brussels'
