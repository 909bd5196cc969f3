"""Which of the offered forms of an answer a client likes best (RFC 9110, `Accept`)."""

from __future__ import annotations

from collections.abc import Sequence
from email.message import Message

from footfall_server.model.errors import FootfallError


class NotAcceptable(FootfallError):
    """None of the forms that there are is one that the client takes."""

    status = 406


def chosen(accept: str, offered: Sequence[str]) -> str:
    """The offered media type of the highest quality; among equals the one offered first.

    The most specific range that matches a type says its quality; without `Accept`, the first one
    offered. Raises NotAcceptable.
    """
    ranges = [_range(part) for part in accept.split(",") if part.strip()] or [("*/*", 1.0)]
    best = max(offered, key=lambda each: _quality(each, ranges))
    if _quality(best, ranges) > 0:
        return best
    raise NotAcceptable(
        "NOT_ACCEPTABLE",
        f"The answer can't be given as {accept[:200]!r}: ask for one of {', '.join(offered)}.",
    )


def _range(part: str) -> tuple[str, float]:
    """A media range and its quality; one that can't be read counts as 0."""
    header = Message()
    header["content-type"] = part.strip()
    quality = header.get_param("q", "1")
    try:
        value = float(str(quality))
    except ValueError:
        value = 0.0
    name = part.split(";", 1)[0].strip().lower()
    return name, value if 0 <= value <= 1 else 0.0


def _quality(media_type: str, ranges: list[tuple[str, float]]) -> float:
    kind = media_type.partition("/")[0]
    for wanted in (media_type, f"{kind}/*", "*/*"):
        found = [quality for name, quality in ranges if name == wanted]
        if found:
            return max(found)
    return 0.0
