"""The kinds of documents that a project keeps, and what each may say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from footfall_server.accounts.tokens import Scope
from footfall_server.api.bodies import decoded
from footfall_server.automation import alerts
from footfall_server.automation.destinations import document as destination
from footfall_server.insights import cohorts, parse
from footfall_server.insights.queries import Behaviours
from footfall_server.model.errors import FootfallError, Unprocessable

Title = Annotated[str, Meta(max_length=200)]
Words = Annotated[str, Meta(max_length=2_000)]


class Content(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What every document has."""

    name: Title


class SavedReport(Content, frozen=True, kw_only=True):
    """A question with a name; `view` is the address of the page that shows it."""

    query: dict[str, Any]
    view: Words | None = None
    description: Words = ""


class Card(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A report on a board: a saved one by its id, a query, or a page's address (`trends?m=total`),

    which is asked anew each time, so that relative days stay relative; or a few words. With `days`
    a query is of the days that end today, whatever range it names.
    """

    title: Title = ""
    report: str | None = None
    query: dict[str, Any] | None = None
    days: Annotated[int, Meta(ge=1, le=3_660)] | None = None
    view: Annotated[str, Meta(max_length=4_000, pattern=r"^[a-z]+(\?[^\s#]*)?$")] | None = None
    text: Words | None = None
    width: Literal["half", "full"] = "half"

    def __post_init__(self) -> None:
        given = sum(part is not None for part in (self.report, self.query, self.view, self.text))
        if given != 1:
            raise ValueError("A card has one of report, query, view and text")


class Board(Content, frozen=True, kw_only=True):
    """Cards in reading order."""

    cards: Annotated[tuple[Card, ...], Meta(max_length=50)] = ()
    description: Words = ""


class Annotation(Content, frozen=True, kw_only=True):
    """A day on which something happened, drawn as a rule; a release also names its version."""

    date: date
    kind: Literal["note", "release"] = "note"
    version: Title | None = None
    description: Words = ""


class SavedCohort(Content, frozen=True, kw_only=True):
    """Installs by `all` or by `any` of what they did, known to queries by its name."""

    all: Behaviours | None = None
    any: Behaviours | None = None
    description: Words = ""


@dataclass(frozen=True, slots=True)
class Kind:
    """`check` raises Unprocessable; `shown` is the body as it may be read back."""

    type: type[msgspec.Struct]
    check: Callable[[Any], None] = lambda content: None
    shown: Callable[[dict[str, Any]], dict[str, Any]] = lambda body: body
    secrets: tuple[str, ...] = ()
    """Fields that `shown` leaves out: a new body without them keeps the old ones."""
    scope: Scope = "write"
    """What a token needs to change it."""


def content(
    kind: Kind, raw: bytes, before: Mapping[str, Any] | None = None
) -> tuple[str, dict[str, Any]]:
    """A body → its name and the rest. `before` is what it takes the place of.

    Raises BadRequest MALFORMED_JSON, Unprocessable INVALID_DOCUMENT, and what the check raises.
    """
    read = decoded(raw, kind.type, "INVALID_DOCUMENT")
    kept = {
        field: before[field]
        for field in kind.secrets
        if before is not None and getattr(read, field) is None and field in before
    }
    if kept:
        read = msgspec.structs.replace(read, **kept)
    kind.check(read)
    body: dict[str, Any] = msgspec.to_builtins(read)
    return body.pop("name"), body


def check_query(query: Mapping[str, Any], path: str) -> None:
    """That a query can be asked. Raises as `parse`, with the pointer of where it stands."""
    try:
        parse(query)
    except FootfallError as error:
        raise Unprocessable(error.code, error.message, path=f"{path}{error.path or ''}") from None


def _report(report: SavedReport) -> None:
    check_query(report.query, "/query")


def _board(board: Board) -> None:
    for place, card in enumerate(board.cards):
        if card.query is not None:
            some_day = {"from": "2026-01-01", "to": "2026-01-31"} if card.days else {}
            check_query({**card.query, **some_day}, f"/cards/{place}/query")


def _cohort(cohort: SavedCohort) -> None:
    body: dict[str, Any] = msgspec.to_builtins(cohort)
    cohorts.definition(cohort.name, body)


def _given(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if value is not None}


KINDS: dict[str, Kind] = {
    "alerts": Kind(alerts.Alert, alerts.check, scope="admin"),
    "annotations": Kind(Annotation),
    "boards": Kind(Board, _board),
    "cohorts": Kind(SavedCohort, _cohort, _given),
    "destinations": Kind(
        destination.Destination, destination.check, destination.shown, destination.SECRETS, "admin"
    ),
    "reports": Kind(SavedReport, _report),
}
