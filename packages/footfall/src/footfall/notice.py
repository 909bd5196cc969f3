"""The first-use notice: one line on stderr, once per user and library, if the library wants it."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from footfall.state import LibraryState


def give_notice(library: str, opt_out_env: str, state: LibraryState) -> None:
    """Say once what is logged and how to stop it; never in CI, never where nobody reads it."""
    from footfall.environment import ci_service

    path = state.path("noticed")
    if path is None or os.path.exists(path) or ci_service(os.environ) is not None:
        return
    try:
        if not sys.stderr.isatty():
            return
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        sys.stderr.write(
            f"{library} logs anonymous usage; `python -m footfall show {library}` shows"
            f" it, {opt_out_env}=1 or `python -m footfall off {library}` stops it.\n"
        )
        sys.stderr.flush()
    except (OSError, ValueError, AttributeError):
        return
