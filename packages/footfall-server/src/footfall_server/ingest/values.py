"""Property values as the store can keep them: checked, cleaned, and without any IP address."""

from __future__ import annotations

import math
import re
from typing import Any

from footfall_server.model.reason import Reason

MAX_DEPTH = 32
MIN_INTEGER, MAX_INTEGER = -(2**63), 2**63 - 1
IP_KEYS = ("ip", "$ip")

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


def clean_properties(properties: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """The properties as they are stored, and whether the store's JSON column gives them back.

    Raises `Refused` (TOO_DEEP, NUMBER_OUT_OF_RANGE). IP addresses are left out. The column loses
    nulls and empty objects, and reads a literal `%2E` in a key as a dot.
    """
    exact = True

    def clean(value: Any, depth: int) -> Any:
        nonlocal exact
        if isinstance(value, str):
            return clean_text(value)
        if value is None:
            exact = False
            return None
        if isinstance(value, bool):
            return value
        if isinstance(value, int):
            if not MIN_INTEGER <= value <= MAX_INTEGER:
                raise Refused(
                    Reason.NUMBER_OUT_OF_RANGE, f"The number {str(value)[:40]} is beyond 64 bits."
                )
            return value
        if isinstance(value, float):
            if not math.isfinite(value):
                raise Refused(
                    Reason.NUMBER_OUT_OF_RANGE, f"{value} is no number that JSON can carry."
                )
            return value
        if depth > MAX_DEPTH:
            raise Refused(Reason.TOO_DEEP, f"The properties nest deeper than {MAX_DEPTH} levels.")
        if isinstance(value, list):
            return [clean(item, depth + 1) for item in value]
        exact = exact and bool(value)
        cleaned = {}
        for key, item in value.items():
            name = clean_text(key)
            exact = exact and "%2E" not in name
            cleaned[name] = clean(item, depth + 1)
        return cleaned

    kept = {key: value for key, value in properties.items() if key not in IP_KEYS}
    if not kept:
        return {}, True
    return clean(kept, 1), exact


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
