"""The first-use notice: one line on stderr, once per user and library, if the library wants it."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from footfall.usage import Usage


def give_notice(usage: Usage) -> None:
    """Say once what is logged and how to stop it; never in CI, never where nobody reads it."""
    from footfall.environment import ci_service

    path = usage.state.path("noticed")
    if path is None or os.path.exists(path) or ci_service(os.environ) is not None:
        return
    try:
        if not sys.stderr.isatty():
            return
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        sys.stderr.write(
            f"{usage.library} logs anonymous usage; `python -m footfall show {usage.library}` shows"
            f" it, {usage.opt_out_env}=1 or `python -m footfall off {usage.library}` stops it.\n"
        )
        sys.stderr.flush()
    except (OSError, ValueError, AttributeError):
        return
