"""What the engine's errors mean for the caller, and what to do next."""

from __future__ import annotations

import re

from clickhouse_connect.driver.exceptions import OperationalError

from footfall_server.model.errors import FootfallError, Unavailable, Unprocessable


class StoreUnavailable(Unavailable):
    """The store doesn't answer or can't write now; the same call may succeed later."""


class StoreBusy(StoreUnavailable):
    """Another process has the embedded store open."""


class StoreRefused(Unprocessable):
    """The lines of an insert can't be read: sending them again can't help."""


class StoreError(FootfallError):
    """The engine refused a statement of ours: a defect, not the caller's doing."""


_TOO_MUCH = {
    159: ("QUERY_TOO_SLOW", "The query took longer than it may"),
    160: ("QUERY_TOO_SLOW", "The query would take longer than it may"),
    241: ("QUERY_TOO_LARGE", "The query needed more memory than it may"),
    158: ("QUERY_TOO_LARGE", "The query reads more rows than it may"),
    396: ("QUERY_TOO_LARGE", "The answer has more rows than it may"),
    243: ("QUERY_TOO_LARGE", "The disk has no room for what the query sets aside"),
}
# A statement's text that is too long or too deep: of ours only what a query says makes it so.
_TOO_LONG = frozenset({167, 168, 306})
_TOO_LONG_TEXT = "Max query size exceeded"
_SET_ASIDE = ("temporary files", "The query needed more memory and disk than it may")
# Servers that can't be reached, don't let us in, or can't write now: the same may work later.
_AWAY = {
    81: "its database is missing",
    164: "its user may only read",
    192: "its user is unknown",
    193: "its password is wrong",
    194: "its password is missing",
    202: "it has too many queries at once",
    209: "a server doesn't answer in time",
    210: "a server can't be reached",
    225: "Keeper can't be reached",
    242: "a table is read-only, since Keeper can't be reached",
    252: "too many parts wait to be merged",
    279: "a shard can't be reached",
    285: "too few replicas are there",
    286: "too few replicas had it in time",
    319: "nobody knows whether all replicas have it",
    425: "a server has a fault of its system",
    497: "its user lacks a right",
    516: "its user or password is wrong",
    999: "Keeper has a fault",
}
_UNREACHED = 210
_DENIED = frozenset({164, 192, 193, 194, 497, 516})
_GUESTS = frozenset({81, 164, 497})  # what a guest's text isn't allowed, or doesn't find
_WITH_URL = re.compile(r" with url: /\S*")  # the client's errors show what was asked
_NARROW = "shorten the range, add a filter or take fewer breakdowns"

# The engine's codes for text that isn't what the column holds.
_UNREADABLE = frozenset({6, 25, 26, 27, 38, 41, 53, 69, 70, 72, 117, 130, 131, 321, 407, 441, 645})


def error_code(error: Exception) -> int | None:
    """The engine's number of an error, also of a server that can't be reached; None for one of the
    client itself."""
    code = getattr(error, "code", None)
    if isinstance(code, int):
        return code
    return _UNREACHED if isinstance(error, OperationalError) else None


def query_error(code: int | None, text: str, *, guest: bool = False) -> FootfallError:
    """The engine's error number and text → the error that a caller of a query sees."""
    if code in _TOO_MUCH:
        name, message = _TOO_MUCH[code]
        if _SET_ASIDE[0] in text:
            message = _SET_ASIDE[1]
        return Unprocessable(name, f"{message}: {_NARROW}.", path="")
    if code in _AWAY and not (guest and code in _GUESTS):
        return _away(code, text)
    if not guest and (code in _TOO_LONG or _TOO_LONG_TEXT in _first_line(text)):
        return Unprocessable(
            "QUERY_TOO_LARGE",
            "The query says more than can be asked at once: take fewer filters, values, series or "
            "cohorts.",
            path="",
        )
    if guest and code is not None:
        return Unprocessable("INVALID_SQL", f"The SQL can't be run: {_why(text)}.", path="/sql")
    return StoreError("STORE_ERROR", f"The store refused a statement: {_first_line(text)}")


# Where the engine's message begins to show the statement around the mistake, which isn't theirs.
_AROUND = re.compile(r":? (?:In scope|while executing|In query|While processing|\(query|Stack)\b.*")


def _why(text: str) -> str:
    """What the engine has against a statement, without the statement."""
    first = _first_line(text).partition("DB::Exception: ")
    plain = _AROUND.sub("", first[2] or first[0])
    return re.sub(r"\s*\([A-Z_]+\)$", "", plain).strip().rstrip(".:")[:300]


def insert_error(code: int | None, text: str) -> FootfallError:
    """The engine's error number and text → `StoreRefused` (give up) or `StoreUnavailable`."""
    if code in _UNREADABLE:
        return StoreRefused("STORE_REFUSED", f"A line can't be stored: {_first_line(text)}")
    if code in _AWAY:
        return _away(code, text)
    return StoreUnavailable(
        "STORE_UNAVAILABLE",
        f"The store can't write; look at the disk, then try again: {_first_line(text)}",
    )


def _away(code: int | None, text: str) -> StoreUnavailable:
    why = _AWAY[code or _UNREACHED]
    return StoreUnavailable(
        "STORE_DENIED" if code in _DENIED else "STORE_UNAVAILABLE",
        f"The store can't be used now, {why}; see that its servers run and that its address is "
        f"right: {_first_line(text)}",
    )


def _first_line(text: str) -> str:
    return _WITH_URL.sub("", text.strip().split("\n", 1)[0])[:500]
