SELECT 0 AS part, bucket, 0 AS fold, '' AS segment_key, [toNullable(toFloat64([[NULL, arraySort(groupArrayIf(100000)(assumeNotNull(number1), isNotNull(number1)
  AND weight = 1))[toInt64(floor((0.9 * (length(groupArrayIf(100000)(assumeNotNull(number1), isNotNull(number1)
  AND weight = 1)) - 1)))) + 1] + (arraySort(groupArrayIf(100000)(assumeNotNull(number1), isNotNull(number1)
  AND weight = 1))[toInt64(ceil((0.9 * (length(groupArrayIf(100000)(assumeNotNull(number1), isNotNull(number1)
  AND weight = 1)) - 1)))) + 1] - arraySort(groupArrayIf(100000)(assumeNotNull(number1), isNotNull(number1)
  AND weight = 1))[toInt64(floor((0.9 * (length(groupArrayIf(100000)(assumeNotNull(number1), isNotNull(number1)
  AND weight = 1)) - 1)))) + 1]) * ((0.9 * (length(groupArrayIf(100000)(assumeNotNull(number1), isNotNull(number1)
  AND weight = 1)) - 1)) - floor((0.9 * (length(groupArrayIf(100000)(assumeNotNull(number1), isNotNull(number1)
  AND weight = 1)) - 1)))), arraySort(pair -> pair.1, arrayConcat(arrayMap(value -> (value, toFloat64(1)), arraySlice(arraySort(groupArrayIf(100000)(assumeNotNull(number1), isNotNull(number1)
  AND weight = 1)), greatest(toInt64(ceil((0.899999999100 * (length(groupArrayIf(100000)(assumeNotNull(number1), isNotNull(number1)
  AND weight = 1)) + arraySum(groupArrayIf(100000)((assumeNotNull(number1), least(greatest(weight, 0), 1e7)), isNotNull(number1)
  AND weight != 1).2))) - arraySum(groupArrayIf(100000)((assumeNotNull(number1), least(greatest(weight, 0), 1e7)), isNotNull(number1)
  AND weight != 1).2))), 1), greatest(greatest(toInt64(ceil((0.899999999100 * (length(groupArrayIf(100000)(assumeNotNull(number1), isNotNull(number1)
  AND weight = 1)) + arraySum(groupArrayIf(100000)((assumeNotNull(number1), least(greatest(weight, 0), 1e7)), isNotNull(number1)
  AND weight != 1).2))))), 1) - greatest(toInt64(ceil((0.899999999100 * (length(groupArrayIf(100000)(assumeNotNull(number1), isNotNull(number1)
  AND weight = 1)) + arraySum(groupArrayIf(100000)((assumeNotNull(number1), least(greatest(weight, 0), 1e7)), isNotNull(number1)
  AND weight != 1).2))) - arraySum(groupArrayIf(100000)((assumeNotNull(number1), least(greatest(weight, 0), 1e7)), isNotNull(number1)
  AND weight != 1).2))), 1) + 1, 0))), groupArrayIf(100000)((assumeNotNull(number1), least(greatest(weight, 0), 1e7)), isNotNull(number1)
  AND weight != 1)))[arrayFirstIndex(sum -> sum >= (0.899999999100 * (length(groupArrayIf(100000)(assumeNotNull(number1), isNotNull(number1)
  AND weight = 1)) + arraySum(groupArrayIf(100000)((assumeNotNull(number1), least(greatest(weight, 0), 1e7)), isNotNull(number1)
  AND weight != 1).2))) - greatest(toInt64(ceil((0.899999999100 * (length(groupArrayIf(100000)(assumeNotNull(number1), isNotNull(number1)
  AND weight = 1)) + arraySum(groupArrayIf(100000)((assumeNotNull(number1), least(greatest(weight, 0), 1e7)), isNotNull(number1)
  AND weight != 1).2))) - arraySum(groupArrayIf(100000)((assumeNotNull(number1), least(greatest(weight, 0), 1e7)), isNotNull(number1)
  AND weight != 1).2))), 1) + 1, arrayCumSum(arraySort(pair -> pair.1, arrayConcat(arrayMap(value -> (value, toFloat64(1)), arraySlice(arraySort(groupArrayIf(100000)(assumeNotNull(number1), isNotNull(number1)
  AND weight = 1)), greatest(toInt64(ceil((0.899999999100 * (length(groupArrayIf(100000)(assumeNotNull(number1), isNotNull(number1)
  AND weight = 1)) + arraySum(groupArrayIf(100000)((assumeNotNull(number1), least(greatest(weight, 0), 1e7)), isNotNull(number1)
  AND weight != 1).2))) - arraySum(groupArrayIf(100000)((assumeNotNull(number1), least(greatest(weight, 0), 1e7)), isNotNull(number1)
  AND weight != 1).2))), 1), greatest(greatest(toInt64(ceil((0.899999999100 * (length(groupArrayIf(100000)(assumeNotNull(number1), isNotNull(number1)
  AND weight = 1)) + arraySum(groupArrayIf(100000)((assumeNotNull(number1), least(greatest(weight, 0), 1e7)), isNotNull(number1)
  AND weight != 1).2))))), 1) - greatest(toInt64(ceil((0.899999999100 * (length(groupArrayIf(100000)(assumeNotNull(number1), isNotNull(number1)
  AND weight = 1)) + arraySum(groupArrayIf(100000)((assumeNotNull(number1), least(greatest(weight, 0), 1e7)), isNotNull(number1)
  AND weight != 1).2))) - arraySum(groupArrayIf(100000)((assumeNotNull(number1), least(greatest(weight, 0), 1e7)), isNotNull(number1)
  AND weight != 1).2))), 1) + 1, 0))), groupArrayIf(100000)((assumeNotNull(number1), least(greatest(weight, 0), 1e7)), isNotNull(number1)
  AND weight != 1))).2))].1][1 + (countIf(isNotNull(number1)) BETWEEN 1 AND 100000) * (2 - empty(groupArrayIf(100000)((assumeNotNull(number1), least(greatest(weight, 0), 1e7)), isNotNull(number1)
  AND weight != 1)))]][1]))] AS values, [countIf(isNotNull(number1))] AS counts
FROM /*each shard:*/(WITH ifNull(multiIf(isNotNull(properties.`run_time`.:String), concat('s', assumeNotNull(properties.`run_time`.:String)), isNotNull(properties.`run_time`), concat('j', toJSONString(properties.`run_time`)), toJSONString(properties.^`run_time`) != '{}', concat('j', toJSONString(properties.^`run_time`)), raw != '' AND JSONType(raw, {p0:String}) = 'Object', 'j{}', ''), '') AS e0
SELECT toInt64(toUnixTimestamp(time)) - (toInt64(toUnixTimestamp(time)) + timeZoneOffset(toTimeZone(time, {p1:String}))) % 3600 AS bucket, '' AS segment, install_key, weight, exception_occurred_code, run_time_number AS number1, e0 AS code1
FROM events/*rows*/ FINAL 
WHERE project = {p2:UInt32}
  AND time >= {p3:DateTime64(6, 'UTC')}
  AND time < {p4:DateTime64(6, 'UTC')}
  AND kind = 'track'/*:each shard*/)
GROUP BY bucket
-- p0 = 'run_time'
-- p1 = 'Europe/Brussels'
-- p2 = 7
-- p3 = '2025-12-31 23:00:00.000000'
-- p4 = '2026-01-31 23:00:00.000000'
