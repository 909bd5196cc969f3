SELECT 1
FROM events
WHERE project = {p0:UInt32}
  AND time >= {p1:DateTime64(6, 'UTC')}
  AND time < {p2:DateTime64(6, 'UTC')}
  AND kind = 'track'
  AND (install_key IN (WITH ifNull(multiIf(isNotNull(properties.`p`.:String), concat('s', assumeNotNull(properties.`p`.:String)), isNotNull(properties.`p`), concat('j', toJSONString(properties.`p`)), toJSONString(properties.^`p`) != '{}', concat('j', toJSONString(properties.^`p`)), raw != '' AND JSONType(raw, {p6:String}) = 'Object', 'j{}', ''), '') AS ie0, arrayMap(e -> multiIf(e = 'null', '', startsWith(e, '"'), concat('s', JSONExtractString(e)), concat('j', e)), JSONExtractArrayRaw(substring(ie0, 2))) AS ie1
SELECT install_key
FROM events/*rows*/ FINAL
WHERE (project = {p0:UInt32}
  AND time >= {p3:DateTime64(6, 'UTC')}
  AND time < {p2:DateTime64(6, 'UTC')}
  AND kind = 'track'
  AND event IN {p4:Array(String)}) OR (project = {p0:UInt32}
  AND time >= {p5:DateTime64(6, 'UTC')}
  AND time < {p2:DateTime64(6, 'UTC')}
  AND kind = 'track'
  AND multiIf(isNotNull(properties.`p`.:String), (concat('s', assumeNotNull(properties.`p`.:String)) IN {p7:Array(String)}), startsWith(ie0, 'j['), arrayExists(c -> (c IN {p7:Array(String)}), ie1), (ie0 IN {p7:Array(String)})))
GROUP BY install_key HAVING countIf(project = {p0:UInt32}
  AND time >= {p3:DateTime64(6, 'UTC')}
  AND time < {p2:DateTime64(6, 'UTC')}
  AND kind = 'track'
  AND event IN {p4:Array(String)}) >= {p8:UInt64}
  AND countIf(project = {p0:UInt32}
  AND time >= {p5:DateTime64(6, 'UTC')}
  AND time < {p2:DateTime64(6, 'UTC')}
  AND kind = 'track'
  AND multiIf(isNotNull(properties.`p`.:String), (concat('s', assumeNotNull(properties.`p`.:String)) IN {p7:Array(String)}), startsWith(ie0, 'j['), arrayExists(c -> (c IN {p7:Array(String)}), ie1), (ie0 IN {p7:Array(String)}))) >= {p9:UInt64}))
-- p0 = 7
-- p1 = '2025-12-31 23:00:00.000000'
-- p2 = '2026-01-31 23:00:00.000000'
-- p3 = '2026-01-03 23:00:00.000000'
-- p4 = ['fit']
-- p5 = '2026-01-24 23:00:00.000000'
-- p6 = 'p'
-- p7 = ['sa']
-- p8 = 3
-- p9 = 1

SELECT count() AS installs
FROM /*each shard:*/(WITH ifNull(multiIf(isNotNull(properties.`p`.:String), concat('s', assumeNotNull(properties.`p`.:String)), isNotNull(properties.`p`), concat('j', toJSONString(properties.`p`)), toJSONString(properties.^`p`) != '{}', concat('j', toJSONString(properties.^`p`)), raw != '' AND JSONType(raw, {p5:String}) = 'Object', 'j{}', ''), '') AS e0, arrayMap(e -> multiIf(e = 'null', '', startsWith(e, '"'), concat('s', JSONExtractString(e)), concat('j', e)), JSONExtractArrayRaw(substring(e0, 2))) AS e1
SELECT install_key
FROM events/*rows*/ FINAL
WHERE (project = {p0:UInt32}
  AND time >= {p1:DateTime64(6, 'UTC')}
  AND time < {p2:DateTime64(6, 'UTC')}
  AND kind = 'track'
  AND event IN {p3:Array(String)}) OR (project = {p0:UInt32}
  AND time >= {p4:DateTime64(6, 'UTC')}
  AND time < {p2:DateTime64(6, 'UTC')}
  AND kind = 'track'
  AND multiIf(isNotNull(properties.`p`.:String), (concat('s', assumeNotNull(properties.`p`.:String)) IN {p6:Array(String)}), startsWith(e0, 'j['), arrayExists(c -> (c IN {p6:Array(String)}), e1), (e0 IN {p6:Array(String)})))
GROUP BY install_key HAVING countIf(project = {p0:UInt32}
  AND time >= {p1:DateTime64(6, 'UTC')}
  AND time < {p2:DateTime64(6, 'UTC')}
  AND kind = 'track'
  AND event IN {p3:Array(String)}) >= {p7:UInt64}
  AND countIf(project = {p0:UInt32}
  AND time >= {p4:DateTime64(6, 'UTC')}
  AND time < {p2:DateTime64(6, 'UTC')}
  AND kind = 'track'
  AND multiIf(isNotNull(properties.`p`.:String), (concat('s', assumeNotNull(properties.`p`.:String)) IN {p6:Array(String)}), startsWith(e0, 'j['), arrayExists(c -> (c IN {p6:Array(String)}), e1), (e0 IN {p6:Array(String)}))) >= {p8:UInt64}/*:each shard*/)
-- p0 = 7
-- p1 = '2026-01-03 23:00:00.000000'
-- p2 = '2026-01-31 23:00:00.000000'
-- p3 = ['fit']
-- p4 = '2026-01-24 23:00:00.000000'
-- p5 = 'p'
-- p6 = ['sa']
-- p7 = 3
-- p8 = 1
