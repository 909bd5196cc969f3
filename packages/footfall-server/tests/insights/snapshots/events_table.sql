SELECT now.*, then.total AS before
FROM (
SELECT toString(event) AS event, toNullable(toFloat64(sum(weight))) AS total, toNullable(toFloat64(uniqExact(install_key))) AS unique, toNullable(toFloat64(sum(weight) / nullIf(uniqExact(install_key), 0))) AS per_install, toNullable(toFloat64([[NULL, arraySort(groupArrayIf(100000)(assumeNotNull(run), isNotNull(run)
  AND weight = 1))[toInt64(floor((0.5 * (length(groupArrayIf(100000)(assumeNotNull(run), isNotNull(run)
  AND weight = 1)) - 1)))) + 1] + (arraySort(groupArrayIf(100000)(assumeNotNull(run), isNotNull(run)
  AND weight = 1))[toInt64(ceil((0.5 * (length(groupArrayIf(100000)(assumeNotNull(run), isNotNull(run)
  AND weight = 1)) - 1)))) + 1] - arraySort(groupArrayIf(100000)(assumeNotNull(run), isNotNull(run)
  AND weight = 1))[toInt64(floor((0.5 * (length(groupArrayIf(100000)(assumeNotNull(run), isNotNull(run)
  AND weight = 1)) - 1)))) + 1]) * ((0.5 * (length(groupArrayIf(100000)(assumeNotNull(run), isNotNull(run)
  AND weight = 1)) - 1)) - floor((0.5 * (length(groupArrayIf(100000)(assumeNotNull(run), isNotNull(run)
  AND weight = 1)) - 1)))), arraySort(pair -> pair.1, arrayConcat(arrayMap(value -> (value, toFloat64(1)), arraySlice(arraySort(groupArrayIf(100000)(assumeNotNull(run), isNotNull(run)
  AND weight = 1)), greatest(toInt64(ceil((0.499999999500 * (length(groupArrayIf(100000)(assumeNotNull(run), isNotNull(run)
  AND weight = 1)) + arraySum(groupArrayIf(100000)((assumeNotNull(run), least(greatest(weight, 0), 1e7)), isNotNull(run)
  AND weight != 1).2))) - arraySum(groupArrayIf(100000)((assumeNotNull(run), least(greatest(weight, 0), 1e7)), isNotNull(run)
  AND weight != 1).2))), 1), greatest(greatest(toInt64(ceil((0.499999999500 * (length(groupArrayIf(100000)(assumeNotNull(run), isNotNull(run)
  AND weight = 1)) + arraySum(groupArrayIf(100000)((assumeNotNull(run), least(greatest(weight, 0), 1e7)), isNotNull(run)
  AND weight != 1).2))))), 1) - greatest(toInt64(ceil((0.499999999500 * (length(groupArrayIf(100000)(assumeNotNull(run), isNotNull(run)
  AND weight = 1)) + arraySum(groupArrayIf(100000)((assumeNotNull(run), least(greatest(weight, 0), 1e7)), isNotNull(run)
  AND weight != 1).2))) - arraySum(groupArrayIf(100000)((assumeNotNull(run), least(greatest(weight, 0), 1e7)), isNotNull(run)
  AND weight != 1).2))), 1) + 1, 0))), groupArrayIf(100000)((assumeNotNull(run), least(greatest(weight, 0), 1e7)), isNotNull(run)
  AND weight != 1)))[arrayFirstIndex(sum -> sum >= (0.499999999500 * (length(groupArrayIf(100000)(assumeNotNull(run), isNotNull(run)
  AND weight = 1)) + arraySum(groupArrayIf(100000)((assumeNotNull(run), least(greatest(weight, 0), 1e7)), isNotNull(run)
  AND weight != 1).2))) - greatest(toInt64(ceil((0.499999999500 * (length(groupArrayIf(100000)(assumeNotNull(run), isNotNull(run)
  AND weight = 1)) + arraySum(groupArrayIf(100000)((assumeNotNull(run), least(greatest(weight, 0), 1e7)), isNotNull(run)
  AND weight != 1).2))) - arraySum(groupArrayIf(100000)((assumeNotNull(run), least(greatest(weight, 0), 1e7)), isNotNull(run)
  AND weight != 1).2))), 1) + 1, arrayCumSum(arraySort(pair -> pair.1, arrayConcat(arrayMap(value -> (value, toFloat64(1)), arraySlice(arraySort(groupArrayIf(100000)(assumeNotNull(run), isNotNull(run)
  AND weight = 1)), greatest(toInt64(ceil((0.499999999500 * (length(groupArrayIf(100000)(assumeNotNull(run), isNotNull(run)
  AND weight = 1)) + arraySum(groupArrayIf(100000)((assumeNotNull(run), least(greatest(weight, 0), 1e7)), isNotNull(run)
  AND weight != 1).2))) - arraySum(groupArrayIf(100000)((assumeNotNull(run), least(greatest(weight, 0), 1e7)), isNotNull(run)
  AND weight != 1).2))), 1), greatest(greatest(toInt64(ceil((0.499999999500 * (length(groupArrayIf(100000)(assumeNotNull(run), isNotNull(run)
  AND weight = 1)) + arraySum(groupArrayIf(100000)((assumeNotNull(run), least(greatest(weight, 0), 1e7)), isNotNull(run)
  AND weight != 1).2))))), 1) - greatest(toInt64(ceil((0.499999999500 * (length(groupArrayIf(100000)(assumeNotNull(run), isNotNull(run)
  AND weight = 1)) + arraySum(groupArrayIf(100000)((assumeNotNull(run), least(greatest(weight, 0), 1e7)), isNotNull(run)
  AND weight != 1).2))) - arraySum(groupArrayIf(100000)((assumeNotNull(run), least(greatest(weight, 0), 1e7)), isNotNull(run)
  AND weight != 1).2))), 1) + 1, 0))), groupArrayIf(100000)((assumeNotNull(run), least(greatest(weight, 0), 1e7)), isNotNull(run)
  AND weight != 1))).2))].1][1 + (countIf(isNotNull(run)) BETWEEN 1 AND 100000) * (2 - empty(groupArrayIf(100000)((assumeNotNull(run), least(greatest(weight, 0), 1e7)), isNotNull(run)
  AND weight != 1)))]][1])) AS p50, toNullable(toFloat64([[NULL, arraySort(groupArrayIf(100000)(assumeNotNull(run), isNotNull(run)
  AND weight = 1))[toInt64(floor((0.9 * (length(groupArrayIf(100000)(assumeNotNull(run), isNotNull(run)
  AND weight = 1)) - 1)))) + 1] + (arraySort(groupArrayIf(100000)(assumeNotNull(run), isNotNull(run)
  AND weight = 1))[toInt64(ceil((0.9 * (length(groupArrayIf(100000)(assumeNotNull(run), isNotNull(run)
  AND weight = 1)) - 1)))) + 1] - arraySort(groupArrayIf(100000)(assumeNotNull(run), isNotNull(run)
  AND weight = 1))[toInt64(floor((0.9 * (length(groupArrayIf(100000)(assumeNotNull(run), isNotNull(run)
  AND weight = 1)) - 1)))) + 1]) * ((0.9 * (length(groupArrayIf(100000)(assumeNotNull(run), isNotNull(run)
  AND weight = 1)) - 1)) - floor((0.9 * (length(groupArrayIf(100000)(assumeNotNull(run), isNotNull(run)
  AND weight = 1)) - 1)))), arraySort(pair -> pair.1, arrayConcat(arrayMap(value -> (value, toFloat64(1)), arraySlice(arraySort(groupArrayIf(100000)(assumeNotNull(run), isNotNull(run)
  AND weight = 1)), greatest(toInt64(ceil((0.899999999100 * (length(groupArrayIf(100000)(assumeNotNull(run), isNotNull(run)
  AND weight = 1)) + arraySum(groupArrayIf(100000)((assumeNotNull(run), least(greatest(weight, 0), 1e7)), isNotNull(run)
  AND weight != 1).2))) - arraySum(groupArrayIf(100000)((assumeNotNull(run), least(greatest(weight, 0), 1e7)), isNotNull(run)
  AND weight != 1).2))), 1), greatest(greatest(toInt64(ceil((0.899999999100 * (length(groupArrayIf(100000)(assumeNotNull(run), isNotNull(run)
  AND weight = 1)) + arraySum(groupArrayIf(100000)((assumeNotNull(run), least(greatest(weight, 0), 1e7)), isNotNull(run)
  AND weight != 1).2))))), 1) - greatest(toInt64(ceil((0.899999999100 * (length(groupArrayIf(100000)(assumeNotNull(run), isNotNull(run)
  AND weight = 1)) + arraySum(groupArrayIf(100000)((assumeNotNull(run), least(greatest(weight, 0), 1e7)), isNotNull(run)
  AND weight != 1).2))) - arraySum(groupArrayIf(100000)((assumeNotNull(run), least(greatest(weight, 0), 1e7)), isNotNull(run)
  AND weight != 1).2))), 1) + 1, 0))), groupArrayIf(100000)((assumeNotNull(run), least(greatest(weight, 0), 1e7)), isNotNull(run)
  AND weight != 1)))[arrayFirstIndex(sum -> sum >= (0.899999999100 * (length(groupArrayIf(100000)(assumeNotNull(run), isNotNull(run)
  AND weight = 1)) + arraySum(groupArrayIf(100000)((assumeNotNull(run), least(greatest(weight, 0), 1e7)), isNotNull(run)
  AND weight != 1).2))) - greatest(toInt64(ceil((0.899999999100 * (length(groupArrayIf(100000)(assumeNotNull(run), isNotNull(run)
  AND weight = 1)) + arraySum(groupArrayIf(100000)((assumeNotNull(run), least(greatest(weight, 0), 1e7)), isNotNull(run)
  AND weight != 1).2))) - arraySum(groupArrayIf(100000)((assumeNotNull(run), least(greatest(weight, 0), 1e7)), isNotNull(run)
  AND weight != 1).2))), 1) + 1, arrayCumSum(arraySort(pair -> pair.1, arrayConcat(arrayMap(value -> (value, toFloat64(1)), arraySlice(arraySort(groupArrayIf(100000)(assumeNotNull(run), isNotNull(run)
  AND weight = 1)), greatest(toInt64(ceil((0.899999999100 * (length(groupArrayIf(100000)(assumeNotNull(run), isNotNull(run)
  AND weight = 1)) + arraySum(groupArrayIf(100000)((assumeNotNull(run), least(greatest(weight, 0), 1e7)), isNotNull(run)
  AND weight != 1).2))) - arraySum(groupArrayIf(100000)((assumeNotNull(run), least(greatest(weight, 0), 1e7)), isNotNull(run)
  AND weight != 1).2))), 1), greatest(greatest(toInt64(ceil((0.899999999100 * (length(groupArrayIf(100000)(assumeNotNull(run), isNotNull(run)
  AND weight = 1)) + arraySum(groupArrayIf(100000)((assumeNotNull(run), least(greatest(weight, 0), 1e7)), isNotNull(run)
  AND weight != 1).2))))), 1) - greatest(toInt64(ceil((0.899999999100 * (length(groupArrayIf(100000)(assumeNotNull(run), isNotNull(run)
  AND weight = 1)) + arraySum(groupArrayIf(100000)((assumeNotNull(run), least(greatest(weight, 0), 1e7)), isNotNull(run)
  AND weight != 1).2))) - arraySum(groupArrayIf(100000)((assumeNotNull(run), least(greatest(weight, 0), 1e7)), isNotNull(run)
  AND weight != 1).2))), 1) + 1, 0))), groupArrayIf(100000)((assumeNotNull(run), least(greatest(weight, 0), 1e7)), isNotNull(run)
  AND weight != 1))).2))].1][1 + (countIf(isNotNull(run)) BETWEEN 1 AND 100000) * (2 - empty(groupArrayIf(100000)((assumeNotNull(run), least(greatest(weight, 0), 1e7)), isNotNull(run)
  AND weight != 1)))]][1])) AS p90, toNullable(toFloat64(sumIf(weight, exception_occurred_code = 'jtrue') / nullIf(sum(weight), 0))) AS error_rate, toUnixTimestamp64Micro(min(time)) AS first_seen, toUnixTimestamp64Micro(max(time)) AS last_seen, countIf(isNotNull(run)) AS run_times
FROM /*each shard:*/(WITH ifNull(multiIf(isNotNull(properties.`run_time`.:String), concat('s', assumeNotNull(properties.`run_time`.:String)), isNotNull(properties.`run_time`), concat('j', toJSONString(properties.`run_time`)), toJSONString(properties.^`run_time`) != '{}', concat('j', toJSONString(properties.^`run_time`)), raw != '' AND JSONType(raw, {p4:String}) = 'Object', 'j{}', ''), '') AS e0
SELECT event, time, install_key, weight, exception_occurred_code, run_time_number AS run
FROM events/*rows*/ FINAL
WHERE project = {p0:UInt32}
  AND time >= {p2:DateTime64(6, 'UTC')}
  AND time < {p3:DateTime64(6, 'UTC')}
  AND kind = 'track'/*:each shard*/)
GROUP BY event) AS now
LEFT JOIN (WITH ifNull(multiIf(isNotNull(properties.`run_time`.:String), concat('s', assumeNotNull(properties.`run_time`.:String)), isNotNull(properties.`run_time`), concat('j', toJSONString(properties.`run_time`)), toJSONString(properties.^`run_time`) != '{}', concat('j', toJSONString(properties.^`run_time`)), raw != '' AND JSONType(raw, {p4:String}) = 'Object', 'j{}', ''), '') AS e0
SELECT toString(event) AS event, sum(weight) AS total
FROM events/*rows*/ FINAL
WHERE project = {p0:UInt32}
  AND time >= {p1:DateTime64(6, 'UTC')}
  AND time < {p2:DateTime64(6, 'UTC')}
  AND kind = 'track'
GROUP BY event) AS then ON now.event = then.event
ORDER BY round(now.total, 6) DESC, now.event
-- p0 = 7
-- p1 = '2025-11-30 23:00:00.000000'
-- p2 = '2025-12-31 23:00:00.000000'
-- p3 = '2026-01-31 23:00:00.000000'
-- p4 = 'run_time'
