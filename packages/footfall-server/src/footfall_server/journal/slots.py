"""The journals of a directory's collectors: each process takes a free one and keeps it."""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path

from footfall_server.model.errors import Unavailable

_MOST = 1_024


@dataclass(slots=True)
class Slot:
    """A place for a journal, held until it is closed or the process ends, however it does."""

    path: Path
    descriptor: int

    def close(self) -> None:
        os.close(self.descriptor)


def take(folder: Path) -> Slot:
    """The first place that no other process holds, so that a journal left behind is gone on with.

    Raises Unavailable NO_JOURNAL_FREE.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(_MOST):
        slot = hold(folder / f"{number}.db")
        if slot is not None:
            return slot
    raise Unavailable(
        "NO_JOURNAL_FREE", f"{_MOST:,} collectors use {folder} already: give this one its own."
    )


def hold(path: Path) -> Slot | None:
    """The place of this journal, or None while its owner lives."""
    descriptor = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return Slot(path, descriptor)
