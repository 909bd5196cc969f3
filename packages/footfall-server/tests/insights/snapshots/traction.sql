SELECT week, count() AS active, countIf(week = arrayMin(weeks)) AS new, countIf(week = arrayMin(weeks)
  AND has(weeks, week + 28)) AS returned
FROM (
SELECT groupUniqArray(week) AS weeks
FROM (
SELECT install_key, toInt32(toInt64(toUInt16(toMonday(toDate(time, {p0:String}))))) AS week
FROM events FINAL
WHERE project = {p1:UInt32}
  AND time >= {p2:DateTime64(6, 'UTC')}
  AND time < {p3:DateTime64(6, 'UTC')}
  AND kind = 'track')
GROUP BY install_key)
ARRAY JOIN weeks AS week
GROUP BY week
-- p0 = 'Europe/Brussels'
-- p1 = 7
-- p2 = '2025-12-31 23:00:00.000000'
-- p3 = '2026-01-31 23:00:00.000000'
