-- Old parts and the texts of finished mutations are removed within seconds, not half a minute after
-- they were replaced: an erasure is done when they are. (Tables of a new store are made so.)
ALTER TABLE events$local $on_cluster MODIFY SETTING old_parts_lifetime = 1, finished_mutations_to_keep = 1,
    cleanup_delay_period = 1, cleanup_delay_period_random_add = 0, max_cleanup_delay_period = 2;
ALTER TABLE rejected$local $on_cluster MODIFY SETTING old_parts_lifetime = 1, finished_mutations_to_keep = 1,
    cleanup_delay_period = 1, cleanup_delay_period_random_add = 0, max_cleanup_delay_period = 2;
