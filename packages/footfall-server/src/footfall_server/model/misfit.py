"""Where a document isn't of its type: what msgspec says of it, as a JSON pointer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import msgspec

# A place is made of our own fields and of numbers. So whatever a document's own texts look like,
# the place is what the error ends with.
_AT = re.compile(r"(?P<message>.*?)(?: - at `\$(?P<place>[\w.\[\]]*)`)?", re.DOTALL | re.ASCII)
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<name>.*)`", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(?P<name>.*)`", re.DOTALL)
_STEP = re.compile(r"[^.\[\]]+")


@dataclass(frozen=True, slots=True)
class Misfit:
    """`path` points at what is wrong; where a field is `unknown` or `missing`, at that field."""

    message: str
    path: str
    unknown: str | None = None
    missing: str | None = None


def misfit(error: msgspec.ValidationError, document: Any) -> Misfit:
    """What an error says of a document (None, if that can't be known)."""
    text = str(error)
    unknown = _UNKNOWN.fullmatch(text)
    if unknown and isinstance(document, dict) and unknown["name"] in document:
        # One at the root has no place after it, but its name may look like one.
        return Misfit(text, _pointer("", unknown["name"]), unknown=unknown["name"])
    found = _AT.fullmatch(text)
    message, place = (found["message"], found["place"] or "") if found else (text, "")
    known, _, within = place.partition("[...]")  # somewhere in an object of any names
    steps = _STEP.findall(known)
    unknown, missing = _UNKNOWN.fullmatch(message), _MISSING.fullmatch(message)
    field = unknown or missing
    if field and not within:
        steps.append(field["name"])
    return Misfit(
        message,
        _pointer("", *steps),
        unknown["name"] if unknown else None,
        missing["name"] if missing else None,
    )


def _pointer(*steps: str) -> str:
    return "/".join(step.replace("~", "~0").replace("/", "~1") for step in steps)
