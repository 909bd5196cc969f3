"""A batch decoder that knows which property names come.

A library's events have a few dozen property names between them. Decoding properties into a struct
with those fields takes a third less time than into a dictionary, and writing them out again too.
So the names are learnt from what comes, up to a bound, and whatever doesn't fit is decoded the
general way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Annotated, Any

import msgspec

Scalar = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)] | float | str | bool
Value = Scalar | list[Scalar]
"""What the store keeps just as it is: everything but nulls, objects and lists of lists."""

MAX_NAMES = 64
_MAX_MISSES = 20
_REST = 500
_ESCAPED = re.compile(r'["\\\x00-\x1f]')


class Shapes:
    """`batch_of(properties_type)` makes the type of a whole request."""

    def __init__(self, batch_of: Callable[[Any], Any]) -> None:
        self._batch_of = batch_of
        self._names: set[str] = set()
        self._decoder: msgspec.json.Decoder[Any] | None = None
        self._misses = 0

    def decode(self, body: bytes) -> Any | None:
        """The request, or None when it must be decoded the general way."""
        if self._decoder is None:
            return None
        if self._misses > _MAX_MISSES:  # many libraries at once: for a while it isn't worth trying
            self._misses += 1
            if self._misses < _REST:
                return None
            self._misses = 0
        try:
            decoded = self._decoder.decode(body)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            self._misses += 1
            return None
        self._misses = 0
        return decoded

    def learn(self, properties: Iterable[dict[str, Any]]) -> None:
        """Take note of the names in properties that were decoded the general way."""
        if len(self._names) >= MAX_NAMES:
            return
        new = set().union(*properties) - self._names
        # An address is never a property that is kept, so it must not become a field.
        new -= {"ip", "$ip"}
        # Nor can a name that must be escaped in JSON be one.
        new = {name for name in new if not _ESCAPED.search(name)}
        if not new or len(new) + len(self._names) > MAX_NAMES:
            return
        self._names |= new
        self._decoder = msgspec.json.Decoder(self._batch_of(_struct(sorted(self._names))))


def _struct(names: list[str]) -> type[msgspec.Struct]:
    kind = Value | msgspec.UnsetType
    return msgspec.defstruct(
        "Properties",
        [
            (f"p{place}", kind, msgspec.field(name=name, default=msgspec.UNSET))
            for place, name in enumerate(names)
        ],
        forbid_unknown_fields=True,
        gc=False,
    )
