"""Who an event is from, as far as the project wants that kept.

A `Rekey` makes of an id what may be kept instead. In a project that keeps no lasting ids, nothing
is written before every id has gone through it: not to the journal, not among the refused events.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import msgspec

from footfall_server.ingest.batch import Batch
from footfall_server.model.privacy import Identity
from footfall_server.model.reason import MESSAGES, Reason

Rekey = Callable[[str], str]
Rekeys = Callable[[int, Identity, datetime], Rekey]
"""From a project, what it keeps of ids, and now, to what stands for an id."""

ID_PROPERTIES = frozenset(
    {
        "userId", "user_id", "$user_id", "anonymousId", "anonymous_id", "previousId", "previous_id",
        "distinct_id", "$distinct_id", "$anon_distinct_id", "$identified_id", "alias", "$alias",
        "device_id", "$device_id", "install", "install_id", "session_id", "sessionId",
        "$session_id", "$window_id",
    }
)  # fmt: skip
"""Wherever one of these stands in an event, its value is an id."""

_KINDS = frozenset({"track", "page", "screen"})
"""The others exist to tell who somebody is."""
_DEEPEST = 64

_encode = msgspec.json.Encoder().encode


def of_nobody(project: int, identity: Identity, now: datetime) -> Rekey:
    """Where there are no salts: nothing of an id is kept."""
    return lambda install: "anonymous"


def anonymise(batch: Batch, rekey: Rekey) -> None:
    """Replace every id in a batch, in what was refused of it too."""
    batch.refused = [
        replace(each, body=None if isinstance(each.body, str) else _rekeyed(each.body, rekey))
        for each in batch.refused
    ]
    batch.sent = None  # what is refused from here on is told by the event as it is now
    bad = []
    for position, event in enumerate(batch.events):
        event.install = rekey(event.install)
        event.properties = _rekeyed(msgspec.to_builtins(event.properties), rekey)
        if event.raw:
            event.raw = _encode(_rekeyed(msgspec.json.decode(event.raw), rekey)).decode()
        if event.kind not in _KINDS:
            bad.append(position)
    if bad:
        batch.refuse(bad, Reason.IDENTITY_NOT_KEPT, MESSAGES[Reason.IDENTITY_NOT_KEPT])


def _rekeyed(value: Any, rekey: Rekey, depth: int = _DEEPEST) -> Any:
    if not isinstance(value, dict | list):
        return value
    if depth == 0:
        return None
    if isinstance(value, list):
        return [_rekeyed(item, rekey, depth - 1) for item in value]
    return {
        name: rekey(str(item))
        if name in ID_PROPERTIES and isinstance(item, str | int | float)
        else _rekeyed(item, rekey, depth - 1)
        for name, item in value.items()
    }
