"""How far another process has carried a journal on: one number in a file that both have mapped.

The one who drains writes it after the store has confirmed a block; the journal's owner reads it and
deletes what it covers with its next commit. So the owner's file has one writer, and neither waits
for the other. It is no promise: if a power cut loses it, blocks are replayed and counted once.
"""

from __future__ import annotations

import mmap
import os
import struct
from pathlib import Path

_NUMBER = struct.Struct("<Q")


class Mark:
    """The newest entry that the store has; 0 before the first.

    The file's name has the journal's id, so that a mark never speaks of a journal made anew.
    """

    def __init__(self, journal: Path, id_: str) -> None:
        path = journal.with_name(f"{journal.name}-drained-{id_[:8]}")
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            if os.fstat(descriptor).st_size < _NUMBER.size:
                os.ftruncate(descriptor, _NUMBER.size)
            self._map = mmap.mmap(descriptor, _NUMBER.size)
        finally:
            os.close(descriptor)

    def get(self) -> int:
        number: int = _NUMBER.unpack_from(self._map)[0]
        return number

    def set(self, seq: int) -> None:
        _NUMBER.pack_into(self._map, 0, seq)

    def close(self) -> None:
        self._map.close()
