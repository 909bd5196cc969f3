SELECT toString(event) AS event, sum(weight) AS total, count() AS count, uniqExact(install_key) AS installs, toUnixTimestamp64Micro(min(time)) AS first, toUnixTimestamp64Micro(max(time)) AS last
FROM events/*rows*/ FINAL
WHERE project = {p0:UInt32}
  AND time >= {p1:DateTime64(6, 'UTC')}
  AND time < {p2:DateTime64(6, 'UTC')}
  AND kind = 'track'
GROUP BY event
ORDER BY round(total, 6) DESC, event LIMIT 1001
-- p0 = 7
-- p1 = '2025-12-31 23:00:00.000000'
-- p2 = '2026-01-31 23:00:00.000000'

SELECT event, toUInt8(grouping(event)) AS everywhere, name, type, count() AS count, uniqExact(sipHash64(value)) AS values, groupUniqArray(21)(value) AS examples, toUnixTimestamp64Micro(max(time)) AS last
FROM (
SELECT toString(event) AS event, time, pair.1 AS name, pair.2 AS value, multiIf(startsWith(value, '"'), 'text', value IN ('true', 'false'), 'boolean', startsWith(value, '['), 'list', startsWith(value, '{'), 'object', 'number') AS type
FROM (
SELECT event, time, if(raw = '', kept, if(arrayExists(one -> position(one.1, '%2E') > 0, lost), lost, arrayConcat(arrayFilter(one -> NOT has(lost.1, one.1), kept), lost))) AS pairs
FROM /*each shard:*/(
SELECT event, time, JSONExtractKeysAndValuesRaw(toJSONString(properties)) AS kept, raw, JSONExtractKeysAndValuesRaw(raw) AS lost
FROM events/*rows*/
WHERE project = {p2:UInt32}
  AND time >= {p3:DateTime64(6, 'UTC')}
  AND time < {p4:DateTime64(6, 'UTC')}
  AND kind = 'track'
  AND transform(event, {p0:Array(String)}, {p1:Array(UInt64)}, 0) > 0
  AND sipHash64(message_id) % greatest(transform(event, {p0:Array(String)}, {p1:Array(UInt64)}, 0), 1) = 0
ORDER BY version DESC LIMIT 1 BY event, install_key, message_id, client_time/*:each shard*/))
ARRAY JOIN pairs AS pair
WHERE value != 'null')
GROUP BY GROUPING SETS ((event, name, type), (name, type))
ORDER BY count DESC, name, type LIMIT 10000
-- p0 = ['fit', "'; DROP TABLE events; --"]
-- p1 = [1, 3]
-- p2 = 7
-- p3 = '2025-12-31 23:00:00.000000'
-- p4 = '2026-01-31 23:00:00.000000'

SELECT id, times, count() OVER () AS total
FROM (
SELECT sipHash64(message_id) AS id, count() AS times
FROM events/*rows*/ FINAL
WHERE project = {p0:UInt32}
  AND time >= {p1:DateTime64(6, 'UTC')}
  AND time < {p2:DateTime64(6, 'UTC')}
  AND kind = 'track'
GROUP BY id HAVING times > 1)
ORDER BY times DESC, id LIMIT 10
-- p0 = 7
-- p1 = '2025-12-31 23:00:00.000000'
-- p2 = '2026-01-31 23:00:00.000000'

SELECT message_id, count() AS times, arraySort(groupUniqArray(10)(toString(event))) AS events, uniqExact(install) AS installs, uniqExact(client_time) AS client_times
FROM events/*rows*/ FINAL
WHERE project = {p0:UInt32}
  AND time >= {p1:DateTime64(6, 'UTC')}
  AND time < {p2:DateTime64(6, 'UTC')}
  AND kind = 'track'
  AND sipHash64(message_id) IN {p3:Array(UInt64)}
GROUP BY message_id
ORDER BY times DESC, message_id
-- p0 = 7
-- p1 = '2025-12-31 23:00:00.000000'
-- p2 = '2026-01-31 23:00:00.000000'
-- p3 = [1, 2]
