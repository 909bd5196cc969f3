"""One method a report: its options by name, sent as the query that the documentation describes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Generic, Literal, TypedDict, TypeVar, Unpack

R_co = TypeVar("R_co", covariant=True)

When = str | date
"""A day (inside), or an instant with its offset (as `to`: outside)."""
Filter = Mapping[str, Any]
Interval = Literal["hour", "day", "week", "month", "quarter"]
Granularity = Literal["full", "patch", "minor", "major"]
Part = str | Mapping[str, Any]
"""A property's name, or a number's with `edges` or `equal`."""


class Common(TypedDict, total=False):
    """What every report takes besides its range."""

    timezone: str
    installs: Literal["all", "persistent", "ephemeral", "ci", "human"]
    filters: Sequence[Filter]
    cohorts: Sequence[Mapping[str, Any]]


class Reports(Generic[R_co]):
    """The reports. An option that is left out is the server's default."""

    def query(self, query: Mapping[str, Any]) -> R_co:
        """Any query, as the API takes it."""
        raise NotImplementedError

    def trends(
        self,
        from_: When,
        to: When,
        *,
        series: Sequence[Mapping[str, Any]] | None = None,
        interval: Interval | None = None,
        breakdown: Sequence[Part] | None = None,
        limit: int | None = None,
        formulas: Sequence[Mapping[str, str]] | None = None,
        compare: Literal["previous_period", "previous_year"] | None = None,
        fold: bool | None = None,
        **common: Unpack[Common],
    ) -> R_co:
        """Numbers over time, by segment."""
        return self.query(
            _query(
                "trends", from_, to, common, series=series, interval=interval, breakdown=breakdown,
                limit=limit, formulas=formulas, compare=compare, fold=fold,
            )
        )  # fmt: skip

    def funnel(
        self,
        from_: When,
        to: When,
        *,
        steps: Sequence[Mapping[str, Any]],
        window_seconds: int | None = None,
        count: Literal["unique", "total"] | None = None,
        order: Literal["strict", "any"] | None = None,
        exclusions: Sequence[Mapping[str, Any]] | None = None,
        hold: Sequence[str] | None = None,
        breakdown: Sequence[Part] | None = None,
        breakdown_step: int | None = None,
        limit: int | None = None,
        interval: Literal["day", "week", "month"] | None = None,
        **common: Unpack[Common],
    ) -> R_co:
        """How many went from step to step within a window."""
        return self.query(
            _query(
                "funnel", from_, to, common, steps=steps, window_seconds=window_seconds,
                count=count, order=order, exclusions=exclusions, hold=hold, breakdown=breakdown,
                breakdown_step=breakdown_step, limit=limit, interval=interval,
            )
        )  # fmt: skip

    def retention(
        self,
        from_: When,
        to: When,
        *,
        birth: Mapping[str, Any] | None = None,
        return_: Mapping[str, Any] | None = None,
        unit: Literal["day", "week", "month"] | None = None,
        brackets: int | None = None,
        mode: Literal["calendar", "rolling"] | None = None,
        kind: Literal["on", "on_or_after", "streak"] | None = None,
        cohort: Literal["first_ever", "first_in_range", "recurring"] | None = None,
        average: Literal["pooled", "mean"] | None = None,
        breakdown: Sequence[Part] | None = None,
        limit: int | None = None,
        **common: Unpack[Common],
    ) -> R_co:
        """How many come back, by the time since their first event."""
        return self.query(
            _query(
                "retention", from_, to, common, birth=birth, return_=return_, unit=unit,
                brackets=brackets, mode=mode, kind=kind, cohort=cohort, average=average,
                breakdown=breakdown, limit=limit,
            )
        )  # fmt: skip

    def flows(
        self,
        from_: When,
        to: When,
        *,
        anchor: str,
        direction: Literal["after", "before"] | None = None,
        depth: int | None = None,
        top: int | None = None,
        fold_repeats: bool | None = None,
        session_minutes: int | None = None,
        **common: Unpack[Common],
    ) -> R_co:
        """What is done after an event, or before it, step by step."""
        return self.query(
            _query(
                "flows", from_, to, common, anchor=anchor, direction=direction, depth=depth,
                top=top, fold_repeats=fold_repeats, session_minutes=session_minutes,
            )
        )  # fmt: skip

    def paths(
        self,
        from_: When,
        to: When,
        *,
        anchor: str | None = None,
        direction: Literal["after", "before"] | None = None,
        depth: int | None = None,
        top: int | None = None,
        fold_repeats: bool | None = None,
        session_minutes: int | None = None,
        **common: Unpack[Common],
    ) -> R_co:
        """The most frequent sequences of events."""
        return self.query(
            _query(
                "paths", from_, to, common, anchor=anchor, direction=direction, depth=depth,
                top=top, fold_repeats=fold_repeats, session_minutes=session_minutes,
            )
        )  # fmt: skip

    def lifecycle(
        self, from_: When, to: When, *, interval: Interval | None = None, **common: Unpack[Common]
    ) -> R_co:
        """New, returning, resurrected and dormant installs."""
        return self.query(_query("lifecycle", from_, to, common, interval=interval))

    def stickiness(self, from_: When, to: When, **common: Unpack[Common]) -> R_co:
        """Installs by the number of days on which they were active."""
        return self.query(_query("stickiness", from_, to, common))

    def adoption(
        self,
        from_: When,
        to: When,
        *,
        interval: Interval | None = None,
        by: str | None = None,
        granularity: Granularity | None = None,
        **common: Unpack[Common],
    ) -> R_co:
        """The share of each version among active installs."""
        return self.query(
            _query("adoption", from_, to, common, interval=interval, by=by, granularity=granularity)
        )

    def errors(
        self,
        from_: When,
        to: When,
        *,
        by: str | None = None,
        event: str | None = None,
        **common: Unpack[Common],
    ) -> R_co:
        """How often calls fail, by version, with what regressed."""
        return self.query(_query("errors", from_, to, common, by=by, event=event))

    def exceptions(self, from_: When, to: When, **common: Unpack[Common]) -> R_co:
        """Which exceptions, how often, since and until which version."""
        return self.query(_query("exceptions", from_, to, common))

    def run_time(
        self, from_: When, to: When, *, by: str | None = None, **common: Unpack[Common]
    ) -> R_co:
        """How long calls take, by event and version."""
        return self.query(_query("run_time", from_, to, common, by=by))

    def support_matrix(
        self,
        from_: When,
        to: When,
        *,
        rows: str | None = None,
        columns: str | None = None,
        granularity: Granularity | None = None,
        **common: Unpack[Common],
    ) -> R_co:
        """Installs by two properties, such as Python's and the library's version."""
        return self.query(
            _query(
                "support_matrix", from_, to, common, rows=rows, columns=columns,
                granularity=granularity,
            )
        )  # fmt: skip

    def drop_cost(
        self,
        from_: When,
        to: When,
        *,
        values: Sequence[str],
        property: str | None = None,
        **common: Unpack[Common],
    ) -> R_co:
        """Whom it would hit to support these values no longer."""
        return self.query(_query("drop_cost", from_, to, common, values=values, property=property))

    def events_table(self, from_: When, to: When, **common: Unpack[Common]) -> R_co:
        """One row an event name."""
        return self.query(_query("events_table", from_, to, common))

    def traction(self, from_: When, to: When, **common: Unpack[Common]) -> R_co:
        """What a funder asks, each number with how it was counted."""
        return self.query(_query("traction", from_, to, common))

    def sql(
        self,
        sql: str,
        parameters: Mapping[str, Any] | None = None,
        from_: When | None = None,
        to: When | None = None,
        **common: Unpack[Common],
    ) -> R_co:
        """One's own SELECT over the project's `events`."""
        return self.query(_query("sql", from_, to, common, sql=sql, parameters=parameters))


def _query(
    report: str, from_: When | None, to: When | None, common: Common, **options: Any
) -> dict[str, Any]:
    """What was said, under the API's names."""
    said = {"report": report, "from_": _text(from_), "to": _text(to), **common, **options}
    return {name.removesuffix("_"): value for name, value in said.items() if value is not None}


def _text(when: When | None) -> str | None:
    return when.isoformat() if isinstance(when, date | datetime) else when
