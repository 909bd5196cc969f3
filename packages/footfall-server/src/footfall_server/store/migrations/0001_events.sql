-- One row is one acknowledged event. The sorting key is the event's identity, and all of it comes
-- from the client unchanged, so a retry falls on the same key and the same partition. Among equal
-- keys the greatest version stays: bitNot turns the order of acknowledgement around, so that is the
-- first acknowledged. The day comes before the name because parts are written in the order of time:
-- so they hardly overlap in the key, and FINAL costs next to nothing where it cost 3 to 7 times as
-- much with the name first. `time` is what reports use (corrected by the door); it may differ
-- between retries, so it can't be in the key: a min-max index skips what lies outside a range. The
-- door sends the correction (`skew`) and the time of receipt as microseconds: cheaper to write and
-- to read.
--
-- Replaced parts are removed within seconds (by default within half a minute), since an erasure is
-- done when they are; every part is on disk before it replaces another.
--
-- The materialised columns are what reports read most, kept apart because that is 1.5 to 3 times as
-- fast as reading them from the JSON column (the key of 8 bytes: counting installs by it; two of a
-- billion installs share one with a chance of 3 %). A code is '' for a missing value, 's' and the
-- text for a text, 'j' and the JSON text for anything else: so the text "7" is never the number 7.
CREATE TABLE IF NOT EXISTS events$local $on_cluster (
    project UInt32,
    kind LowCardinality(String),
    event LowCardinality(String),
    install String,
    message_id String,
    client_time DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    skew Int64 EPHEMERAL,
    time DateTime64(6, 'UTC') DEFAULT addMicroseconds(client_time, skew) CODEC(Delta, ZSTD(1)),
    received Int64 EPHEMERAL,
    received_at DateTime64(6, 'UTC') DEFAULT fromUnixTimestamp64Micro(received)
        CODEC(Delta, ZSTD(1)),
    time_source LowCardinality(String),
    `order` UInt64 EPHEMERAL,
    version UInt64 DEFAULT bitNot(`order`) CODEC(Delta, ZSTD(1)),
    position UInt64 ALIAS bitNot(version),
    properties JSON,
    raw String CODEC(ZSTD(3)),
    install_key UInt64 MATERIALIZED sipHash64(install),
    weight Float64 MATERIALIZED multiIf(
        isNotNull(properties.weight.:Float64), assumeNotNull(properties.weight.:Float64),
        isNotNull(properties.weight.:Int64), toFloat64(assumeNotNull(properties.weight.:Int64)),
        1),
    library_version_code LowCardinality(String) MATERIALIZED multiIf(
        isNotNull(properties.library_version.:String), concat('s', assumeNotNull(properties.library_version.:String)),
        isNotNull(properties.library_version), concat('j', toJSONString(properties.library_version)),
        toJSONString(properties.^library_version) != '{}', concat('j', toJSONString(properties.^library_version)), ''),
    python_version_code LowCardinality(String) MATERIALIZED multiIf(
        isNotNull(properties.python_version.:String), concat('s', assumeNotNull(properties.python_version.:String)),
        isNotNull(properties.python_version), concat('j', toJSONString(properties.python_version)),
        toJSONString(properties.^python_version) != '{}', concat('j', toJSONString(properties.^python_version)), ''),
    os_type_code LowCardinality(String) MATERIALIZED multiIf(
        isNotNull(properties.os_type.:String), concat('s', assumeNotNull(properties.os_type.:String)),
        isNotNull(properties.os_type), concat('j', toJSONString(properties.os_type)),
        toJSONString(properties.^os_type) != '{}', concat('j', toJSONString(properties.^os_type)), ''),
    runtime_environment_code LowCardinality(String) MATERIALIZED multiIf(
        isNotNull(properties.runtime_environment.:String), concat('s', assumeNotNull(properties.runtime_environment.:String)),
        isNotNull(properties.runtime_environment), concat('j', toJSONString(properties.runtime_environment)),
        toJSONString(properties.^runtime_environment) != '{}', concat('j', toJSONString(properties.^runtime_environment)), ''),
    ci_code LowCardinality(String) MATERIALIZED multiIf(
        isNotNull(properties.ci.:String), concat('s', assumeNotNull(properties.ci.:String)),
        isNotNull(properties.ci), concat('j', toJSONString(properties.ci)),
        toJSONString(properties.^ci) != '{}', concat('j', toJSONString(properties.^ci)), ''),
    ephemeral_code LowCardinality(String) MATERIALIZED multiIf(
        isNotNull(properties.ephemeral.:String), concat('s', assumeNotNull(properties.ephemeral.:String)),
        isNotNull(properties.ephemeral), concat('j', toJSONString(properties.ephemeral)),
        toJSONString(properties.^ephemeral) != '{}', concat('j', toJSONString(properties.^ephemeral)), ''),
    exception_occurred_code LowCardinality(String) MATERIALIZED multiIf(
        isNotNull(properties.exception_occurred.:String), concat('s', assumeNotNull(properties.exception_occurred.:String)),
        isNotNull(properties.exception_occurred), concat('j', toJSONString(properties.exception_occurred)),
        toJSONString(properties.^exception_occurred) != '{}', concat('j', toJSONString(properties.^exception_occurred)), ''),
    exception_type_code LowCardinality(String) MATERIALIZED multiIf(
        isNotNull(properties.exception_type.:String), concat('s', assumeNotNull(properties.exception_type.:String)),
        isNotNull(properties.exception_type), concat('j', toJSONString(properties.exception_type)),
        toJSONString(properties.^exception_type) != '{}', concat('j', toJSONString(properties.^exception_type)), ''),
    INDEX time_range time TYPE minmax GRANULARITY 1
)
ENGINE = ${replicated}ReplacingMergeTree(version)
PARTITION BY toYYYYMM(client_time)
ORDER BY (project, toDate(client_time), event, install, message_id, client_time)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1,
    non_replicated_deduplication_window = 1000,
    old_parts_lifetime = 1, finished_mutations_to_keep = 1, cleanup_delay_period = 1,
    cleanup_delay_period_random_add = 0, max_cleanup_delay_period = 2;
