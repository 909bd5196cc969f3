"""What was sent from this machine, kept for the user: `footfall log` shows it.

Two files of about 128 kB each; when the newer is full it replaces the older.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import List

    from footfall.event import Event
    from footfall.state import LibraryState

LARGEST = 128_000
NEWER, OLDER = "sent.jsonl", "sent.older.jsonl"


def remember(state: LibraryState, events: List[Event]) -> None:
    """Note events that the collector took. What can't be noted is sent all the same."""
    path, older = state.path(NEWER), state.path(OLDER)
    if path is None or older is None or not events:
        return
    first = len(events) - 1
    room = LARGEST - len(events[first].body)
    while first and room >= len(events[first - 1].body):
        first -= 1
        room -= len(events[first].body) + 1
    content = b"\n".join([event.body for event in events[first:]]) + b"\n"
    try:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
        descriptor = os.open(path, flags, 0o600)
        try:
            size = os.fstat(descriptor).st_size
            os.write(descriptor, content)
        finally:
            os.close(descriptor)
        if size + len(content) > LARGEST:
            os.replace(path, older)
    except OSError:
        return


def lines(state: LibraryState) -> List[str]:
    """The events that were sent, the oldest first, each as it was."""
    found: List[str] = []
    for name in (OLDER, NEWER):
        path = state.path(name)
        try:
            with open(path or "", "rb") as file:
                text = file.read().decode("utf-8", "replace")
        except OSError:
            continue
        found += [one for one in text.splitlines() if one.startswith("{")]
    return found


def erase(state: LibraryState) -> int:
    """Delete the log; how many events it held."""
    held = len(lines(state))
    for name in (OLDER, NEWER):
        path = state.path(name)
        try:
            os.unlink(path or "")
        except OSError:
            continue
    return held
