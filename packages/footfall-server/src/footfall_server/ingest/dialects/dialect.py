"""What every dialect is made of: how it reads a request, and in which words it answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Protocol
from uuid import uuid4

from footfall_server.ingest.batch import Batch
from footfall_server.ingest.body import MAX_BODY, MAX_DECOMPRESSED
from footfall_server.model.errors import FootfallError, TooLarge

MAX_EVENTS = 2_500
LARGE_BODY = 20 * 1024 * 1024
"""For the paths by which history is imported."""


class Request(NamedTuple):
    """A request as it came. `word` names the endpoint, `body` is decompressed, `key` is the user
    name of Basic authentication, `query` what follows the question mark, still encoded."""

    word: str
    body: bytes
    key: str | None = None
    query: bytes = b""


def random_id() -> str:
    """For an event whose client gave it none."""
    return str(uuid4())


class Origin(NamedTuple):
    """Whose events they are (`key` is what opened the project), when they came, the first place
    that they may take in the order of acknowledgement, and ids for those that have none."""

    project: int
    key: str
    received_at: datetime
    order: int
    make_id: Callable[[], str] = random_id


class Reply(NamedTuple):
    """The answer, once everything is durable. `body` is JSON."""

    status: int
    body: bytes


class Decoded(Protocol):
    """A request as its dialect reads it. `single`: it isn't a batch, so its refusal is an error."""

    @property
    def members(self) -> list[Any]:
        """The events as sent, or what stands for them."""

    @property
    def single(self) -> bool: ...

    @property
    def keys(self) -> Sequence[str | None]:
        """The write keys that the request names, in the order in which they are tried."""

    def events(self, origin: Origin) -> Batch:
        """The canonical events; what can't become one is refused with a reason."""

    def answer(self, batch: Batch) -> Reply:
        """What the client is told."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A path of a dialect. `decode` raises FootfallError; `failure` words such an error."""

    word: str
    decode: Callable[[Request], Decoded]
    failure: Callable[[FootfallError], dict[str, Any]]
    methods: tuple[str, ...] = ("POST",)
    max_body: int = MAX_BODY
    max_decompressed: int = MAX_DECOMPRESSED


@dataclass(frozen=True, slots=True)
class Fixed:
    """A path whose answer is always the same."""

    reply: Reply
    methods: tuple[str, ...] = ("GET", "POST")


def check_count(events: int, limit: int = MAX_EVENTS) -> None:
    """Raises TooLarge TOO_MANY_EVENTS."""
    if events > limit:
        raise TooLarge(
            "TOO_MANY_EVENTS",
            f"The batch has {events} events, more than {limit}: send it in parts.",
        )


def rejected(batch: Batch) -> list[dict[str, Any]]:
    """The refused events in the client's order, as answers name them."""
    return [
        {"index": each.index, "code": each.reason, "message": each.message}
        for each in sorted(batch.refused, key=lambda each: each.index)
    ]
