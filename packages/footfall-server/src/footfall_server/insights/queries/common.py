"""What the queries of all reports are made of: ranges, filters, cuts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta
from packaging.version import InvalidVersion, Version

Installs = Literal["all", "persistent", "ephemeral", "ci", "human"]
Interval = Literal["hour", "day", "week", "month", "quarter"]
Op = Literal[
    "in", "not_in", "contains", "not_contains", "starts_with", "gt", "gte", "lt", "lte", "between",
    "is_set", "is_not_set", "version_gte", "version_lt",
]  # fmt: skip
Value = str | bool | int | float

_NO_VALUES = frozenset({"is_set", "is_not_set"})
_NUMBER_OF_VALUES = {
    "gt": 1, "gte": 1, "lt": 1, "lte": 1, "between": 2, "version_gte": 1, "version_lt": 1,
}  # fmt: skip
_TEXT_ONLY = frozenset({"contains", "not_contains", "starts_with", "version_gte", "version_lt"})
_OF_INSTANTS = frozenset({"in", "not_in", "gt", "gte", "lt", "lte", "between"})


class Filter(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    rename={"not_": "not"},
):
    """A condition on a property, or one of the groups `any`, `all` and `not`."""

    property: str | None = None
    op: Op | None = None
    values: tuple[Value, ...] = ()
    any: tuple[Filter, ...] | None = None
    all: tuple[Filter, ...] | None = None
    not_: Filter | None = None

    def __post_init__(self) -> None:
        groups = sum(group is not None for group in (self.any, self.all, self.not_))
        condition = self.property is not None or self.op is not None or bool(self.values)
        if groups + condition != 1:
            raise ValueError("A filter is a property with an op, or one of any, all, not")
        if condition:
            self._check_condition()

    def _check_condition(self) -> None:
        if self.property is None or self.op is None:
            raise ValueError("A filter needs both property and op")
        expected = 0 if self.op in _NO_VALUES else _NUMBER_OF_VALUES.get(self.op)
        if expected is not None and len(self.values) != expected:
            raise ValueError(f"{self.op} takes {expected} values, not {len(self.values)}")
        if expected is None and not self.values:
            raise ValueError(f"{self.op} needs at least one value")
        if self.op in _TEXT_ONLY and not all(isinstance(value, str) for value in self.values):
            raise ValueError(f"{self.op} compares texts; put the value in quotes")
        if self.op in {"gt", "gte", "lt", "lte", "between"}:
            kinds = {str if isinstance(value, str) else type(value) for value in self.values}
            if bool in kinds or (str in kinds and len(kinds) > 1):
                raise ValueError(f"{self.op} compares numbers with numbers or texts with texts")
        if self.op in {"version_gte", "version_lt"}:
            _check_version(str(self.values[0]))
        if self.property == "received_at" and self.op in _OF_INSTANTS:
            for value in self.values:
                moment(value)


def inside(group: Filter) -> tuple[Filter, ...]:
    """What a group holds."""
    return (*(group.any or ()), *(group.all or ()), *((group.not_,) if group.not_ else ()))


def _check_version(text: str) -> None:
    try:
        Version(text)
    except InvalidVersion:
        raise ValueError(f"{text[:100]!r} isn't a version (PEP 440)") from None


def moment(value: Value) -> datetime:
    """The instant, in UTC, that a text is. Raises ValueError."""
    try:
        found = datetime.fromisoformat(str(value))
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        shown = value[:100] if isinstance(value, str) else value
        raise ValueError(f"{shown!r} isn't an instant like 2026-01-31T00:00:00Z") from None


MAX_RANGES = 51


class Cut(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A number cut into ranges: below the first edge, between two, from the last on.

    `equal` takes so many ranges of one width instead, between the least and the greatest number
    among the events of the query's range that pass its filters. `labels` name the ranges, the
    lowest first.
    """

    property: str
    edges: tuple[float, ...] = ()
    equal: int | None = None
    labels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if (self.equal is None) == (not self.edges):
            raise ValueError("A cut has either edges or equal")
        if self.equal is not None and not 2 <= self.equal <= MAX_RANGES:
            raise ValueError(f"equal is 2 to {MAX_RANGES} ranges")
        rising = list(self.edges) == sorted(set(self.edges))
        if len(self.edges) >= MAX_RANGES or not rising:
            raise ValueError(f"edges are 1 to {MAX_RANGES - 1} rising numbers")
        if self.labels:
            self._check_labels(self.equal or len(self.edges) + 1)

    def _check_labels(self, ranges: int) -> None:
        if len(self.labels) != ranges:
            raise ValueError(f"{ranges} ranges have {ranges} labels, not {len(self.labels)}")
        odd = any(not name or name.startswith("$") or "\0" in name for name in self.labels)
        if odd or len(set(self.labels)) < ranges:
            raise ValueError("labels are different texts that don't begin with $")


class Action(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An event of one of these names (None: any) that passes the filters."""

    event: str | Annotated[tuple[str, ...], Meta(min_length=1)] | None = None
    filters: tuple[Filter, ...] = ()

    @property
    def names(self) -> tuple[str, ...] | None:
        """The names; None: any."""
        return (self.event,) if isinstance(self.event, str) else self.event


class Behaviour(Action, frozen=True, forbid_unknown_fields=True):
    """The action `at_least` that many times in the last `days` days, events counted once each."""

    at_least: Annotated[int, Meta(ge=1, le=1_000_000)] = 1
    days: Annotated[int, Meta(ge=1, le=3_660)] = 28


Behaviours = Annotated[tuple[Behaviour, ...], Meta(min_length=1, max_length=10)]


class Cohort(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Installs that show `all` of these behaviours, or `any` of them."""

    name: Annotated[str, Meta(min_length=1, max_length=200)]
    all: Behaviours | None = None
    any: Behaviours | None = None

    def __post_init__(self) -> None:
        if (self.all is None) == (self.any is None):
            raise ValueError("A cohort has one of all and any")
        if "\0" in self.name:
            raise ValueError("A cohort's name has no NUL in it")

    @property
    def behaviours(self) -> tuple[Behaviour, ...]:
        """What is asked for, all or any of it."""
        return self.all or self.any or ()


class Query(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="report",
    rename={"from_": "from"},
):
    """What every report takes: the range, the timezone (None: the project's), who, which.

    `cohorts` are definitions for this query; they come before the project's of the same name.
    """

    from_: str
    to: str
    timezone: str | None = None
    installs: Installs = "all"
    filters: tuple[Filter, ...] = ()
    cohorts: Annotated[tuple[Cohort, ...], Meta(max_length=50)] = ()
