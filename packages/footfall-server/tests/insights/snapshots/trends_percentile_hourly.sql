SELECT 0 AS part, bucket, 0 AS fold, '' AS segment_key, [toNullable(toFloat64(multiIf(countIf(isNotNull(number1)) = 0, NULL, countIf(isNotNull(number1)) > 100000, toFloat64(quantilesTDigestWeightedIf(0.5, 0.9, 0.95, 0.99)(number1, toUInt32(least(round(weight * 1000), 4e9)), isNotNull(number1))[2]), minIf(weight, isNotNull(number1)) = 1
  AND maxIf(weight, isNotNull(number1)) = 1, arrayReduce('quantileExactInclusive(0.9)', groupArrayIf(100001)(assumeNotNull(number1), isNotNull(number1))), arrayReduce('quantilesExactWeighted(0.899999999100)', groupArrayIf(100001)(assumeNotNull(number1), isNotNull(number1)), arrayMap(w -> toUInt64(round(least(greatest(w, 0), 1e7) * 1e9)), groupArrayIf(100001)(weight, isNotNull(number1))))[1])))] AS values, countIf(isNotNull(number1)) > 100000 AS approximate
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
