"""What a library can prove about its usage logging at this moment."""

from __future__ import annotations

from typing import Dict, NamedTuple, Optional


class Status(NamedTuple):
    """sent + pending + the sum of lost = the calls logged (with a spool found at the start).

    `source` is one of code, env, dotenv, user, do_not_track, ci, default. `pending` counts what
    waits in memory and in this library's spool; `lost` counts by reason (`footfall.event.LOSSES`).
    """

    enabled: bool
    reason: str
    source: str
    endpoint: str
    install_id: Optional[str]
    pending: float
    sent: float
    lost: Dict[str, float]
