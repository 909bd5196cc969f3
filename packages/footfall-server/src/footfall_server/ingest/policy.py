"""What a project allows at the door: how much, and what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import msgspec

from footfall_server.ingest.dialects.dialect import LARGE_BODY, MAX_EVENTS
from footfall_server.ingest.steps import MAX_EVENT
from footfall_server.model.manifest import AllowList
from footfall_server.model.privacy import Privacy


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A project's own bounds, within those that hold for all.

    `burst` is how many events may come at once after a pause; `body_bytes` counts after
    decompression. `rejected_days` is how long refused events are kept; None: as the server does.
    """

    events_per_second: Annotated[float, msgspec.Meta(ge=0.01, le=1e7)] = 200_000
    burst: Annotated[int, msgspec.Meta(ge=1, le=10**9)] = 4_000_000
    batch_events: Annotated[int, msgspec.Meta(ge=1, le=MAX_EVENTS)] = MAX_EVENTS
    event_bytes: Annotated[int, msgspec.Meta(ge=256, le=MAX_EVENT)] = MAX_EVENT
    body_bytes: Annotated[int, msgspec.Meta(ge=1024, le=LARGE_BODY)] = LARGE_BODY
    rejected_days: Annotated[int, msgspec.Meta(ge=1, le=3650)] | None = None


DEFAULT_LIMITS = Limits()
DEFAULT_PRIVACY = Privacy()


@dataclass(frozen=True, slots=True)
class Policy:
    """`allowed` is what the manifest declares, where the door shall look at it; `enforced` if what
    isn't declared is refused."""

    limits: Limits = DEFAULT_LIMITS
    allowed: AllowList | None = None
    enforced: bool = False
    privacy: Privacy = DEFAULT_PRIVACY


OPEN = Policy()
"""A project that has set nothing."""

Policies = Callable[[int], Policy]
"""From a project's id to its policy."""


def open_to_all(project: int) -> Policy:
    """No project has set anything."""
    return OPEN
