"""A project: one instrumented library or tool."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Project:
    """`timezone` is an IANA name; `version_property` is the event property with its version."""

    id: int
    name: str
    timezone: str = "UTC"
    version_property: str = "library_version"
