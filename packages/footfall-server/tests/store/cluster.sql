CREATE TABLE IF NOT EXISTS migrations_local ON CLUSTER `production` (
    number UInt16, name String, applied_at DateTime DEFAULT now('UTC')
) ENGINE = ReplicatedReplacingMergeTree ORDER BY number;

CREATE OR REPLACE TABLE migrations ON CLUSTER `production` AS migrations_local ENGINE = Distributed('production', currentDatabase(), 'migrations_local', number);

CREATE TABLE IF NOT EXISTS events_local ON CLUSTER `production` (
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
ENGINE = ReplicatedReplacingMergeTree(version)
PARTITION BY toYYYYMM(client_time)
ORDER BY (project, toDate(client_time), event, install, message_id, client_time)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1,
    non_replicated_deduplication_window = 1000,
    old_parts_lifetime = 1, finished_mutations_to_keep = 1, cleanup_delay_period = 1,
    cleanup_delay_period_random_add = 0, max_cleanup_delay_period = 2;

CREATE TABLE IF NOT EXISTS rejected_local ON CLUSTER `production` (
    project UInt32,
    id UUID,
    received_at DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    dialect LowCardinality(String),
    reason LowCardinality(String),
    message String,
    body String CODEC(ZSTD(3))
)
ENGINE = ReplicatedReplacingMergeTree
PARTITION BY toYYYYMM(received_at)
ORDER BY (project, received_at, id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1,
    non_replicated_deduplication_window = 1000,
    old_parts_lifetime = 1, finished_mutations_to_keep = 1, cleanup_delay_period = 1,
    cleanup_delay_period_random_add = 0, max_cleanup_delay_period = 2;

ALTER TABLE rejected_local ON CLUSTER `production`
    ADD COLUMN IF NOT EXISTS word LowCardinality(String) DEFAULT '',
    ADD COLUMN IF NOT EXISTS sent_at Nullable(DateTime64(6, 'UTC'));

ALTER TABLE events_local ON CLUSTER `production` MODIFY SETTING old_parts_lifetime = 1, finished_mutations_to_keep = 1,
    cleanup_delay_period = 1, cleanup_delay_period_random_add = 0, max_cleanup_delay_period = 2;

ALTER TABLE rejected_local ON CLUSTER `production` MODIFY SETTING old_parts_lifetime = 1, finished_mutations_to_keep = 1,
    cleanup_delay_period = 1, cleanup_delay_period_random_add = 0, max_cleanup_delay_period = 2;

ALTER TABLE rejected_local ON CLUSTER `production` ADD COLUMN IF NOT EXISTS rekeyed Bool DEFAULT false;

ALTER TABLE events_local ON CLUSTER `production` ADD COLUMN IF NOT EXISTS run_time_number Nullable(Float64)
    MATERIALIZED coalesce(properties.run_time.:Float64, toFloat64(properties.run_time.:Int64)) CODEC(LZ4);

ALTER TABLE events_local ON CLUSTER `production` MODIFY COLUMN time CODEC(T64);

ALTER TABLE events_local ON CLUSTER `production` MODIFY COLUMN client_time CODEC(T64, ZSTD(1));

ALTER TABLE events_local ON CLUSTER `production` MODIFY COLUMN received_at CODEC(T64, ZSTD(1));

ALTER TABLE events_local ON CLUSTER `production` MODIFY COLUMN version CODEC(T64, LZ4);

ALTER TABLE events_local ON CLUSTER `production` MATERIALIZE COLUMN run_time_number SETTINGS mutations_sync = 0;

ALTER TABLE events_local ON CLUSTER `production` MODIFY COLUMN message_id CODEC(ZSTD(1));

ALTER TABLE events_local ON CLUSTER `production` MODIFY COLUMN install CODEC(ZSTD(1));

ALTER TABLE events_local ON CLUSTER `production` MODIFY COLUMN properties CODEC(ZSTD(1));

CREATE OR REPLACE TABLE events ON CLUSTER `production` AS events_local ENGINE = Distributed('production', currentDatabase(), 'events_local', install_key);

CREATE OR REPLACE TABLE rejected ON CLUSTER `production` AS rejected_local ENGINE = Distributed('production', currentDatabase(), 'rejected_local', cityHash64(id));

INSERT INTO migrations (number, name) SETTINGS async_insert = 0, distributed_foreground_insert = 1 VALUES (1, 'events');

INSERT INTO migrations (number, name) SETTINGS async_insert = 0, distributed_foreground_insert = 1 VALUES (2, 'rejected');

INSERT INTO migrations (number, name) SETTINGS async_insert = 0, distributed_foreground_insert = 1 VALUES (3, 'rejected_origin');

INSERT INTO migrations (number, name) SETTINGS async_insert = 0, distributed_foreground_insert = 1 VALUES (4, 'erase');

INSERT INTO migrations (number, name) SETTINGS async_insert = 0, distributed_foreground_insert = 1 VALUES (5, 'rejected_rekeyed');

INSERT INTO migrations (number, name) SETTINGS async_insert = 0, distributed_foreground_insert = 1 VALUES (6, 'fast_columns');
