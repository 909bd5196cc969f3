SELECT DISTINCT code
FROM /*each shard:*/(
SELECT DISTINCT library_version_code AS code
FROM events/*rows*/
WHERE project = {p0:UInt32}
  AND time >= {p1:DateTime64(6, 'UTC')}
  AND time < {p2:DateTime64(6, 'UTC')}
  AND kind = 'track' LIMIT 10001 SETTINGS optimize_move_to_prewhere = 0/*:each shard*/) LIMIT 10001
-- p0 = 7
-- p1 = '2025-12-31 23:00:00.000000'
-- p2 = '2026-01-31 23:00:00.000000'

SELECT bucket, place, count() AS installs, max(tied) AS tied
FROM /*each shard:*/(
SELECT any(bucket) AS bucket, max(own) AS place, 0 AS tied
FROM (
SELECT toUInt16(toMonday(toDate(time, {p2:String}))) AS bucket, bitXor(install_key, toUInt64(bucket) * 11400714819323198485) AS cell, toUInt16(transform(library_version_code, {p0:Array(String)}, {p1:Array(UInt16)}, 0)) AS own
FROM events/*rows*/ FINAL
WHERE project = {p3:UInt32}
  AND time >= {p4:DateTime64(6, 'UTC')}
  AND time < {p5:DateTime64(6, 'UTC')}
  AND kind = 'track')
GROUP BY cell/*:each shard*/)
GROUP BY bucket, place
-- p0 = ['s1.0', 's0.9', '', 'j["0.9","1.0"]']
-- p1 = [3, 2, 1, 3]
-- p2 = 'Europe/Brussels'
-- p3 = 7
-- p4 = '2025-12-31 23:00:00.000000'
-- p5 = '2026-01-31 23:00:00.000000'

SELECT bucket, place, count() AS installs, max(tied) AS tied
FROM /*each shard:*/(
SELECT any(bucket) AS bucket, max(own) AS place, 0 AS tied
FROM (WITH ifNull(multiIf(isNotNull(properties.`nannyml_version`.:String), concat('s', assumeNotNull(properties.`nannyml_version`.:String)), isNotNull(properties.`nannyml_version`), concat('j', toJSONString(properties.`nannyml_version`)), toJSONString(properties.^`nannyml_version`) != '{}', concat('j', toJSONString(properties.^`nannyml_version`)), raw != '' AND JSONType(raw, {p2:String}) = 'Object', 'j{}', ''), '') AS e0
SELECT toUInt16(toDate(time, {p3:String})) AS bucket, bitXor(install_key, toUInt64(bucket) * 11400714819323198485) AS cell, toUInt16(transform(e0, {p0:Array(String)}, {p1:Array(UInt16)}, 0)) AS own
FROM events/*rows*/ FINAL
WHERE project = {p4:UInt32}
  AND time >= {p5:DateTime64(6, 'UTC')}
  AND time < {p6:DateTime64(6, 'UTC')}
  AND kind = 'track')
GROUP BY cell/*:each shard*/)
GROUP BY bucket, place
-- p0 = ['s1.0', 's0.9', '', 'j["0.9","1.0"]']
-- p1 = [3, 2, 1, 3]
-- p2 = 'nannyml_version'
-- p3 = 'UTC'
-- p4 = 7
-- p5 = '2026-01-01 00:00:00.000000'
-- p6 = '2026-02-01 00:00:00.000000'

SELECT bucket, place, count() AS installs, max(tied) AS tied
FROM /*each shard:*/(
SELECT any(bucket) AS bucket, toUInt64(bitAnd(max(high), 3)) AS place, bitAnd(max(low), 3) != 3 - toUInt64(bitAnd(max(high), 3)) AS tied
FROM (
SELECT toUInt16(toDate(time, {p2:String})) AS bucket, bitXor(install_key, toUInt64(bucket) * 11400714819323198485) AS cell, bitShiftLeft(toUInt64(toUnixTimestamp64Micro(time) - 1767221999999999), 2) AS moment, toUInt16(transform(os_type_code, {p0:Array(String)}, {p1:Array(UInt16)}, 0)) AS own, moment + own AS high, moment + 3 - own AS low
FROM events/*rows*/ FINAL
WHERE project = {p3:UInt32}
  AND time >= {p4:DateTime64(6, 'UTC')}
  AND time < {p5:DateTime64(6, 'UTC')}
  AND kind = 'track')
GROUP BY cell/*:each shard*/)
GROUP BY bucket, place
-- p0 = ['sLinux', 'sDarwin']
-- p1 = [2, 1]
-- p2 = 'Europe/Brussels'
-- p3 = 7
-- p4 = '2025-12-31 23:00:00.000000'
-- p5 = '2026-01-31 23:00:00.000000'
