"""JSON that strict decoders refuse, split so that one bad event doesn't take its neighbours along.

Used only after the typed decoder has failed: slower, and right about everything that real clients
have been seen to send (lone surrogates, NaN, any depth).
"""

from __future__ import annotations

import json
import re
from typing import Any

from footfall_server.model.errors import BadRequest

# What structures JSON: strings whole, brackets, commas and colons one by one.
_TOKENS = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{},:]', re.DOTALL)

_MAX_DIGITS = 1_000
"""Python reads no integer of more than 4,300."""


class TooDeep:
    """Stands for a value that nests deeper than any parser here goes."""


TOO_DEEP = TooDeep()


class Malformed:
    """Stands for a line that isn't JSON."""

    def __init__(self, text: str) -> None:
        self.text = text


def as_sent(member: Any) -> Any:
    """A member as the rejected store keeps it."""
    if isinstance(member, TooDeep):
        return None
    return member.text if isinstance(member, Malformed) else member


def loads(text: bytes) -> Any:
    """Any JSON, also with NaN, infinities and lone surrogates; the last of duplicate keys counts.

    Raises BadRequest INVALID_JSON. A member of a top-level list or of the object's `batch` list
    that is too deep to parse is `TOO_DEEP`; if that isn't where the depth lies, the request is.
    """
    try:
        return json.loads(text, parse_int=_integer)
    except RecursionError:
        return _loads_members(text)
    except (ValueError, UnicodeDecodeError) as error:
        raise BadRequest("INVALID_JSON", f"The body is not valid JSON: {error}") from None


def lines(text: bytes) -> list[Any]:
    """Newline-delimited JSON: `Malformed` or `TOO_DEEP` where a line can't be read.

    Raises BadRequest INVALID_JSON when that is all of them.
    """
    members = [line(each) for each in text.splitlines() if each.strip()]
    if all(isinstance(member, Malformed) for member in members):
        raise BadRequest("INVALID_JSON", "The body is not valid JSON, nor are its lines.")
    return members


def line(text: bytes) -> Any:
    """One line: any JSON, or `Malformed` or `TOO_DEEP`."""
    try:
        return _member(text)
    except ValueError:
        return Malformed(text.decode("utf-8", "replace"))


def _loads_members(text: bytes) -> Any:
    start, spans = _member_spans(text)
    if not spans:
        raise BadRequest("TOO_DEEP", "The body nests too deeply to be read.")
    end = spans[-1][1]
    outer = text[:start] + text[end:]  # the same document with an empty list
    try:
        document = json.loads(outer, parse_int=_integer)
        members = [_member(text[first:last]) for first, last in spans]
    except (ValueError, RecursionError) as error:
        raise BadRequest("INVALID_JSON", f"The body is not valid JSON: {error}") from None
    if isinstance(document, dict):
        document["batch"] = members
        return document
    return members


def _member(text: bytes) -> Any:
    try:
        return json.loads(text, parse_int=_integer)
    except RecursionError:
        return TOO_DEEP


def _integer(digits: str) -> float:
    """An integer so long that Python won't read it is out of range in any case."""
    return int(digits) if len(digits) < _MAX_DIGITS else float("inf")


def _member_spans(text: bytes) -> tuple[int, list[tuple[int, int]]]:
    """Where the batch's list starts, and the (start, end) of each of its members."""
    depth, inside, first, spans = 0, -1, 0, []
    key = b""
    start = 0
    for token in _TOKENS.finditer(text):
        mark = token.group()
        if mark[0] == 0x22:  # a string
            if depth == 1:
                key = mark
        elif mark in b"[{":
            depth += 1
            batch = mark == b"[" and (depth == 1 or (depth == 2 and key == b'"batch"'))
            if inside < 0 and batch:
                inside, start, first = depth, token.end(), token.end()
        elif mark in b"]}":
            if depth == inside:
                spans.append((first, token.start()))
                return start, spans
            depth -= 1
        elif mark == b"," and depth == inside:
            spans.append((first, token.start()))
            first = token.end()
    return start, []
