"""What a project has decided about its users' data."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

EVENTS_DAYS = 365
"""How long events are kept where a project says nothing."""


Identity = Literal["install", "daily", "none"]


_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class Privacy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`events_days` after their receipt events are deleted; None keeps them for ever.

    `identity` is what is kept of an install's id: the id itself, one that stands for it until the
    day (UTC) ends, or nothing. `dropped` are properties that the door takes out of every event.
    """

    identity: Identity = "install"
    events_days: Annotated[int, msgspec.Meta(ge=1, le=36_500)] | None = EVENTS_DAYS
    dropped: Annotated[tuple[_Name, ...], msgspec.Meta(max_length=200)] = ()
