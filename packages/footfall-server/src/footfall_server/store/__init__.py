"""The ClickHouse dialect: schema, migrations, durable inserts, bounded queries.

Owns every byte of the event table and the only client of the engine. `open_store(url, temporary)`
gives a `Store`: embedded in this process (chDB), or on ClickHouse's servers, by the same migrations
and the same statements. May import `model` and nothing else of the server; it is used by
the drain (`Store.insert`), by `insights` (`Store.run`) and by erasure and export.

Start reading in `migrations/0001_events.sql` (what a row is, and why), then `store.py` (what can be
asked of a store), `embedded.py` (how the engine is opened, and what it can't do), `layout.py` and
`server.py` (what is different on servers and on a cluster).
"""

from footfall_server.store.changes import Span, Version
from footfall_server.store.erase import Marks
from footfall_server.store.errors import StoreBusy, StoreError, StoreRefused, StoreUnavailable
from footfall_server.store.moving import Day, Piece, days, piece
from footfall_server.store.opening import check_restorable, open_store, restore_store
from footfall_server.store.statement import DATABASE_PARAMETER, EVENTS, Limits, Statement, on_shards
from footfall_server.store.store import Store

__all__ = [
    "DATABASE_PARAMETER",
    "EVENTS",
    "Day",
    "Limits",
    "Marks",
    "Piece",
    "Span",
    "Statement",
    "Store",
    "StoreBusy",
    "StoreError",
    "StoreRefused",
    "StoreUnavailable",
    "Version",
    "check_restorable",
    "days",
    "on_shards",
    "open_store",
    "piece",
    "restore_store",
]
