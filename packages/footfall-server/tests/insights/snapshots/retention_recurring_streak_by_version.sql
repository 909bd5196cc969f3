SELECT cohort, segment_key, count() AS size, sumForEach(flags) AS counts
FROM /*each shard:*/(
SELECT toInt64(toUInt16(toStartOfMonth(toDate(fromUnixTimestamp64Micro(toInt64(bitShiftRight(birth.1, 64)), 'UTC'), {p0:String})))) AS cohort, arrayJoin(arrayDistinct(arrayMap(s -> if(s IN {p5:Array(String)}, s, {p6:String}), if(startsWith(birth.2.1, 'j['), if(empty(arrayMap(e -> multiIf(e = 'null', '', startsWith(e, '"'), concat('s', JSONExtractString(e)), concat('j', e)), JSONExtractArrayRaw(substring(birth.2.1, 2)))), ['$none'], arrayDistinct(arrayMap(c -> if(c = '', '$none', substring(c, 2)), arrayMap(e -> multiIf(e = 'null', '', startsWith(e, '"'), concat('s', JSONExtractString(e)), concat('j', e)), JSONExtractArrayRaw(substring(birth.2.1, 2)))))), [if(birth.2.1 = '', '$none', substring(birth.2.1, 2))])))) AS segment_key, birth.1 AS start, arrayMap((total, k) -> total = k + 1, arrayCumSum(arrayMap(h -> toUInt16(h), arrayMap(k -> has(arrayDistinct(arrayFilter((unit, r) -> r >= start, return_units, returns)), toInt32(k + toInt32(toRelativeMonthNum(toDate(fromUnixTimestamp64Micro(toInt64(bitShiftRight(start, 64)), 'UTC'), {p0:String}))))), range({p7:UInt16})))), range({p7:UInt16})) AS flags
FROM (
SELECT arrayFilter((b, unit, before) -> unit != before, (arraySort(groupArrayIf((at, codes), born)) AS sorted_births), (arrayMap(b -> toInt32(toRelativeMonthNum(toDate(fromUnixTimestamp64Micro(toInt64(bitShiftRight(b.1, 64)), 'UTC'), {p0:String}))), sorted_births) AS birth_units), arrayPopBack(arrayPushFront(birth_units, -1))) AS births, arrayFilter((r, unit, after) -> unit != after, (arraySort(groupArrayIf(at, returned)) AS sorted_returns), (arrayMap(r -> toInt32(toRelativeMonthNum(toDate(fromUnixTimestamp64Micro(toInt64(bitShiftRight(r, 64)), 'UTC'), {p0:String}))), sorted_returns) AS units), arrayPopFront(arrayPushBack(units, -1))) AS returns, arrayMap(r -> toInt32(toRelativeMonthNum(toDate(fromUnixTimestamp64Micro(toInt64(bitShiftRight(r, 64)), 'UTC'), {p0:String}))), returns) AS return_units
FROM (
SELECT install_key, bitShiftLeft(toInt128(toUnixTimestamp64Micro(time)), 64) + toInt128(position) AS at, time < {p1:DateTime64(6, 'UTC')} AS born, time >= {p2:DateTime64(6, 'UTC')} AS returned, tuple(library_version_code) AS codes
FROM events/*rows*/ FINAL
WHERE project = {p3:UInt32}
  AND time >= {p2:DateTime64(6, 'UTC')}
  AND time < {p4:DateTime64(6, 'UTC')}
  AND kind = 'track')
GROUP BY install_key HAVING countIf(born) > 0)
ARRAY JOIN births AS birth/*:each shard*/)
GROUP BY cohort, segment_key
-- p0 = 'Europe/Brussels'
-- p1 = '2026-01-31 23:00:00.000000'
-- p2 = '2025-12-31 23:00:00.000000'
-- p3 = 7
-- p4 = '2027-02-09 23:00:00.000000'
-- p5 = ['1.0']
-- p6 = '$other'
-- p7 = 12
