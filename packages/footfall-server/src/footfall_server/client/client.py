"""The two clients: one waits, the other is awaited. Both ask over one connection pool."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from typing import Any, Self
from urllib.parse import quote

import httpx2

from footfall_server.client.answer import Answer, AsyncAnswer, Spec
from footfall_server.client.errors import ApiError, error_of
from footfall_server.client.reports import Reports

RETRIES = 5
_LONGEST_WAIT = 60.0
_VEGALITE = "application/vnd.vegalite+json"
_NOT_NOW = frozenset({429, 503})


class _Common:
    """Addresses, and when to try again."""

    def __init__(self, base_url: str, token: str, project: str | None, retries: int) -> None:
        self._options: dict[str, Any] = {
            "base_url": f"{base_url.rstrip('/')}/api/v1",
            "headers": {"authorization": f"Bearer {token}"},
            "timeout": httpx2.Timeout(90, connect=10),
        }
        self._project = project
        self._retries = retries

    def _path(self, project: str, what: str) -> str:
        return f"/projects/{quote(project, safe='')}/{what}"

    def _pause(self, response: httpx2.Response | None, attempt: int) -> float | None:
        """Seconds to wait before trying again; None when the answer stands.

        `response` is None when there was none.
        """
        if attempt >= self._retries:
            return None
        if response is None:
            return min(0.5 * 2.0**attempt, _LONGEST_WAIT)
        if response.status_code not in _NOT_NOW:
            return None
        said = response.headers.get("retry-after", "")
        return min(float(said) if said.isdigit() else 0.5 * 2.0**attempt, _LONGEST_WAIT)


def _own(document: Mapping[str, Any]) -> str:
    projects = document["rows"]
    if not projects:
        raise ApiError("NO_SUCH_PROJECT", "The token opens no project.", status=404)
    return str(projects[0]["project"])


class Client(_Common, Reports[Answer]):
    """Asks a server and waits for its answers. Safe to share between threads; close it, or use it
    as a context manager.

    `base_url` is the server's address; `project` need not be named, since a token opens just one.
    Everything raises `ApiError` for what the server refuses, and `httpx2.TransportError` when it
    can't be reached after `retries` further tries.
    """

    def __init__(
        self,
        base_url: str,
        token: str,
        *,
        project: str | None = None,
        retries: int = RETRIES,
        transport: httpx2.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        super().__init__(base_url, token, project, retries)
        self._http = httpx2.Client(**self._options, transport=transport)
        self._sleep = sleep

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    @property
    def project(self) -> str:
        """The name of the project that the token opens."""
        if self._project is None:
            self._project = _own(self._ask("GET", "/projects").json())
        return self._project

    def query(self, query: Mapping[str, Any]) -> Answer:
        """Any query, as the API takes it."""
        path = self._path(self.project, "query")
        found = self._ask("POST", path, json=dict(query)).json()

        def spec() -> Spec:
            answer = self._ask("POST", path, json=dict(query), headers={"accept": _VEGALITE})
            drawn: Spec = answer.json()
            return drawn

        return Answer(found["report"], found["query"], found["rows"], found["meta"], spec)

    def events(self, **parameters: str) -> Iterator[dict[str, Any]]:
        """The events themselves, newest first, page by page: `from_`, `to`, `event`, `install`."""
        asked = {name.removesuffix("_"): value for name, value in parameters.items()}
        while True:
            page = self._ask("GET", self._path(self.project, "events"), params=asked).json()
            yield from page["rows"]
            if page["cursor"] is None:
                return
            asked["cursor"] = page["cursor"]

    def schema(self) -> dict[str, Any]:
        """The events and properties that there are."""
        found: dict[str, Any] = self._ask("GET", self._path(self.project, "schema")).json()
        return found

    def _ask(self, method: str, path: str, **more: Any) -> httpx2.Response:
        attempt = 0
        while True:
            response = None
            try:
                response = self._http.request(method, path, **more)
            except httpx2.TransportError:
                if (pause := self._pause(None, attempt)) is None:
                    raise
            else:
                if (pause := self._pause(response, attempt)) is None:
                    break
            self._sleep(pause)
            attempt += 1
        if response.status_code != 200:
            raise error_of(response)
        return response


class AsyncClient(_Common, Reports[Awaitable[AsyncAnswer]]):
    """The same, to be awaited: `(await client.trends(…)).to_pandas()`."""

    def __init__(
        self,
        base_url: str,
        token: str,
        *,
        project: str | None = None,
        retries: int = RETRIES,
        transport: httpx2.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        super().__init__(base_url, token, project, retries)
        self._http = httpx2.AsyncClient(**self._options, transport=transport)
        self._sleep = sleep

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        await self._http.aclose()

    async def project(self) -> str:
        """The name of the project that the token opens."""
        if self._project is None:
            self._project = _own((await self._ask("GET", "/projects")).json())
        return self._project

    async def query(self, query: Mapping[str, Any]) -> AsyncAnswer:
        """Any query, as the API takes it."""
        path = self._path(await self.project(), "query")
        found = (await self._ask("POST", path, json=dict(query))).json()

        async def spec() -> Spec:
            answer = await self._ask("POST", path, json=dict(query), headers={"accept": _VEGALITE})
            drawn: Spec = answer.json()
            return drawn

        return AsyncAnswer(found["report"], found["query"], found["rows"], found["meta"], spec)

    async def events(self, **parameters: str) -> AsyncIterator[dict[str, Any]]:
        """The events themselves, newest first, page by page: `from_`, `to`, `event`, `install`."""
        asked = {name.removesuffix("_"): value for name, value in parameters.items()}
        path = self._path(await self.project(), "events")
        while True:
            page = (await self._ask("GET", path, params=asked)).json()
            for row in page["rows"]:
                yield row
            if page["cursor"] is None:
                return
            asked["cursor"] = page["cursor"]

    async def schema(self) -> dict[str, Any]:
        """The events and properties that there are."""
        path = self._path(await self.project(), "schema")
        found: dict[str, Any] = (await self._ask("GET", path)).json()
        return found

    async def _ask(self, method: str, path: str, **more: Any) -> httpx2.Response:
        attempt = 0
        while True:
            response = None
            try:
                response = await self._http.request(method, path, **more)
            except httpx2.TransportError:
                if (pause := self._pause(None, attempt)) is None:
                    raise
            else:
                if (pause := self._pause(response, attempt)) is None:
                    break
            await self._sleep(pause)
            attempt += 1
        if response.status_code != 200:
            raise error_of(response)
        return response
