"""A steady stream for minutes: memory, lag, and the count at the end."""
