"""Version order: PEP 440; what doesn't parse comes before every version."""

from __future__ import annotations

import json
from collections.abc import Iterable

from packaging.version import InvalidVersion, Version

from footfall_server.insights.sql.column import value_code
from footfall_server.model.errors import Unprocessable


def version(text: str) -> Version | None:
    """The version that a text is, if it is one."""
    try:
        return Version(text)
    except InvalidVersion:
        return None


def matching_codes(codes: Iterable[str], op: str, bound: str) -> list[str]:
    """The codes (see `sql.column`) that satisfy `version_gte` or `version_lt` a bound.

    Missing values have no code here, so they fail both. Raises `Unprocessable` INVALID_QUERY when
    the bound isn't a version.
    """
    limit = version(bound)
    if limit is None:
        raise Unprocessable("INVALID_QUERY", f"{bound!r} isn't a version (PEP 440).")
    return sorted({code for code in _flat(codes) if _holds(version(code[1:]), op, limit)})


def _holds(found: Version | None, op: str, limit: Version) -> bool:
    below = found is None or found < limit
    return below if op == "version_lt" else not below


def _flat(codes: Iterable[str]) -> Iterable[str]:
    for code in codes:
        if code.startswith("j["):
            yield from (
                value_code(each)
                for each in json.loads(code[1:])
                if isinstance(each, str | bool | int | float)
            )
        else:
            yield code
