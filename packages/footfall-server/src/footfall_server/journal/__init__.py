"""The durable queue between the HTTP answer and the store.

`Journal` takes entries (a request's lines) and is done with them only when they are on disk:
requests that arrive within a few milliseconds share one transaction and one fsync (`journal.py`).
`Drain` carries them on into the store in large blocks and deletes a block only after the store has
confirmed it (`drain.py`); a crash in between replays the block, and the store counts it once. Where
several processes collect, each has its own journal (`slots.py`), and the one that has the store
drains them all (`drains.py`, `foreign.py`). What destinations still have to get waits in a file of
its own (`outbox.py`). This room imports `model` only: where a block goes is
handed in.
"""

from footfall_server.journal.drain import Drain, Sink
from footfall_server.journal.drains import Drains
from footfall_server.journal.journal import Entry, Journal
from footfall_server.journal.outbox import Outbox

__all__ = ["Drain", "Drains", "Entry", "Journal", "Outbox", "Sink"]
