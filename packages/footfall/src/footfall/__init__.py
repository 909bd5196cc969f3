"""Usage logging for open-source Python libraries: a decorated function becomes an anonymous event.

This package is the part that runs inside other people's programs, so it owes them three things.
It is invisible: importing it does nothing and costs little, a call costs about a microsecond, no
exception, print, stall or exit status of ours reaches the host. It is honest: what is sent can be
seen, is declared in a manifest, and stops at once when the user says so. It loses nothing in
silence: what can't be sent waits on disk, and every loss is counted under its reason.

It depends on nothing but the standard library and runs on CPython 3.8 and newer. Start reading at
`usage` (the object that a library makes), then follow an event: `call` (the hot path) → `buffer`
(the bounded, uniform sample) → `event` (its JSON) → `sender` (the background thread) → `transport`
(HTTP) or `spool` (disk). `consent` decides whether any of this happens. Only `call`, `declaration`,
`buffer` and `process` may be imported before the first event; the rest comes with the sender.
"""

from __future__ import annotations

__version__ = "0.1.0"
__all__ = ["ConfigurationError", "FootfallError", "Status", "Usage", "__version__"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from footfall.errors import ConfigurationError, FootfallError
    from footfall.status import Status
    from footfall.usage import Usage

_HOMES = {
    "Usage": "footfall.usage",
    "Status": "footfall.status",
    "FootfallError": "footfall.errors",
    "ConfigurationError": "footfall.errors",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'footfall' has no attribute {name!r}")
    value = getattr(__import__(_HOMES[name], fromlist=[name]), name)
    globals()[name] = value
    return value
