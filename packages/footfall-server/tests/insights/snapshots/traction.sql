SELECT week, place, count() AS active, countIf(week = first) AS new, countIf(week = first
  AND back) AS returned
FROM /*each shard:*/(
SELECT groupArray(week) AS weeks, groupArray(place) AS places, arrayMin(weeks) AS first, has(weeks, first + 28) AS back
FROM (
SELECT cell, any(week) AS week, max(own) AS place
FROM (
SELECT toInt32(toUInt16(toMonday(toDate(time, {p0:String})))) AS week, bitXor(install_key, toUInt64(week) * 11400714819323198485) AS cell, toUInt16(transform(library_version_code, {p1:Array(String)}, {p2:Array(UInt16)}, 0)) AS own
FROM events/*rows*/ FINAL
WHERE project = {p3:UInt32}
  AND time >= {p4:DateTime64(6, 'UTC')}
  AND time < {p5:DateTime64(6, 'UTC')}
  AND kind = 'track')
GROUP BY cell)
GROUP BY bitXor(cell, toUInt64(week) * 11400714819323198485)/*:each shard*/)
ARRAY JOIN weeks AS week, places AS place
GROUP BY week, place
-- p0 = 'Europe/Brussels'
-- p1 = ['s1.0', 's0.9', '', 'j["0.9","1.0"]']
-- p2 = [3, 2, 1, 3]
-- p3 = 7
-- p4 = '2025-12-31 23:00:00.000000'
-- p5 = '2026-01-31 23:00:00.000000'
