SELECT intDiv(cell, 4) AS row, cell % 4 AS column, count() AS installs, max(tied) AS tied
FROM /*each shard:*/(
SELECT install_key, bitAnd(max(high), 15) AS cell, bitAnd(max(low), 15) != 15 - cell AS tied
FROM (
SELECT install_key, bitShiftLeft(toUInt64(toUnixTimestamp64Micro(time) - 1767222000000000), 4) AS moment, toUInt64(toUInt16(transform(python_version_code, {p0:Array(String)}, {p1:Array(UInt16)}, 0))) * 4 + toUInt16(transform(library_version_code, {p2:Array(String)}, {p3:Array(UInt16)}, 0)) AS own, moment + own AS high, moment + 15 - own AS low
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

SELECT week, place, count() AS installs
FROM /*each shard:*/(
SELECT groupArray(week) AS weeks, groupArray(place) AS places, arrayFilter((place, week) -> week < 4, places, weeks) AS recent
FROM (
SELECT install_key, week, max(own) AS place
FROM (
SELECT install_key, toUInt8((time < {p2:DateTime64(6, 'UTC')}) + (time < {p3:DateTime64(6, 'UTC')}) + (time < {p4:DateTime64(6, 'UTC')}) + (time < {p5:DateTime64(6, 'UTC')}) + (time < {p6:DateTime64(6, 'UTC')}) + (time < {p7:DateTime64(6, 'UTC')}) + (time < {p8:DateTime64(6, 'UTC')}) + (time < {p9:DateTime64(6, 'UTC')}) + (time < {p10:DateTime64(6, 'UTC')}) + (time < {p11:DateTime64(6, 'UTC')}) + (time < {p12:DateTime64(6, 'UTC')})) AS week, toUInt16(transform(python_version_code, {p0:Array(String)}, {p1:Array(UInt16)}, 0)) AS own
FROM events/*rows*/ FINAL
WHERE project = {p13:UInt32}
  AND time >= {p14:DateTime64(6, 'UTC')}
  AND time < {p15:DateTime64(6, 'UTC')}
  AND kind = 'track'
  AND ephemeral_code != 'jtrue'
  AND ci_code != 'jtrue')
GROUP BY install_key, week)
GROUP BY install_key/*:each shard*/)
ARRAY JOIN if(empty(recent), weeks, arrayPushBack(weeks, toUInt8(12))) AS week, if(empty(recent), places, arrayPushBack(places, arrayMax(recent))) AS place
GROUP BY week, place
-- p0 = ['s3.10.1', 's3.9.2', "s'; DROP TABLE events; --"]
-- p1 = [3, 2, 1]
-- p2 = '2026-01-24 23:00:00.000000'
-- p3 = '2026-01-17 23:00:00.000000'
-- p4 = '2026-01-10 23:00:00.000000'
-- p5 = '2026-01-03 23:00:00.000000'
-- p6 = '2025-12-27 23:00:00.000000'
-- p7 = '2025-12-20 23:00:00.000000'
-- p8 = '2025-12-13 23:00:00.000000'
-- p9 = '2025-12-06 23:00:00.000000'
-- p10 = '2025-11-29 23:00:00.000000'
-- p11 = '2025-11-22 23:00:00.000000'
-- p12 = '2025-11-15 23:00:00.000000'
-- p13 = 7
-- p14 = '2025-11-08 23:00:00.000000'
-- p15 = '2026-01-31 23:00:00.000000'

SELECT week, place, count() AS installs
FROM /*each shard:*/(
SELECT groupArray(week) AS weeks, groupArray(place) AS places, arrayFilter((place, week) -> week < 4, places, weeks) AS recent
FROM (
SELECT install_key, week, argMax(own, stamp) AS place
FROM (
SELECT install_key, toUInt8((time < {p2:DateTime64(6, 'UTC')}) + (time < {p3:DateTime64(6, 'UTC')}) + (time < {p4:DateTime64(6, 'UTC')}) + (time < {p5:DateTime64(6, 'UTC')}) + (time < {p6:DateTime64(6, 'UTC')}) + (time < {p7:DateTime64(6, 'UTC')}) + (time < {p8:DateTime64(6, 'UTC')}) + (time < {p9:DateTime64(6, 'UTC')}) + (time < {p10:DateTime64(6, 'UTC')}) + (time < {p11:DateTime64(6, 'UTC')}) + (time < {p12:DateTime64(6, 'UTC')})) AS week, toUInt16(transform(os_type_code, {p0:Array(String)}, {p1:Array(UInt16)}, 0)) AS own, bitOr(bitShiftLeft(toUInt128(toUnixTimestamp64Micro(time)), 64), toUInt128(bitNot(version))) AS stamp
FROM events/*rows*/ FINAL
WHERE project = {p13:UInt32}
  AND time >= {p14:DateTime64(6, 'UTC')}
  AND time < {p15:DateTime64(6, 'UTC')}
  AND kind = 'track'
  AND ephemeral_code != 'jtrue')
GROUP BY install_key, week)
GROUP BY install_key/*:each shard*/)
ARRAY JOIN if(empty(recent), weeks, arrayPushBack(weeks, toUInt8(12))) AS week, if(empty(recent), places, arrayPushBack(places, places[indexOf(weeks, arrayMin(weeks))])) AS place
GROUP BY week, place
-- p0 = ['sLinux', 'sDarwin']
-- p1 = [2, 1]
-- p2 = '2026-01-24 23:00:00.000000'
-- p3 = '2026-01-17 23:00:00.000000'
-- p4 = '2026-01-10 23:00:00.000000'
-- p5 = '2026-01-03 23:00:00.000000'
-- p6 = '2025-12-27 23:00:00.000000'
-- p7 = '2025-12-20 23:00:00.000000'
-- p8 = '2025-12-13 23:00:00.000000'
-- p9 = '2025-12-06 23:00:00.000000'
-- p10 = '2025-11-29 23:00:00.000000'
-- p11 = '2025-11-22 23:00:00.000000'
-- p12 = '2025-11-15 23:00:00.000000'
-- p13 = 7
-- p14 = '2025-11-08 23:00:00.000000'
-- p15 = '2026-01-31 23:00:00.000000'
