"""Version order: PEP 440; what doesn't parse comes before every version, a missing one first."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from packaging.version import InvalidVersion, Version

from footfall_server.insights.sql.column import NONE, value_code
from footfall_server.model.errors import Unprocessable
from footfall_server.model.project import Project

_NUMBERS = {"patch": 3, "minor": 2, "major": 1}


@lru_cache(maxsize=10_000)
def version(text: str) -> Version | None:
    """The version that a text is, if it is one."""
    try:
        return Version(text)
    except InvalidVersion:
        return None


def is_versioned(name: str, project: Project) -> bool:
    """Whether the values of a property are ordered as versions."""
    own = name.removeprefix("properties.")
    return own in {"library_version", "python_version", project.version_property}


def version_order(text: str) -> tuple[Any, ...]:
    """A key to sort texts by: `$none`, what is no version, then versions; equal ones by text."""
    if text == NONE:
        return (0,)
    found = version(text)
    return (1, text) if found is None else (2, found, text)


def folded(text: str, granularity: str) -> str:
    """A version at a granularity (`full`, `patch`, `minor`, `major`); what isn't one stays."""
    found, numbers = version(text), _NUMBERS.get(granularity)
    if found is None or numbers is None:
        return text
    epoch = f"{found.epoch}!" if found.epoch else ""
    return epoch + ".".join(map(str, found.release[:numbers]))


def is_within(text: str, wanted: str) -> bool:
    """Whether a version is `wanted` or below it: 3.8.1 is within 3.8, and 3.10 isn't within 3.1.

    A `wanted` that is more than the numbers of a release holds only for versions equal to it.
    """
    found, prefix = version(text), version(wanted)
    if found is None or prefix is None:
        return text == wanted
    if str(prefix) != prefix.base_version:
        return found == prefix
    length = len(prefix.release)
    numbers = (*found.release, *[0] * length)[:length]
    return (found.epoch, numbers) == (prefix.epoch, prefix.release)


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
