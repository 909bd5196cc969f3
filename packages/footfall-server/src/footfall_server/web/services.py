"""What the pages need from the rest of the server, as the assembly hands it in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from footfall_server.accounts import Accounts, Audit, Documents, Sessions, Tokens, Users
from footfall_server.insights import Result
from footfall_server.model.openid import OpenId
from footfall_server.model.project import Project


class Insights(Protocol):
    async def run(self, project: Project, query: Mapping[str, Any], now: datetime) -> Result: ...

    async def events(self, project: Project, parameters: Mapping[str, str]) -> dict[str, Any]: ...

    async def cohort_size(
        self, project: Project, definition: Mapping[str, Any], now: datetime
    ) -> int: ...

    async def schema(self, project: Project, now: datetime) -> dict[str, Any]: ...


class Services(Protocol):
    """`base_url` is where clients reach this server; None: as the request came.

    What is in the metadata is synchronous: pages call it on a worker thread.
    """

    @property
    def insights(self) -> Insights: ...
    @property
    def accounts(self) -> Accounts: ...
    @property
    def users(self) -> Users: ...
    @property
    def sessions(self) -> Sessions: ...
    @property
    def tokens(self) -> Tokens: ...
    @property
    def audit(self) -> Audit: ...
    @property
    def documents(self) -> Documents: ...
    @property
    def secret(self) -> bytes: ...
    @property
    def base_url(self) -> str | None: ...
    @property
    def openid(self) -> OpenId | None: ...
    def clock(self) -> datetime: ...
