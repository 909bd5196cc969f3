SELECT now.*, then.total AS before
FROM (
SELECT toString(event) AS event, toNullable(toFloat64(sum(weight))) AS total, toNullable(toFloat64(uniqExact(install_key))) AS unique, toNullable(toFloat64(sum(weight) / nullIf(uniqExact(install_key), 0))) AS per_install, toNullable(toFloat64(multiIf(countIf(isNotNull(run)) = 0, NULL, countIf(isNotNull(run)) > 100000, toFloat64(quantilesTDigestWeightedIf(0.5, 0.9, 0.95, 0.99)(run, toUInt32(least(round(weight * 1000), 4e9)), isNotNull(run))[1]), minIf(weight, isNotNull(run)) = 1
  AND maxIf(weight, isNotNull(run)) = 1, arrayReduce('quantileExactInclusive(0.5)', groupArrayIf(100001)(assumeNotNull(run), isNotNull(run))), arrayReduce('quantilesExactWeighted(0.499999999500)', groupArrayIf(100001)(assumeNotNull(run), isNotNull(run)), arrayMap(w -> toUInt64(round(least(greatest(w, 0), 1e7) * 1e9)), groupArrayIf(100001)(weight, isNotNull(run))))[1]))) AS p50, toNullable(toFloat64(multiIf(countIf(isNotNull(run)) = 0, NULL, countIf(isNotNull(run)) > 100000, toFloat64(quantilesTDigestWeightedIf(0.5, 0.9, 0.95, 0.99)(run, toUInt32(least(round(weight * 1000), 4e9)), isNotNull(run))[2]), minIf(weight, isNotNull(run)) = 1
  AND maxIf(weight, isNotNull(run)) = 1, arrayReduce('quantileExactInclusive(0.9)', groupArrayIf(100001)(assumeNotNull(run), isNotNull(run))), arrayReduce('quantilesExactWeighted(0.899999999100)', groupArrayIf(100001)(assumeNotNull(run), isNotNull(run)), arrayMap(w -> toUInt64(round(least(greatest(w, 0), 1e7) * 1e9)), groupArrayIf(100001)(weight, isNotNull(run))))[1]))) AS p90, toNullable(toFloat64(sumIf(weight, exception_occurred_code = 'jtrue') / nullIf(sum(weight), 0))) AS error_rate, toUnixTimestamp64Micro(min(time)) AS first_seen, toUnixTimestamp64Micro(max(time)) AS last_seen, countIf(isNotNull(run)) > 100000 AS approximate
FROM /*each shard:*/(WITH ifNull(multiIf(isNotNull(properties.`run_time`.:String), concat('s', assumeNotNull(properties.`run_time`.:String)), isNotNull(properties.`run_time`), concat('j', toJSONString(properties.`run_time`)), toJSONString(properties.^`run_time`) != '{}', concat('j', toJSONString(properties.^`run_time`)), raw != '' AND JSONType(raw, {p4:String}) = 'Object', 'j{}', ''), '') AS e0
SELECT event, time, install_key, weight, exception_occurred_code, run_time_number AS run
FROM events/*rows*/ FINAL
WHERE project = {p0:UInt32}
  AND time >= {p1:DateTime64(6, 'UTC')}
  AND time < {p2:DateTime64(6, 'UTC')}
  AND kind = 'track'/*:each shard*/)
GROUP BY event) AS now
LEFT JOIN (WITH ifNull(multiIf(isNotNull(properties.`run_time`.:String), concat('s', assumeNotNull(properties.`run_time`.:String)), isNotNull(properties.`run_time`), concat('j', toJSONString(properties.`run_time`)), toJSONString(properties.^`run_time`) != '{}', concat('j', toJSONString(properties.^`run_time`)), raw != '' AND JSONType(raw, {p4:String}) = 'Object', 'j{}', ''), '') AS e0
SELECT toString(event) AS event, sum(weight) AS total
FROM events/*rows*/ FINAL
WHERE project = {p0:UInt32}
  AND time >= {p3:DateTime64(6, 'UTC')}
  AND time < {p1:DateTime64(6, 'UTC')}
  AND kind = 'track'
GROUP BY event) AS then ON now.event = then.event
ORDER BY round(now.total, 6) DESC, now.event
-- p0 = 7
-- p1 = '2025-12-31 23:00:00.000000'
-- p2 = '2026-01-31 23:00:00.000000'
-- p3 = '2025-11-30 23:00:00.000000'
-- p4 = 'run_time'
