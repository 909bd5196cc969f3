"""The one value of a property that an install stands for, and the order of such values.

Everywhere else a list counts in each of its elements' segments. Where an install counts once it
has one value: of a list the newest version, or its last element if it isn't one of versions.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from footfall_server.insights.sql.column import FLAGS, NONE
from footfall_server.insights.versions import folded, version_order
from footfall_server.model.errors import Unprocessable

MAX_VALUES = 10_000


def missing(name: str) -> str:
    """The segment of an event without the property."""
    return "false" if name in FLAGS else NONE


def elements(code: str, name: str) -> list[str]:
    """The segments of a code (see `sql.column`), in the list's own order."""
    if not code:
        return [missing(name)]
    if not code.startswith("j["):
        return [code[1:]]
    found = msgspec.json.decode(code[1:], type=list[msgspec.Raw])
    return [_element(bytes(each)) for each in found] or [NONE]


def _element(raw: bytes) -> str:
    text = raw.decode().strip()
    if text == "null":
        return NONE
    decoded: str = msgspec.json.decode(raw) if text.startswith('"') else text
    return decoded


def value(code: str, name: str, versioned: bool) -> str:
    """The one value that a code stands for."""
    found = elements(code, name)
    return max(found, key=version_order) if versioned else found[-1]


@dataclass(frozen=True, slots=True)
class Scale:
    """Every code of a property, with the place of its value in an order: of versions, or of texts.

    Places count from 1; `texts[place - 1]` is the value. What the engine doesn't find is 0.
    """

    codes: list[str]
    places: list[int]
    texts: list[str]
    versioned: bool

    def text(self, place: int, granularity: str = "full") -> str:
        """The value at a place, versions folded to a granularity."""
        text = self.texts[place - 1] if place else NONE
        return folded(text, granularity) if self.versioned else text


def scale(codes: Iterable[str], name: str, path: str, *, versioned: bool) -> Scale:
    """The scale of codes. Raises `Unprocessable` TOO_MANY_ROWS at `path` beyond 10,000."""
    by_code = {code: value(code, name, versioned) for code in codes}
    if len(by_code) > MAX_VALUES:
        raise Unprocessable(
            "TOO_MANY_ROWS",
            f"{name} has more than {MAX_VALUES:,} values here; take another property, a filter or "
            "a shorter range.",
            path=path,
        )
    texts = sorted(set(by_code.values()), key=version_order if versioned else None)
    place = {text: at for at, text in enumerate(texts, 1)}
    return Scale(list(by_code), [place[text] for text in by_code.values()], texts, versioned)
