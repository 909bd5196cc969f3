"""What people may ask of their data: to have it erased, and not to be counted again.

`Eraser` (`eraser.py`) does the erasures that wait in the metadata (`accounts.Erasures`), many in
one batch, in every place that holds events (`places.py`): journal, store, rejected store. What else
comes to keep copies of events (exports, a cache) is one more `Place`. `Marker` (`marks.py`) makes
the keyed hash that stands for an install wherever the id itself must not be kept; `Blocklist`
(`blocklist.py`) tells the door whom to refuse.

May import `accounts`, `journal`, `store` and `model`. Start with `eraser.py`.
"""

from footfall_server.privacy.blocklist import Blocklist
from footfall_server.privacy.eraser import Eraser
from footfall_server.privacy.marks import Marker
from footfall_server.privacy.places import PLACES, JournalPlace, Place, StorePlace

__all__ = ["PLACES", "Blocklist", "Eraser", "JournalPlace", "Marker", "Place", "StorePlace"]
