"""What became of the calls, counted exactly.

A weight is n / burst, so counting in units of 1 / burst keeps every sum an integer.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, Iterable, Optional, Union


class Tally:
    """Calls sent and lost by this process, the latter by reason."""

    def __init__(self, burst: Optional[int]) -> None:
        self._unit = burst or 1
        self._sent = 0
        self._lost: Dict[str, int] = {}

    def send(self, weights: Iterable[float]) -> None:
        """Count events that the collector took."""
        unit = self._unit
        self._sent += sum([unit if weight == 1 else round(weight * unit) for weight in weights])

    def lose(self, reason: str, weight: float) -> None:
        """Count an event that is gone."""
        if weight:
            self._lost[reason] = self._lost.get(reason, 0) + round(weight * self._unit)

    def exact(self, weight: float) -> Union[int, float]:
        """A sum of weights without the rounding errors of adding them up."""
        return self._number(round(weight * self._unit))

    @property
    def sent(self) -> Union[int, float]:
        """Calls that the collector took."""
        return self._number(self._sent)

    @property
    def lost(self) -> Dict[str, float]:
        """Calls that are gone, by reason."""
        return {reason: self._number(units) for reason, units in sorted(self._lost.items())}

    def _number(self, units: int) -> Union[int, float]:
        return units // self._unit if units % self._unit == 0 else units / self._unit
