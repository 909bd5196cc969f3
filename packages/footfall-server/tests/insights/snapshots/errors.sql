SELECT each.1 AS baseline, each.2 AS segment, sum(events) AS events, sum(errors) AS errors, uniqExactMerge(used) AS installs, uniqExactMerge(failed) AS failing
FROM (
SELECT own, sum(events) AS events, sum(errors) AS errors, uniqExactMergeState(used) AS used, uniqExactMergeState(failed) AS failed
FROM /*each shard:*/(
SELECT toString(library_version_code) AS code, sum(weight) AS events, sumIf(weight, exception_occurred_code = 'jtrue') AS errors, uniqExactState(install_key) AS used, uniqExactStateIf(install_key, exception_occurred_code = 'jtrue') AS failed
FROM events/*rows*/ FINAL
WHERE project = {p2:UInt32}
  AND time >= {p3:DateTime64(6, 'UTC')}
  AND time < {p4:DateTime64(6, 'UTC')}
  AND kind = 'track'
  AND event IN {p5:Array(String)}
GROUP BY code/*:each shard*/)
ARRAY JOIN if(startsWith(code, 'j['), if(empty(arrayMap(e -> multiIf(e = 'null', '', startsWith(e, '"'), concat('s', JSONExtractString(e)), concat('j', e)), JSONExtractArrayRaw(substring(code, 2)))), ['$none'], arrayDistinct(arrayMap(c -> if(c = '', '$none', substring(c, 2)), arrayMap(e -> multiIf(e = 'null', '', startsWith(e, '"'), concat('s', JSONExtractString(e)), concat('j', e)), JSONExtractArrayRaw(substring(code, 2)))))), [if(code = '', '$none', substring(code, 2))]) AS own
GROUP BY own)
ARRAY JOIN arrayConcat([(0, own)], if(transform(own, {p0:Array(String)}, {p1:Array(UInt32)}, 0) = 0, [], arrayMap(next -> (1, arrayElement({p0:Array(String)}, next)), range(transform(own, {p0:Array(String)}, {p1:Array(UInt32)}, 0) + 1, least(transform(own, {p0:Array(String)}, {p1:Array(UInt32)}, 0) + 3, 3) + 1)))) AS each
GROUP BY baseline, segment
-- p0 = ['0.9', '1.0', "'; DROP TABLE events; --"]
-- p1 = [1, 2, 3]
-- p2 = 7
-- p3 = '2025-12-31 23:00:00.000000'
-- p4 = '2026-01-31 23:00:00.000000'
-- p5 = ["'; DROP TABLE events; --"]

SELECT each.1 AS baseline, each.2 AS segment, sum(events) AS events, sum(errors) AS errors, uniqExactMerge(used) AS installs, uniqExactMerge(failed) AS failing
FROM (
SELECT own, sum(events) AS events, sum(errors) AS errors, uniqExactMergeState(used) AS used, uniqExactMergeState(failed) AS failed
FROM /*each shard:*/(
SELECT toString(os_type_code) AS code, sum(weight) AS events, sumIf(weight, exception_occurred_code = 'jtrue') AS errors, uniqExactState(install_key) AS used, uniqExactStateIf(install_key, exception_occurred_code = 'jtrue') AS failed
FROM events/*rows*/ FINAL
WHERE project = {p2:UInt32}
  AND time >= {p3:DateTime64(6, 'UTC')}
  AND time < {p4:DateTime64(6, 'UTC')}
  AND kind = 'track'
GROUP BY code/*:each shard*/)
ARRAY JOIN if(startsWith(code, 'j['), if(empty(arrayMap(e -> multiIf(e = 'null', '', startsWith(e, '"'), concat('s', JSONExtractString(e)), concat('j', e)), JSONExtractArrayRaw(substring(code, 2)))), ['$none'], arrayDistinct(arrayMap(c -> if(c = '', '$none', substring(c, 2)), arrayMap(e -> multiIf(e = 'null', '', startsWith(e, '"'), concat('s', JSONExtractString(e)), concat('j', e)), JSONExtractArrayRaw(substring(code, 2)))))), [if(code = '', '$none', substring(code, 2))]) AS own
GROUP BY own)
ARRAY JOIN arrayConcat([(0, own)], if(0 = 0, [], arrayMap(next -> (1, arrayElement({p0:Array(String)}, next)), range(0 + 1, least(0 + 3, 0) + 1)))) AS each
GROUP BY baseline, segment
-- p0 = []
-- p1 = []
-- p2 = 7
-- p3 = '2025-12-31 23:00:00.000000'
-- p4 = '2026-01-31 23:00:00.000000'

SELECT segment, sum(events) AS events, uniqExactMerge(used) AS installs, groupUniqArrayArray(versions) AS versions, toUnixTimestamp64Micro(min(first)) AS first, toUnixTimestamp64Micro(max(last)) AS last
FROM /*each shard:*/(
SELECT toString(exception_type_code) AS code, sum(weight) AS events, uniqExactState(install_key) AS used, groupUniqArray(toString(library_version_code)) AS versions, min(time) AS first, max(time) AS last
FROM events/*rows*/ FINAL
WHERE project = {p0:UInt32}
  AND time >= {p1:DateTime64(6, 'UTC')}
  AND time < {p2:DateTime64(6, 'UTC')}
  AND kind = 'track'
  AND exception_occurred_code = 'jtrue'
GROUP BY code/*:each shard*/)
ARRAY JOIN if(startsWith(code, 'j['), if(empty(arrayMap(e -> multiIf(e = 'null', '', startsWith(e, '"'), concat('s', JSONExtractString(e)), concat('j', e)), JSONExtractArrayRaw(substring(code, 2)))), ['$none'], arrayDistinct(arrayMap(c -> if(c = '', '$none', substring(c, 2)), arrayMap(e -> multiIf(e = 'null', '', startsWith(e, '"'), concat('s', JSONExtractString(e)), concat('j', e)), JSONExtractArrayRaw(substring(code, 2)))))), [if(code = '', '$none', substring(code, 2))]) AS segment
GROUP BY segment
-- p0 = 7
-- p1 = '2025-12-31 23:00:00.000000'
-- p2 = '2026-01-31 23:00:00.000000'
