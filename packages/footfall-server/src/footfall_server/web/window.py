"""Which days a view covers: complete ones for figures, the running one for the end of a chart."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from footfall_server.web.view import View

MOST_BUCKETS = 400  # what a chart may draw in one series
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Window:
    """`start` to `end`, both inside, are what the figures count.

    `running` is today when the chart goes on into it and `end` is the day before; a window that is
    today alone (`young`) has nothing complete to compare.
    """

    start: date
    end: date
    running: date | None
    today: date

    @property
    def days(self) -> int:
        return (self.end - self.start).days + 1

    @property
    def young(self) -> bool:
        return self.end == self.today

    @property
    def intervals(self) -> tuple[str, ...]:
        """The intervals that give a chart between two and MOST_BUCKETS buckets."""
        fits = {"hour": self.days <= 14, "day": 2 <= self.days < MOST_BUCKETS}
        fits |= {"week": self.days >= 14, "month": self.days >= 59}
        return tuple(name for name, fit in fits.items() if fit)

    def interval(self, wanted: str | None) -> str:
        """The wanted interval where it suits, else the one that this range is read best by."""
        if wanted in self.intervals:
            return str(wanted)
        if self.days <= 2:
            return "hour"
        return "day" if self.days <= 120 else "week"


def window(view: View, today: date) -> Window:
    """The days of a view. A relative range ends with the last complete day."""
    yesterday = today - DAY
    if view.pinned:
        start, end = view.pinned
        if start >= today:
            return only(today)
        return Window(start, min(end, yesterday), today if end >= today else None, today)
    if view.range == "12m":
        return Window(year_before(today), yesterday, today, today)
    length = int(view.range.removesuffix("d"))
    return Window(today - timedelta(days=length), yesterday, today, today)


def only(today: date) -> Window:
    """Today alone: all there is when the first event came today."""
    return Window(today, today, None, today)


def year_before(today: date) -> date:
    try:
        return today.replace(year=today.year - 1)
    except ValueError:  # 29 February
        return today.replace(year=today.year - 1, day=28)


def bucket_start(moment: date, interval: str) -> date:
    """The first day of the bucket that holds a day. Weeks start on Monday."""
    if interval == "week":
        return moment - timedelta(days=moment.weekday())
    if interval == "month":
        return moment.replace(day=1)
    return moment
