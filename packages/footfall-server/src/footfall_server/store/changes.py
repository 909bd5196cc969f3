"""What of a project's data changed since when: so that answers can be kept until it matters."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

Span = tuple[datetime, datetime]
"""Instants from the first until just before the second."""

OTHERS_SECONDS = 10
_MOST_DAYS = 4_000
_EPOCH = date(1970, 1, 1).toordinal()
# Inside a text quotes are escaped, so the first place that reads like this is in no text.
_TIME, _RECEIVED = b'"client_time":"', b',"received":'
_ORDER = re.compile(rb',"received":-?\d+,"time_source":"[^"]*","order":(\d+),')
_ANY_ORDER = re.compile(rb'"order" ?: ?(\d+)')
_PROJECT = re.compile(rb'"project" ?: ?(\d+)')
_PROJECT_FIRST = b'{"project":'
# A skew of fewer than so many characters is less than an hour: such a time stays on its day.
_FAR_FROM_MIDNIGHT, _SHORT = (b"T01:", b"T22:"), 10


@dataclass(frozen=True, slots=True)
class Version:
    """A moment of the data. `others`: of a store that others write to as well."""

    count: int
    others: int = 0


class Changes:
    """Counts this process's writes. Where others may write too (`shared`), everything is taken for
    changed every `OTHERS_SECONDS`. Any thread may call it.

    `clock` counts seconds. `newest` is an order of acknowledgement that nothing there is after.
    """

    def __init__(self, clock: Callable[[], float], newest: int, *, shared: bool) -> None:
        self._clock = clock
        self._shared = shared
        self._lock = threading.Lock()
        self._count = 0
        self._everything = 0
        self._whole: dict[int, int] = {}
        self._days: dict[int, dict[int, int]] = {}
        self._newest = newest

    def version(self) -> Version:
        return Version(self._count, self._bucket())

    def since(self, version: Version, project: int, spans: Iterable[Span] | None) -> bool:
        """Whether something has changed since that could change what was read of these spans of a
        project's time; None: of all of it."""
        if self._bucket() != version.others or self._everything > version.count:
            return True
        if self._whole.get(project, 0) > version.count:
            return True
        changed = [day for day, at in [*self._days.get(project, {}).items()] if at > version.count]
        if spans is None:
            return bool(changed)
        ends = [(_day(start), _day(end - timedelta.resolution)) for start, end in spans]
        return any(first <= day <= last for day in changed for first, last in ends)

    def everything(self) -> None:
        """Something of any project has changed."""
        with self._lock:
            self._count += 1
            self._everything = self._count

    def projects(self, *projects: int) -> None:
        """Something of these projects has changed."""
        with self._lock:
            self._count += 1
            self._whole |= dict.fromkeys(projects, self._count)
            for project in projects:
                self._days.pop(project, None)

    def inserted(self, lines: bytes) -> None:
        """These canonical lines of events were inserted, or a part of them.

        An event that was acknowledged after all that is there takes no other's place, so it changes
        the day of its own time alone. Any other may take the place of a copy at another time.
        """
        days = _days(lines)
        if days is None:
            orders = [int(order) for order in _ANY_ORDER.findall(lines)]
        else:  # they rise
            orders = [_order(lines, 0), _order(lines, lines.rstrip().rfind(b"\n") + 1)]
        with self._lock:
            following = days is not None and orders[0] > self._newest
            self._newest = max(self._newest, *orders)
            if days is not None and following:
                self._count += 1
                for project, day in days:
                    self._mark(project, day)
        if not following:
            self.projects(*map(int, set(_PROJECT.findall(lines))))

    def _mark(self, project: int, day: int) -> None:
        days = self._days.setdefault(project, {})
        days[day] = self._count
        if len(days) > _MOST_DAYS:
            self._days[project] = {}
            self._whole[project] = self._count

    def _bucket(self) -> int:
        return int(self._clock() / OTHERS_SECONDS) if self._shared else 0


def _days(lines: bytes) -> set[tuple[int, int]] | None:
    """The projects of lines, each with the UTC days of its events' times; None for lines that don't
    say them as the door does. Line by line, so that other threads get their turn."""
    found: set[tuple[bytes, bytes, bytes]] = set()
    start = 0
    while start < len(lines):
        end = lines.find(b"\n", start)
        end = len(lines) if end < 0 else end
        place = lines.find(_TIME, start, end)
        until = lines.find(_RECEIVED, place, end)
        if place < 0 or until < 0 or not lines.startswith(_PROJECT_FIRST, start):
            return None
        time, _, skew = lines[place + len(_TIME) : until].partition(b'","skew":')
        if _FAR_FROM_MIDNIGHT[0] <= time[10:14] < _FAR_FROM_MIDNIGHT[1] and len(skew) < _SHORT:
            time, skew = time[:10], b"0"
        project = lines[start + len(_PROJECT_FIRST) : lines.find(b",", start, end)]
        found.add((project, time, skew))
        start = end + 1
    try:
        return {(int(project), _shifted(time, int(skew))) for project, time, skew in found}
    except ValueError:
        return None


def _shifted(time: bytes, skew: int) -> int:
    moment = datetime.fromisoformat(time.decode()) + timedelta(microseconds=skew)
    return moment.toordinal() - _EPOCH


def _order(lines: bytes, start: int) -> int:
    """The order of acknowledgement that the line there has, which is as the door writes it."""
    found = _ORDER.match(lines, lines.find(_RECEIVED, start))
    return int(found[1]) if found else 0


def _day(instant: datetime) -> int:
    return instant.astimezone(UTC).toordinal() - _EPOCH
