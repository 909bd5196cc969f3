"""Every report on a year of events, beside DuckDB: time cold and hot, memory, growth."""
