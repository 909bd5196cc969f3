"""A query that never ends by itself, and whether it still runs."""

from __future__ import annotations

from footfall_server.store import Statement, Store

FOREVER = Statement(
    "SELECT count() FROM numbers(1000000000000) WHERE NOT ignore(sipHash64(number))"
)


async def running(store: Store) -> int:
    """How many of it run in the engine."""
    listed = Statement(
        "SELECT count() AS n FROM system.processes "
        "WHERE query LIKE '%1000000000000%' AND query NOT LIKE '%LIKE%'"
    )
    return int((await store.run(listed)).column("n")[0].as_py())
