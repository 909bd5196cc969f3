-- What the door refused, with its reason and without any address, until it is replayed or too old.
CREATE TABLE IF NOT EXISTS rejected$local $on_cluster (
    project UInt32,
    id UUID,
    received_at DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    dialect LowCardinality(String),
    reason LowCardinality(String),
    message String,
    body String CODEC(ZSTD(3))
)
ENGINE = ${replicated}ReplacingMergeTree
PARTITION BY toYYYYMM(received_at)
ORDER BY (project, received_at, id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1,
    non_replicated_deduplication_window = 1000,
    old_parts_lifetime = 1, finished_mutations_to_keep = 1, cleanup_delay_period = 1,
    cleanup_delay_period_random_add = 0, max_cleanup_delay_period = 2;
