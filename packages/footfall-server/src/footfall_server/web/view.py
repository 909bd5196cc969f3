"""The URL as state: what a page shows is what its address says, and nothing else.

Defaults are omitted, parameters are sorted, unknown ones are ignored with a note. Links on a page
are made by `View.url`, so every view has one canonical address.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date
from urllib.parse import quote, urlencode

RANGES = {
    "7d": "Last 7 days",
    "28d": "Last 28 days",
    "90d": "Last 90 days",
    "12m": "Last 12 months",
}
INTERVALS = {"hour": "Hourly", "day": "Daily", "week": "Weekly", "month": "Monthly"}
COMPARISONS = {"none": "Nothing", "previous": "Previous period", "year": "Same period last year"}
DIMENSIONS = {
    "version": "Library version",
    "python": "Python version",
    "os": "Operating system",
    "runtime": "Runtime",
}
# The API's names are understood in an address and rewritten to the page's.
ALIASES = {
    "library_version": "version",
    "python_version": "python",
    "os_type": "os",
    "runtime_environment": "runtime",
}
FORMATS = ("csv", "json", "png", "py", "svg")
DEFAULT_RANGE = "28d"
DEFAULT_COMPARE = "previous"
PINNED = re.compile(r"(\d{4}-\d\d-\d\d)\.\.(\d{4}-\d\d-\d\d)")
FILTER = re.compile(r"([^=!]+)(!?)=(.+)")
LONGEST = 3660  # days in a pinned range
LONGEST_NAME, LONGEST_VALUE, MOST_OWN = 200, 2_000, 200


@dataclass(frozen=True, slots=True, order=True)
class Filter:
    """A dimension's value that is asked for, or (`negated`) kept out. `"$none"`: it is missing."""

    dimension: str
    value: str
    negated: bool = False

    def __str__(self) -> str:
        return f"{self.dimension}{'!=' if self.negated else '='}{self.value}"


NO_CI = Filter("runtime", "ci", negated=True)


@dataclass(frozen=True, slots=True)
class View:
    """What an insight page shows. `interval` None is the one that suits the range.

    `own` holds the page's own parameters, in their order.
    """

    range: str = DEFAULT_RANGE
    interval: str | None = None
    compare: str = DEFAULT_COMPARE
    filters: tuple[Filter, ...] = (NO_CI,)
    breakdown: str | None = None
    event: str | None = None
    format: str | None = None
    own: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def excludes_ci(self) -> bool:
        return NO_CI in self.filters

    @property
    def pinned(self) -> tuple[date, date] | None:
        """Both ends of a pinned range, in order."""
        return pinned(self.range)

    def without(self, unwanted: Filter) -> View:
        return replace(self, filters=tuple(f for f in self.filters if f != unwanted))

    def leaving_out_ci(self) -> View:
        return replace(self, filters=tuple(sorted({*self.filters, NO_CI})))

    def narrowed(self, dimension: str, value: str) -> View:
        """The same view of one value only."""
        kept = [f for f in self.filters if f.dimension != dimension or f.negated]
        return replace(self, filters=tuple(sorted([*kept, Filter(dimension, value)])))

    def every(self, name: str) -> list[str]:
        """All values of one of the page's own parameters."""
        return [value for key, value in self.own if key == name]

    def first(self, name: str, otherwise: str = "") -> str:
        """The first value of one of the page's own parameters."""
        return next(iter(self.every(name)), otherwise)

    def with_own(self, name: str, value: str) -> tuple[tuple[str, str], ...]:
        """The page's own parameters, this one with that value alone."""
        kept = [pair for pair in self.own if pair[0] != name]
        return tuple(sorted([*kept, (name, value)], key=lambda pair: pair[0]))

    def pairs(self) -> list[tuple[str, str]]:
        """The parameters of the address, sorted by name; none for the default view."""
        given: list[tuple[str, str]] = []
        if self.breakdown:
            given.append(("breakdown", self.breakdown))
        if self.compare != DEFAULT_COMPARE:
            given.append(("compare", self.compare))
        if self.event is not None:
            given.append(("event", self.event))
        if self.filters != (NO_CI,):
            given += [("filter", str(f)) for f in self.filters] or [("filter", "")]
        if self.format:
            given.append(("format", self.format))
        if self.interval:
            given.append(("interval", self.interval))
        if self.range != DEFAULT_RANGE:
            given.append(("range", self.range))
        return sorted([*given, *self.own], key=lambda pair: pair[0])

    def query(self) -> str:
        """The canonical query string, without the question mark; empty for the default view."""
        return urlencode(self.pairs(), quote_via=quote, safe="!=.:")

    def url(self, **changes: object) -> str:
        """The address of this view with some things changed, relative to the page."""
        changed = replace(self, **changes) if changes else self  # type: ignore[arg-type]
        query = changed.query()
        return f"?{query}" if query else "?"


def pinned(text: str) -> tuple[date, date] | None:
    """`2026-08-27..2026-11-24`; None when it isn't two days in order, not too far apart."""
    match = PINNED.fullmatch(text)
    if not match:
        return None
    try:
        start, end = (date.fromisoformat(part) for part in match.groups())
    except ValueError:
        return None
    return (start, end) if 0 <= (end - start).days <= LONGEST else None


def parse(parameters: Iterable[tuple[str, str]], own: Collection[str] = ()) -> View:
    """Read an address, with the names that are a page's `own`.

    What can't be understood is left out and told in `notes`.
    """
    state: dict[str, object] = {}
    filters: list[Filter] | None = None
    notes = []
    kept: list[tuple[str, str]] = []
    for name, value in parameters:
        try:
            if name in own and len(kept) < MOST_OWN:
                kept.append((name, value[:LONGEST_VALUE]))
            elif name == "filter":
                filters = (filters or []) + ([read_filter(value)] if value else [])
            elif name in READERS:
                state[name] = READERS[name](value)
            else:
                notes.append(f"“{name}” is not something that this page knows; it was ignored.")
        except ValueError:
            notes.append(f"“{name}={value}” could not be understood; it was ignored.")
    if filters is not None:
        state["filters"] = tuple(sorted(set(filters)))
    kept.sort(key=lambda pair: pair[0])
    return View(**state, own=tuple(kept), notes=tuple(notes))  # type: ignore[arg-type]


def read_filter(text: str) -> Filter:
    match = FILTER.fullmatch(text)
    if not match:
        raise ValueError(text)
    name, negation, value = match.groups()
    return Filter(read_dimension(name), value, bool(negation))


def read_dimension(text: str) -> str:
    """One of DIMENSIONS, or the name of any property."""
    name = ALIASES.get(text, text)
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable() or name != name.strip():
        raise ValueError(text)
    return name


def words(dimension: str) -> str:
    """What a page calls a dimension."""
    return DIMENSIONS.get(dimension, dimension)


def inline(dimension: str) -> str:
    """The same within a sentence; a property's own name stays as it is."""
    return DIMENSIONS[dimension].lower() if dimension in DIMENSIONS else dimension


def read_range(text: str) -> str:
    if text not in RANGES and pinned(text) is None:
        raise ValueError(text)
    return text


def one_of(choices: Iterable[str]) -> Callable[[str], str]:
    known = frozenset(choices)

    def read(text: str) -> str:
        if text not in known:
            raise ValueError(text)
        return text

    return read


READERS: dict[str, Callable[[str], str]] = {
    "range": read_range,
    "interval": one_of(INTERVALS),
    "compare": one_of(COMPARISONS),
    "breakdown": read_dimension,
    "event": str,
    "format": one_of(FORMATS),
}
