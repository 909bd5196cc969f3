"""The rejected store of a project: list, show, replay. For the API and the command line alike."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from footfall_server.insights.rejected import (
    known_reason,
    page_of,
    parse_rejected,
    read_cursor,
    shown,
    with_ids,
)
from footfall_server.insights.sql.rejected import RejectedPage
from footfall_server.model.errors import BadRequest, Unprocessable
from footfall_server.model.event import RejectedEvent
from footfall_server.model.project import Project
from footfall_server.services import Services

_PAGE = 500
_AT_ONCE = 10_000


class Selection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to replay: these ids, or all of a reason, or all. `cursor` goes on where it ended."""

    ids: list[str] | None = None
    reason: str | None = None
    cursor: str | None = None


@dataclass(slots=True)
class Replayed:
    """What came of it. `cursor` is not None where there is more: ask again with it."""

    accepted: int = 0
    refused: int = 0
    reasons: dict[str, int] | None = None
    cursor: str | None = None

    def document(self) -> dict[str, Any]:
        return {
            "replayed": self.accepted + self.refused,
            "accepted": self.accepted,
            "refused": self.refused,
            "reasons": self.reasons or {},
            "cursor": self.cursor,
        }


def read_selection(raw: bytes) -> Selection:
    """Raises BadRequest MALFORMED_JSON, Unprocessable INVALID_SELECTION."""
    try:
        return msgspec.json.decode(raw or b"{}", type=Selection)
    except msgspec.ValidationError as error:
        raise Unprocessable(
            "INVALID_SELECTION", f"{error}: send `ids`, or `reason`, or {{}} for all."
        ) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest("MALFORMED_JSON", f"The body isn't JSON: {error}.") from None


class RejectedStore:
    """What the door refused, over what the server has."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def page(self, project: Project, parameters: Mapping[str, str]) -> dict[str, Any]:
        """`{"rows": […], "cursor": null | "…"}`, newest first; sees all that was refused before.

        Raises as `parse_rejected`.
        """
        page = parse_rejected(project, parameters)
        await self._services.visible()
        rows, cursor = await page_of(self._services.store, page)
        return {"rows": [shown(row) for row in rows], "cursor": cursor}

    async def one(self, project: Project, id_: str) -> dict[str, Any]:
        """One of them. Raises NotFound NO_SUCH_REJECTED_EVENT."""
        await self._services.visible()
        (found,) = await with_ids(self._services.store, project, [id_])
        return shown(found)

    async def replay(self, project: Project, selection: Selection) -> Replayed:
        """Let them walk the pipeline again, oldest first, up to 10,000 at a time.

        What is accepted leaves the rejected store, and counts once, however often it is tried:
        it is made durable before it leaves. What is refused stays, with its new reason. Raises
        NotFound, Unprocessable, and Unavailable.
        """
        known_reason(selection.reason)
        after = read_cursor(selection.cursor)
        done = Replayed(reasons={})
        await self._services.visible()
        if selection.ids is not None:
            if len(selection.ids) > _AT_ONCE:
                message = f"At most {_AT_ONCE:,} ids at a time."
                raise Unprocessable("TOO_MANY_IDS", message, path="/ids")
            kept = await with_ids(self._services.store, project, selection.ids)
            for start in range(0, len(kept), _PAGE):
                await self._again(project, kept[start : start + _PAGE], done)
        else:
            await self._pages(
                project, RejectedPage(project.id, selection.reason, after, _PAGE, True), done
            )
        await self._services.visible()
        return done

    async def _pages(self, project: Project, page: RejectedPage, done: Replayed) -> None:
        while True:
            kept, done.cursor = await page_of(self._services.store, page)
            await self._again(project, kept, done)
            if done.cursor is None or done.accepted + done.refused >= _AT_ONCE:
                return
            after = read_cursor(done.cursor)
            page = RejectedPage(page.project, page.reason, after, page.limit, page.oldest_first)

    async def _again(self, project: Project, kept: list[RejectedEvent], done: Replayed) -> None:
        if not kept:
            return
        outcome = await self._services.pipeline.replay(kept)
        gone = [event.id for event, now in zip(kept, outcome, strict=True) if now is None]
        if gone:
            store = self._services.store
            await asyncio.to_thread(store.delete_rejected, project.id, gone)
        done.accepted += len(gone)
        done.refused += len(kept) - len(gone)
        for now in outcome:
            if now is not None and done.reasons is not None:
                done.reasons[now.reason] = done.reasons.get(now.reason, 0) + 1
