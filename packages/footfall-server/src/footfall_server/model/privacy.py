"""What a project has decided about its users' data."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

EVENTS_DAYS = 365
"""How long events are kept where a project says nothing."""


Identity = Literal["install", "daily", "none"]


class Privacy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`events_days` after their receipt events are deleted; None keeps them for ever.

    `identity` is what is kept of an install's id: the id itself, one that stands for it until the
    day (UTC) ends, or nothing.
    """

    identity: Identity = "install"
    events_days: Annotated[int, msgspec.Meta(ge=1, le=36_500)] | None = EVENTS_DAYS
