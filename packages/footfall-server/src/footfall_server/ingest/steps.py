"""The named steps that every event walks, whatever its dialect. Each takes a whole batch.

A step takes the events that it can't accept out of the batch, with a reason. Steps work on batches
because a call per event and step would cost more than all of their work.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence, Set
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from footfall_server.ingest.batch import Batch
from footfall_server.model.event import EPOCH, Event
from footfall_server.model.manifest import AllowList
from footfall_server.model.reason import MESSAGES, Reason

MAX_EVENT = 32 * 1024
MAX_MESSAGE_ID = 100
MAX_FUTURE = timedelta(hours=24)
LATEST = datetime(2261, 1, 1, tzinfo=UTC)
"""Beyond it lies the end of the store's calendar."""

_MICROSECOND = timedelta(microseconds=1)
_encode_lines = msgspec.json.Encoder().encode_lines


def message_id(batch: Batch) -> None:
    """A message id is at most 100 characters."""
    bad = [i for i, event in enumerate(batch.events) if len(event.message_id) > MAX_MESSAGE_ID]
    if bad:
        batch.refuse(bad, Reason.MESSAGE_ID_TOO_LONG, MESSAGES[Reason.MESSAGE_ID_TOO_LONG])


def time(batch: Batch) -> None:
    """Correct the client's clock by what it showed when it sent the batch.

    time = received_at − (sent_at − client_time). Absent, impossible, or more than a day ahead
    after correction: received_at, and `time_source` says so.
    """
    if batch.skew is None:
        for event in batch.events:
            _time(event, *_bounds(batch.received_at, event.skew))
        return
    earliest, latest = _bounds(batch.received_at, batch.skew)
    try:
        odd = [event for event in batch.events if not earliest < event.client_time <= latest]
    except TypeError:  # a time without an offset doesn't compare
        odd = batch.events
    for event in odd:
        _time(event, earliest, latest)


def _bounds(received_at: datetime, skew: int) -> tuple[datetime, datetime]:
    """Between what a clock that is behind by `skew` can show."""
    latest = received_at + MAX_FUTURE - skew * _MICROSECOND
    return max(EPOCH, EPOCH - skew * _MICROSECOND), min(latest, LATEST)


def _time(event: Event, earliest: datetime, latest: datetime) -> None:
    client_time = event.client_time
    if client_time.tzinfo is None:
        client_time = event.client_time = client_time.replace(tzinfo=UTC)
    if earliest < client_time <= latest:
        return
    if not EPOCH < client_time < LATEST:
        client_time = event.client_time = EPOCH
    event.skew = event.received - (client_time - EPOCH) // _MICROSECOND
    event.time_source = "received"


def blocked(batch: Batch, is_blocked: Callable[[str], bool]) -> None:
    """An install that was erased for good isn't taken again, nor kept where it was refused."""
    message = MESSAGES[Reason.INSTALL_BLOCKED]
    known: dict[str, bool] = {}

    def asked(install: str) -> bool:
        answer = known.get(install)
        if answer is None:
            answer = known[install] = is_blocked(install)
        return answer

    batch.refused = [
        replace(each, reason=Reason.INSTALL_BLOCKED, message=message, body=None)
        if _names(each.body, asked)
        else each
        for each in batch.refused
    ]
    bad = [i for i, event in enumerate(batch.events) if asked(event.install)]
    if bad:
        batch.refuse(bad, Reason.INSTALL_BLOCKED, message)


def _names(body: object, asked: Callable[[str], bool], depth: int = 64) -> bool:
    """Whether an install is named anywhere in what was sent."""
    if isinstance(body, dict):
        return depth > 0 and any(_names(value, asked, depth - 1) for value in body.values())
    if isinstance(body, list):
        return depth > 0 and any(_names(value, asked, depth - 1) for value in body)
    return isinstance(body, str | int) and asked(str(body))


def declared(batch: Batch, allowed: AllowList, *, enforced: bool) -> Counter[Reason]:
    """What the manifest doesn't declare, counted; refused if it is enforced."""
    found: Counter[Reason] = Counter()
    bad: dict[int, tuple[Reason, str]] = {}
    known: dict[tuple[str, type], bool] = {}
    for position, event in enumerate(batch.events):
        shape = (event.event, type(event.properties))
        declared_whole = known.get(shape)
        if declared_whole is None:
            declared_whole = known[shape] = _whole_shape(allowed, *shape)
        if declared_whole:
            continue
        names = names_of(event.properties)
        if allowed.keeps(event.event, names):
            continue
        properties = allowed.undeclared(event.event, names)
        reason = Reason.UNDECLARED_EVENT if properties is None else Reason.UNDECLARED_PROPERTY
        found[reason] += 1
        what = event.event if properties is None else ", ".join(properties)
        bad[position] = (reason, f"{MESSAGES[reason]}: {what[:200]}.")
    if bad and enforced:
        batch.refuse_each(bad)
    return found


def _whole_shape(allowed: AllowList, event: str, shape: type) -> bool:
    """Whether everything that properties of this type can hold is declared for the event."""
    fields: tuple[str, ...] = getattr(shape, "__struct_encode_fields__", ())
    return bool(fields) and allowed.keeps(event, frozenset(fields))


def names_of(properties: Any) -> Set[str]:
    """The properties' names. A struct of learnt names has those that are set."""
    if isinstance(properties, dict):
        return properties.keys()
    named: dict[str, Any] = msgspec.to_builtins(properties)
    return named.keys()


def size(batch: Batch, limit: int = MAX_EVENT) -> bytes:
    """An event is at most 32 KB as it is written. Gives the lines of those that remain."""
    text: bytes = _encode_lines(batch.events)
    # Looking for a line's end in each half of the limit is much cheaper than measuring all lines.
    half = limit // 2
    if all(text.find(b"\n", at, at + half) >= 0 for at in range(0, len(text) - half, half)):
        return text
    bad = [i for i, line in enumerate(text.split(b"\n")) if len(line) > limit]
    if bad:
        message = f"The event is larger than {limit / 1024:g} KB: send less with it."
        batch.refuse(bad, Reason.EVENT_TOO_LARGE, message)
        text = _encode_lines(batch.events)
    return text


def dropped(batch: Batch, names: Sequence[str]) -> None:
    """Take properties out that the project doesn't want, wherever an event keeps them."""
    for event in batch.events:
        properties = event.properties
        if isinstance(properties, dict):
            for name in names:
                properties.pop(name, None)
        else:
            for field in msgspec.structs.fields(properties):
                if field.encode_name in names:
                    setattr(properties, field.name, msgspec.UNSET)
        if event.raw:
            kept = msgspec.json.decode(event.raw)
            if kept.keys() & set(names):
                rest = {name: value for name, value in kept.items() if name not in names}
                event.raw = msgspec.json.encode(rest).decode() if rest else ""


STEPS: tuple[Callable[[Batch], None], ...] = (message_id, time)
