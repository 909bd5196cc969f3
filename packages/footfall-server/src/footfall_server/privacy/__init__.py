"""What people may ask of their data: to have it erased, and not to be counted again.

`Eraser` (`eraser.py`) does the erasures that wait in the metadata (`accounts.Erasures`), many in
one batch, in every place that holds events (`places.py`): journal, store, rejected store. What else
comes to keep copies of events (exports, a cache) is one more `Place`. `Marker` (`marks.py`) makes
the keyed hash that stands for an install wherever the id itself must not be kept; `Blocklist`
(`blocklist.py`) tells the door whom to refuse. `retention.py` deletes what is too old; `Salts`
(`salts.py`) re-keys ids for a day. `anonymity.py` and `figures.py` make what is told in public.

May import `accounts`, `insights`, `journal`, `store` and `model`; what the door needs of it
(`Blocklist`) knows nothing of the store. Start with `eraser.py`.
"""

from footfall_server.privacy.blocklist import Blocklist
from footfall_server.privacy.marks import Marker
from footfall_server.privacy.salts import Salts

__all__ = ["Blocklist", "Marker", "Salts"]
