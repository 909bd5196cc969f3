"""A look at what is really sent: properties that may tell more than they should.

What looks like an e-mail address, a path, a host name or a key is found in the newest events; what
has nearly as many values as calls, in the schema. It is a help for a person who decides, no proof.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from footfall_server.model.manifest import CLIENT_PROPERTIES, SDK_PROPERTIES

MANY_VALUES, MANY_SHARE = 50, 0.5
LONG_TEXT = 40

_LOOKS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("an e-mail address", re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")),
    ("a path", re.compile(r"(?:^|[\s\"'=(])(?:~|[A-Za-z]:)?[\\/][\w .-]+[\\/][\w .\\/-]+")),
    ("an address of the network", re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b")),
    ("a URL", re.compile(r"\b[a-z][a-z0-9+.-]*://\S+", re.IGNORECASE)),
    ("a host name", re.compile(r"^[a-z0-9-]+(?:\.[a-z0-9-]+)+\.[a-z]{2,}$")),
    ("a key", re.compile(r"^(?=.*\d)(?=.*[A-Za-z])[A-Za-z0-9+/_=-]{24,}$")),
)
_USUAL = SDK_PROPERTIES | CLIENT_PROPERTIES


@dataclass(frozen=True, slots=True)
class Finding:
    """A property, why it may be a risk, and how many of the looked-at events show it."""

    name: str
    reasons: tuple[str, ...]
    events: int


def review(
    schema: Mapping[str, Any], newest: Iterable[Mapping[str, Any]], dropped: Iterable[str] = ()
) -> list[Finding]:
    """`schema` as `insights.schema` gives it; `newest` are properties of events. Worst first."""
    reasons: dict[str, dict[str, int]] = {}
    for properties in newest:
        for name, value in properties.items():
            if name in _USUAL:
                continue
            for reason in {looks for text in _texts(value) if (looks := look(text))}:
                counts = reasons.setdefault(name, {})
                counts[reason] = counts.get(reason, 0) + 1
    looked = max(1, int(schema["meta"]["looked_into"]))
    for one in schema["properties"]:
        many = max(MANY_VALUES, MANY_SHARE * one["share"] * looked)
        textual = "string" in {str(kind).lower() for kind in one["types"]} or "text" in one["types"]
        if one["name"] not in _USUAL and textual and one["values"] > many:
            counts = reasons.setdefault(one["name"], {})
            counts["nearly as many values as calls"] = int(one["share"] * looked)
    gone = set(dropped)
    found = [
        Finding(name, tuple(sorted(counts)), max(counts.values()))
        for name, counts in reasons.items()
        if name not in gone
    ]
    return sorted(found, key=lambda one: (-len(one.reasons), -one.events, one.name))


def look(text: str) -> str | None:
    """What a text looks like, if like something that should not be sent."""
    for name, pattern in _LOOKS:
        if pattern.search(text):
            return name
    return "free text" if len(text) > LONG_TEXT and text.count(" ") >= 5 else None


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [text for each in value[:50] for text in _texts(each)]
    if isinstance(value, dict):
        return [text for each in list(value.values())[:50] for text in _texts(each)]
    return []
