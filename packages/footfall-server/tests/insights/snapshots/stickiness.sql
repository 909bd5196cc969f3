SELECT days, count() AS installs
FROM /*each shard:*/(
SELECT install_key, arrayUniq(groupArray(day)) AS days
FROM (
SELECT install_key, toDate(time, {p0:String}) AS day
FROM events/*rows*/ FINAL
WHERE project = {p1:UInt32}
  AND time >= {p2:DateTime64(6, 'UTC')}
  AND time < {p3:DateTime64(6, 'UTC')}
  AND kind = 'track')
GROUP BY install_key/*:each shard*/)
GROUP BY days
-- p0 = 'Europe/Brussels'
-- p1 = 7
-- p2 = '2025-12-31 23:00:00.000000'
-- p3 = '2026-01-31 23:00:00.000000'
