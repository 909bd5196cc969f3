"""The Footfall server as its maintainer meets it: the command line and the JSON API."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from examples.nannyml.processes import Failed, Processes, last_lines

COMMAND = Path(sys.executable).with_name("footfall-server")
LISTENING = re.compile(r"Footfall is listening on (http://\S+)")
START_SECONDS = 90.0
VISIBLE_SECONDS = 60.0


@dataclass
class Collector:
    """A server on a data directory, started by `serve`."""

    processes: Processes
    data: Path
    log: Path
    env: Mapping[str, str]
    address: str = ""
    _server: subprocess.Popen[str] | None = field(default=None, init=False)
    # A proxy of the surroundings must not come between two processes of one machine.
    _http: httpx.Client = field(
        default_factory=lambda: httpx.Client(trust_env=False, timeout=30), init=False
    )

    def serve(self, port: str, tell: Callable[[str], None]) -> None:
        """Start the server and wait until it is ready; `tell` hears what it waits for."""
        self.log.write_bytes(b"")
        self._server = self.processes.start(
            [COMMAND, "serve", "--data", self.data, "--host", "127.0.0.1", "--port", port],
            self.env,
            log=self.log,
        )
        deadline = time.monotonic() + START_SECONDS
        while not self.address:
            self._check(deadline, "did not say where it listens")
            found = LISTENING.search(self.log.read_text(encoding="utf-8", errors="replace"))
            self.address = found[1].rstrip("/") if found else ""
            time.sleep(0.05)
        while (reason := self._not_ready()) is not None:
            self._check(deadline, f"did not become ready: {reason}")
            tell(f"waiting for the server: {reason}")
            time.sleep(0.1)

    def wait(self) -> None:
        """Return when the server ends, which it does only by mistake or by somebody's hand."""
        if self._server:
            self._server.wait()
        raise Failed(f"The server stopped by itself.\n{last_lines(self.log)}")

    def project(self, name: str, version_property: str) -> str:
        """An API token of the project, which is created unless it exists."""
        try:
            created = self._cli("project", "create", name, "--version-property", version_property)
        except Failed as failure:
            if "PROJECT_EXISTS" not in str(failure):
                raise
            created = self._cli("project", "token", name)
        return str(created["api_token"])

    def accept_key(self, name: str, write_key: str) -> None:
        """Let events with this write key into the project."""
        self._cli("project", "key", name, "--add", write_key)

    def sign_in_link(self) -> str:
        """An address that signs its first visitor in."""
        return str(self._cli("sign-in-link")["url"])

    def keep_board(self, name: str, token: str, board: Mapping[str, object]) -> str:
        """The address of the project's board of this name, made or brought up to date."""
        place = f"{self.address}/api/v1/projects/{name}/boards"
        headers = {"Authorization": f"Bearer {token}"}
        rows = self._http.get(place, headers=headers).json().get("rows", [])
        known = [row["id"] for row in rows if row["name"] == board["name"]]
        if known:
            answer = self._http.put(f"{place}/{known[0]}", json=dict(board), headers=headers)
        else:
            answer = self._http.post(place, json=dict(board), headers=headers)
        if answer.status_code not in (200, 201):
            raise Failed(f"The board was not kept: {answer.text}")
        return f"{self.address}/p/{name}/boards/{answer.json()['id']}"

    def query(self, name: str, token: str, query: Mapping[str, object]) -> dict[str, Any]:
        """The result of a query over everything that was acknowledged before it."""
        deadline = time.monotonic() + VISIBLE_SECONDS
        while True:
            try:
                answer = self._http.post(
                    f"{self.address}/api/v1/projects/{name}/query?consistent=1",
                    json=dict(query),
                    headers={"Authorization": f"Bearer {token}"},
                )
            except httpx.HTTPError as error:
                raise Failed(f"The server is gone ({error}).\n{last_lines(self.log)}") from None
            if answer.status_code != 503 or time.monotonic() > deadline:
                break
            time.sleep(0.5)
        if answer.status_code != 200:
            raise Failed(f"The query {query['report']!r} failed: {answer.text}")
        result: dict[str, Any] = answer.json()
        return result

    def _cli(self, *arguments: str) -> dict[str, Any]:
        # The command line says where pages are: at the address that this server was given.
        env = {**self.env, "FOOTFALL_BASE_URL": self.address}
        log = self.log.with_name("commands.log")
        output = self.processes.run([COMMAND, *arguments, "--json"], env, log=log)
        printed: dict[str, Any] = json.loads(output)
        return printed

    def _not_ready(self) -> str | None:
        try:
            answer = self._http.get(f"{self.address}/ready", timeout=5)
        except httpx.HTTPError as error:
            return str(error)
        return None if answer.status_code == 200 else answer.text[:200]

    def _check(self, deadline: float, late: str) -> None:
        if self._server and self._server.poll() is not None:
            raise Failed(last_lines(self.log) or "The server ended without a message.")
        if time.monotonic() > deadline:
            raise Failed(f"The server {late} within {START_SECONDS:.0f} s.\n{last_lines(self.log)}")
