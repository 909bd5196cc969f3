SELECT change.1 - 1 AS place, change.2 AS state, count() AS count
FROM /*each shard:*/(
SELECT arrayFilter(c -> c.1 > 0, arrayConcat(arrayMap((p, q) -> (p, multiIf(p = first_place, 0, p - 1 = q, 1, 2)), places, arrayPopBack(arrayPushFront(places, -1))), arrayMap(p -> (p + 1, 3), arrayFilter((p, q) -> p < {p9:UInt32}
  AND p + 1 != q, places, arrayPopFront(arrayPushBack(places, -1)))))) AS changes
FROM (
SELECT first_place, arraySort(arrayMap(k -> transform(k, {p4:Array(Int64)}, range(toUInt32({p5:UInt32})), 0), arrayDistinct(active))) AS places
FROM (
SELECT if(min(time) < {p8:DateTime64(6, 'UTC')}, -1, min(key)) AS first_key, groupArrayIf(key, seen) AS active, transform(first_key, {p4:Array(Int64)}, range(toUInt32({p5:UInt32})), 0) AS first_place
FROM (
SELECT install_key, time, toInt64(toUInt16(toMonday(toDate(time, {p3:String})))) AS key, time >= {p6:DateTime64(6, 'UTC')}
  AND (time >= {p7:DateTime64(6, 'UTC')} OR time < {p8:DateTime64(6, 'UTC')}) AS seen
FROM events/*rows*/ FINAL
WHERE project = {p0:UInt32}
  AND time >= {p1:DateTime64(6, 'UTC')}
  AND time < {p2:DateTime64(6, 'UTC')}
  AND kind = 'track')
GROUP BY install_key))/*:each shard*/)
ARRAY JOIN changes AS change
GROUP BY place, state
-- p0 = 7
-- p1 = '1970-01-01 00:00:00.000000'
-- p2 = '2026-01-31 23:00:00.000000'
-- p3 = 'Europe/Brussels'
-- p4 = [20444, 20451, 20458, 20465, 20472, 20479]
-- p5 = 6
-- p6 = '2025-12-21 23:00:00.000000'
-- p7 = '2025-12-31 23:00:00.000000'
-- p8 = '2025-12-28 23:00:00.000000'
-- p9 = 5
