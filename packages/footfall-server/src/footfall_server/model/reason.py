"""Why an event was refused: a closed list, metered and documented."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """The stable codes that clients get for a refused event."""

    INVALID_JSON = "INVALID_JSON"
    WRONG_TYPE = "WRONG_TYPE"
    MISSING_EVENT = "MISSING_EVENT"
    MISSING_USER_ID = "MISSING_USER_ID"
    MISSING_TYPE = "MISSING_TYPE"
    UNKNOWN_TYPE = "UNKNOWN_TYPE"
    MESSAGE_ID_TOO_LONG = "MESSAGE_ID_TOO_LONG"
    EVENT_TOO_LARGE = "EVENT_TOO_LARGE"
    TOO_DEEP = "TOO_DEEP"
    NUMBER_OUT_OF_RANGE = "NUMBER_OUT_OF_RANGE"
    FOREIGN_TOKEN = "FOREIGN_TOKEN"  # noqa: S105
    UNDECLARED_EVENT = "UNDECLARED_EVENT"
    UNDECLARED_PROPERTY = "UNDECLARED_PROPERTY"
    STORE_REFUSED = "STORE_REFUSED"
    INSTALL_BLOCKED = "INSTALL_BLOCKED"
    IDENTITY_NOT_KEPT = "IDENTITY_NOT_KEPT"


UNKEPT = frozenset({Reason.INSTALL_BLOCKED, Reason.IDENTITY_NOT_KEPT})
"""Events refused for these are counted, but nothing of them is kept."""

MESSAGES: dict[Reason, str] = {
    Reason.INVALID_JSON: "The event is not valid JSON: send one JSON object per event.",
    Reason.WRONG_TYPE: "A field has the wrong type",
    Reason.MISSING_EVENT: "`event` is missing or empty: a track event needs a name.",
    Reason.MISSING_USER_ID: "Neither `userId` nor `anonymousId` is set: send one of them.",
    Reason.MISSING_TYPE: "`type` is missing: each event of a batch names its type, e.g. track.",
    Reason.UNKNOWN_TYPE: "`type` is none of track, identify, page, screen, group, alias, merge.",
    Reason.MESSAGE_ID_TOO_LONG: "The message id is longer than 100 characters.",
    Reason.EVENT_TOO_LARGE: "The event is larger than 32 KB: send less with it.",
    Reason.TOO_DEEP: "The properties nest deeper than 32 levels.",
    Reason.NUMBER_OUT_OF_RANGE: "A number is NaN, infinite or beyond 64 bits: send it as text.",
    Reason.FOREIGN_TOKEN: (
        "The event's `token` is another one than its batch's: send a batch for each project."
    ),
    Reason.IDENTITY_NOT_KEPT: (
        "This project doesn't keep who somebody is: send track, page and screen alone."
    ),
    Reason.INSTALL_BLOCKED: (
        "This install was erased and asked not to be counted again: stop sending its events."
    ),
    Reason.UNDECLARED_EVENT: "The project's manifest doesn't declare this event",
    Reason.UNDECLARED_PROPERTY: "The project's manifest doesn't declare these properties",
    Reason.STORE_REFUSED: "The store could not take the event; it is kept here.",
}
