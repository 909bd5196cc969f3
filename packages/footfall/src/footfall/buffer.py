"""The calls of one flush interval, reduced to a bounded uniform sample whose weights sum to all.

A call is appended to its event's lane, a plain list, without any lock: `list.append`, slicing and
deleting a slice are atomic, and calls are only ever added at the end. When a lane grows long it is
folded into its stratum (event name and exception type), which keeps `burst` calls by reservoir
sampling: Algorithm L of Li, "Reservoir-Sampling Algorithms of Time Complexity O(n(1+log(N/n)))",
ACM TOMS 20(4), 1994, so that folding n calls touches few of them.
"""

from __future__ import annotations

import os
from _thread import allocate_lock
from math import exp, floor, log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, List, Optional, Tuple

    # declaration, end and duration (ns), CPU (ns), enclosing event if a text, values, exception
    Call = Tuple[Any, int, Optional[int], Optional[int], object, Any, Optional[type]]

LONGEST_LANE = 128
ENOUGH_TO_SEND = 500
MOST_CALLS = 4000  # about 1 MB of tuples


def random_fraction() -> float:
    """A random number in (0, 1): the system's, so that a fork needs no new seed."""
    return ((int.from_bytes(os.urandom(7), "big") >> 3) + 0.5) * 2.0**-53


class Lane(list):  # type: ignore[type-arg]
    """The calls of one stratum that are still unfolded."""

    __slots__ = ("key",)

    def __init__(self, key: Tuple[str, Optional[type]]) -> None:
        super().__init__()
        self.key = key


class Stratum:
    """A uniform sample of at most `burst` of the `count` calls that were folded into it."""

    __slots__ = ("_next", "_random", "_threshold", "burst", "count", "sample")

    def __init__(self, burst: Optional[int], random: Callable[[], float]) -> None:
        self.burst = burst
        self.count = 0
        self.sample: List[Call] = []
        self._random = random
        self._threshold = 1.0
        self._next = 0

    def fold(self, calls: List[Call]) -> None:
        """Take more calls into account."""
        before = self.count
        self.count += len(calls)
        if self.burst is None:
            self.sample.extend(calls)
            return
        room = self.burst - len(self.sample)
        if room > 0:
            self.sample.extend(calls[:room])
            if len(self.sample) < self.burst:
                return
            self._next = self.burst
            self._skip()
        while self._next <= self.count:
            place = int(self._random() * self.burst)
            self.sample[place] = calls[self._next - before - 1]
            self._skip()

    def _skip(self) -> None:
        """Choose which call, counted from 1, comes into the sample next."""
        self._threshold *= exp(log(self._random()) / (self.burst or 1))
        rest = log(1.0 - self._threshold)
        gap = floor(log(self._random()) / rest) if rest else 2**62
        self._next += 1 + gap

    def weight(self) -> float:
        """How many calls each call of the sample stands for."""
        return 1 if self.count == len(self.sample) else self.count / len(self.sample)


class Buffer:
    """Everything of one library that was called since the last flush interval was closed."""

    def __init__(self, burst: Optional[int], random: Callable[[], float] = random_fraction) -> None:
        self.burst = burst
        self.random = random
        self.lock = allocate_lock()
        self.lanes: Dict[Tuple[str, Optional[type]], Lane] = {}
        self.strata: Dict[Tuple[str, Optional[type]], Stratum] = {}
        self.kept = 0
        self.overflow = 0
        self.wake: Callable[[], None] = _nobody
        self.sink: Optional[Callable[[Call], None]] = None

    def lane(self, event: str, error: Optional[type] = None) -> Lane:
        """The lane of an event and exception type; the same list for the process's whole life."""
        key = (event, error)
        lane = self.lanes.get(key)
        return lane if lane is not None else self.lanes.setdefault(key, Lane(key))

    def fold(self, lane: Lane) -> None:
        """Shorten a lane that has grown long. If somebody else is folding, it is left for later."""
        try:
            if self.sink is not None:
                self._hand_over(lane)
            elif self.lock.acquire(False):
                try:
                    self._fold(lane)
                finally:
                    self.lock.release()
                if self.kept >= ENOUGH_TO_SEND:
                    self.wake()
        except Exception as error:
            from footfall.debug import report

            report("calls could not be folded", error)

    def _fold(self, lane: Lane) -> None:
        calls = lane[:]
        del lane[: len(calls)]
        if not calls:
            return
        stratum = self.strata.get(lane.key)
        if stratum is None:
            stratum = self.strata[lane.key] = Stratum(self.burst, self.random)
        before = len(stratum.sample)
        stratum.fold(calls)
        self.kept += len(stratum.sample) - before
        if self.kept > MOST_CALLS:
            self._drop_oldest(stratum)

    def _drop_oldest(self, stratum: Stratum) -> None:
        """Keep memory bounded: the older half of the stratum's calls goes, and is counted."""
        if stratum.count != len(stratum.sample):
            return  # a full reservoir doesn't grow
        half = (len(stratum.sample) + 1) // 2
        del stratum.sample[:half]
        stratum.count -= half
        self.kept -= half
        self.overflow += half

    def _hand_over(self, lane: Lane) -> None:
        while self.sink is not None:
            try:
                call = lane.pop(0)
            except IndexError:
                return
            self.sink(call)

    def close(self) -> Tuple[List[Stratum], int]:
        """End the interval: what it holds, and how many calls were dropped for want of room."""
        with self.lock:
            for lane in list(self.lanes.values()):
                self._fold(lane)
            strata = [stratum for stratum in self.strata.values() if stratum.sample]
            overflow = self.overflow
            self.strata = {}
            self.kept = self.overflow = 0
        return strata, overflow

    def counts(self) -> Tuple[int, int]:
        """Calls that wait here, and calls that were dropped since the interval began."""
        with self.lock:
            waiting = sum(len(lane) for lane in list(self.lanes.values()))
            return waiting + sum(s.count for s in self.strata.values()), self.overflow

    def forget(self) -> None:
        """Be empty, with a new lock: for a child that was forked off."""
        self.lock = allocate_lock()
        for lane in self.lanes.values():
            del lane[:]
        self.strata = {}
        self.kept = self.overflow = 0
        self.wake = _nobody


def _nobody() -> None:
    return None
