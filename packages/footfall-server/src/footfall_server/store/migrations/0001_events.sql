-- One row is one acknowledged event. The sorting key is the event's identity, and all of it comes
-- from the client unchanged, so a retry falls on the same key and the same partition. Among equal
-- keys the greatest version stays: bitNot turns the order of acknowledgement around, so that is the
-- first acknowledged. `time` is what reports use (corrected by the door), and it may differ between
-- retries, so it can't be in the key: a min-max index skips what lies outside a range. The door
-- sends the correction (`skew`) and the time of receipt as microseconds: cheaper to write and read.
CREATE TABLE IF NOT EXISTS events $on_cluster (
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
    INDEX time_range time TYPE minmax GRANULARITY 1
)
ENGINE = ${replicated}ReplacingMergeTree(version)
PARTITION BY toYYYYMM(client_time)
ORDER BY (project, event, toDate(client_time), install, message_id, client_time)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1,
    non_replicated_deduplication_window = 1000;
