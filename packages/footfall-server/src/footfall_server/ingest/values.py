"""Property values as the store can keep them: checked, cleaned, and without any IP address."""

from __future__ import annotations

import math
import re
from typing import Any

import msgspec

from footfall_server.model.reason import Reason

MAX_DEPTH = 32
MIN_INTEGER, MAX_INTEGER = -(2**63), 2**63 - 1
IP_KEYS = ("ip", "$ip")
_ESCAPED_DOT = "%2E"

_encode = msgspec.json.Encoder().encode

# NUL, and halves of surrogate pairs that stand alone: no text of a database can hold them.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class Refused(Exception):
    """One event can't be taken; its neighbours can."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


def clean_text(text: str) -> str:
    """The text with what can't be stored replaced by U+FFFD."""
    return _UNSTORABLE.sub("\ufffd", text) if _UNSTORABLE.search(text) else text


def clean_properties(properties: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """The properties as they are stored, and the JSON text of what the store's column would lose.

    Raises `Refused` (TOO_DEEP, NUMBER_OUT_OF_RANGE). IP addresses are left out. The column loses
    nulls and empty objects: the text holds the properties that have any. And it reads a literal
    `%2E` in a key as a dot: where a property's own name has it, the text holds all of them.
    """
    cleaned: dict[str, Any] = {}
    lost: list[str] = []
    for key, value in properties.items():
        if key in IP_KEYS:
            continue
        name = clean_text(key)
        cleaned[name], exact = _clean(value, 2)
        if not exact:
            lost.append(name)
    if any(_ESCAPED_DOT in name for name in cleaned):
        return cleaned, _encode(cleaned).decode()
    return cleaned, _encode({name: cleaned[name] for name in lost}).decode() if lost else ""


def lost_nulls(properties: dict[str, Any]) -> str:
    """The same text for properties that are plain but for nulls."""
    if None not in properties.values():
        return ""
    return _encode({name: None for name, value in properties.items() if value is None}).decode()


def _clean(value: Any, depth: int) -> tuple[Any, bool]:
    """A value as it is stored, and whether the column gives it back."""
    if isinstance(value, str):
        return clean_text(value), True
    if value is None:
        return None, False
    if isinstance(value, bool):
        return value, True
    if isinstance(value, int):
        if not MIN_INTEGER <= value <= MAX_INTEGER:
            message = f"The number {str(value)[:40]} is beyond 64 bits."
            raise Refused(Reason.NUMBER_OUT_OF_RANGE, message)
        return value, True
    if isinstance(value, float):
        if not math.isfinite(value):
            message = f"{value} is no number that JSON can carry."
            raise Refused(Reason.NUMBER_OUT_OF_RANGE, message)
        return value, True
    if depth > MAX_DEPTH:
        raise Refused(Reason.TOO_DEEP, f"The properties nest deeper than {MAX_DEPTH} levels.")
    exact = True
    if isinstance(value, list):
        items = [_clean(item, depth + 1) for item in value]
        return [item for item, _ in items], all(exact for _, exact in items)
    members: dict[str, Any] = {}
    exact = bool(value)
    for key, item in value.items():
        name = clean_text(key)
        members[name], same = _clean(item, depth + 1)
        exact = exact and same and _ESCAPED_DOT not in name
    return members, exact


def without_ip(body: Any, depth: int = 2 * MAX_DEPTH) -> Any:
    """What was sent, for the rejected store: without any field that holds an IP, cut at `depth`."""
    if isinstance(body, dict):
        if depth == 0:
            return {}
        return {
            key: without_ip(value, depth - 1) for key, value in body.items() if key not in IP_KEYS
        }
    if isinstance(body, list):
        return [without_ip(item, depth - 1) for item in body] if depth else []
    return body
