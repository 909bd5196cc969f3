"""What the pages need from the rest of the server, as the assembly hands it in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from footfall_server.insights import Result
from footfall_server.model.project import Project


class Insights(Protocol):
    async def run(self, project: Project, query: Mapping[str, Any], now: datetime) -> Result: ...


class WriteKey(Protocol):
    @property
    def key(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def revoked(self) -> object: ...


class Accounts(Protocol):
    """Synchronous: pages call it on a worker thread."""

    def project(self, name: str) -> Project: ...
    def projects(self) -> list[Project]: ...
    def write_keys(self, project: Project) -> list[Any]: ...
    def sign_in(self, secret: str) -> str | None: ...
    def is_session(self, token: str) -> bool: ...


class Services(Protocol):
    """`base_url` is where clients reach this server; None: as the request came."""

    @property
    def insights(self) -> Insights: ...
    @property
    def accounts(self) -> Accounts: ...
    @property
    def base_url(self) -> str | None: ...
    def clock(self) -> datetime: ...
