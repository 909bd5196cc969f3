SELECT intDiv(cell, 4) AS row, cell % 4 AS column, count() AS installs, max(tied) AS tied
FROM /*each shard:*/(
SELECT install_key, bitAnd(max(high), 15) AS cell, bitAnd(max(low), 15) != 15 - bitAnd(max(high), 15) AS tied
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

SELECT week, place, count() AS installs, max(tied) AS tied
FROM /*each shard:*/(
SELECT groupArray(week) AS weeks, groupArray(place) AS places, max(tied) AS tied, arrayFilter((place, week) -> week < 4, places, weeks) AS recent
FROM (
SELECT cell, any(week) AS week, max(own) AS place, 0 AS tied
FROM (
SELECT toUInt8(intDiv(20484 - toInt32(toDate(time, {p5:String})), 7)) AS week, bitXor(install_key, toUInt64(week) * 11400714819323198485) AS cell, toUInt16(transform(python_version_code, {p0:Array(String)}, {p1:Array(UInt16)}, 0)) AS own
FROM events/*rows*/ FINAL
WHERE project = {p2:UInt32}
  AND time >= {p3:DateTime64(6, 'UTC')}
  AND time < {p4:DateTime64(6, 'UTC')}
  AND kind = 'track'
  AND ephemeral_code != 'jtrue'
  AND ci_code != 'jtrue')
GROUP BY cell)
GROUP BY bitXor(cell, toUInt64(week) * 11400714819323198485)/*:each shard*/)
ARRAY JOIN if(empty(recent), weeks, arrayPushBack(weeks, toUInt8(12))) AS week, if(empty(recent), places, arrayPushBack(places, arrayMax(recent))) AS place
GROUP BY week, place
-- p0 = ['s3.10.1', 's3.9.2', "s'; DROP TABLE events; --"]
-- p1 = [3, 2, 1]
-- p2 = 7
-- p3 = '2025-11-08 23:00:00.000000'
-- p4 = '2026-01-31 23:00:00.000000'
-- p5 = 'Europe/Brussels'

SELECT week, place, count() AS installs, max(tied) AS tied
FROM /*each shard:*/(
SELECT groupArray(week) AS weeks, groupArray(place) AS places, max(tied) AS tied, arrayFilter((place, week) -> week < 4, places, weeks) AS recent
FROM (
SELECT cell, any(week) AS week, bitAnd(max(high), 3) AS place, bitAnd(max(low), 3) != 3 - bitAnd(max(high), 3) AS tied
FROM (
SELECT toUInt8(intDiv(20484 - toInt32(toDate(time, {p5:String})), 7)) AS week, bitXor(install_key, toUInt64(week) * 11400714819323198485) AS cell, bitShiftLeft(toUInt64(toUnixTimestamp64Micro(time) - 1762642800000000), 2) AS moment, toUInt16(transform(os_type_code, {p0:Array(String)}, {p1:Array(UInt16)}, 0)) AS own, moment + own AS high, moment + 3 - own AS low
FROM events/*rows*/ FINAL
WHERE project = {p2:UInt32}
  AND time >= {p3:DateTime64(6, 'UTC')}
  AND time < {p4:DateTime64(6, 'UTC')}
  AND kind = 'track'
  AND ephemeral_code != 'jtrue')
GROUP BY cell)
GROUP BY bitXor(cell, toUInt64(week) * 11400714819323198485)/*:each shard*/)
ARRAY JOIN if(empty(recent), weeks, arrayPushBack(weeks, toUInt8(12))) AS week, if(empty(recent), places, arrayPushBack(places, places[indexOf(weeks, arrayMin(weeks))])) AS place
GROUP BY week, place
-- p0 = ['sLinux', 'sDarwin']
-- p1 = [2, 1]
-- p2 = 7
-- p3 = '2025-11-08 23:00:00.000000'
-- p4 = '2026-01-31 23:00:00.000000'
-- p5 = 'Europe/Brussels'
