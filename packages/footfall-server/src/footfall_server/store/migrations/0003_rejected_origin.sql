-- What a replay needs beside the body: which endpoint it came to, and the clock of its request.
ALTER TABLE rejected$local $on_cluster
    ADD COLUMN IF NOT EXISTS word LowCardinality(String) DEFAULT '',
    ADD COLUMN IF NOT EXISTS sent_at Nullable(DateTime64(6, 'UTC'));
