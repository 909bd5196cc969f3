"""`FOOTFALL_DEBUG=1`: what the SDK does, on stderr, for maintainers. Silent otherwise."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional


def debugging() -> bool:
    """Whether the developer asked to see what happens."""
    return os.environ.get("FOOTFALL_DEBUG", "") not in ("", "0")


def report(what: str, error: Optional[BaseException] = None) -> None:
    """One line on stderr if debugging; a closed or broken stderr is no reason to fail."""
    if not debugging():
        return
    try:
        detail = "" if error is None else f": {type(error).__name__}: {error}"
        sys.stderr.write(f"footfall: {what}{detail}\n")
    except Exception:
        return
