"""Kill, start again, and at the end compare what was acknowledged with what is there."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from footfall_server.accounts import Accounts, Created

from benchmarks.kill.client import Client, get, post
from benchmarks.kill.server import Server

_CLIENTS = 3


@dataclass
class Outcome:
    """Message ids. `total` is what the trends report counts; `lives_with_answers` of `kills`."""

    kills: int
    lives_with_answers: int = 0
    acknowledged: set[str] = field(default_factory=set)
    attempted: set[str] = field(default_factory=set)
    sent_again: int = 0
    found: list[str] = field(default_factory=list)
    total: float = 0

    def count(self, clients: Sequence[Client]) -> None:
        """What they tried, and what they were told."""
        for client in clients:
            self.acknowledged |= client.acknowledged
            self.attempted |= client.attempted
            self.sent_again += len(client.again)

    @property
    def lost(self) -> set[str]:
        return self.acknowledged - set(self.found)

    @property
    def doubled(self) -> int:
        return len(self.found) - len(set(self.found))


def _project(data: Path) -> Created:
    data.mkdir(parents=True)
    accounts = Accounts(f"sqlite:///{data}/metadata.db")
    try:
        return accounts.create_project("kills")
    finally:
        accounts.close()


def trial(data: Path, created: Created, kills: int, seed: int) -> Outcome:
    """One server, killed so often at moments that the seed chooses, also while it starts."""
    choose = random.Random(seed)
    server = Server(data)
    clients = [
        Client(f"{seed}-{place}", created.write_key, server.url, seed * 100 + place)
        for place in range(_CLIENTS)
    ]
    outcome = Outcome(kills)
    for client in clients:
        client.start()
    try:
        for _ in range(kills):
            before = answered(clients)
            server.start()
            moment = choose.random()
            if moment < 0.3:  # while it opens
                time.sleep(choose.uniform(0, 0.4))
            elif moment < 0.7:  # while it takes events in, perhaps without a store yet
                until(lambda: answered(clients) > before)  # noqa: B023
                time.sleep(choose.uniform(0, 0.7))
            else:  # while it carries them on
                until(server.ready)
                time.sleep(choose.uniform(0, 1.5))
            server.kill()
            outcome.lives_with_answers += answered(clients) > before
        server.start()
        time.sleep(0.3)
        for client in clients:
            client.stop()
        for client in clients:
            client.send_again()
        until(server.ready)
        look(str(server.url()), created.api_token, outcome)
    finally:
        for client in clients:
            client.stop()
        server.stop()
    outcome.count(clients)
    return outcome


def trials(folder: Path, kills: int, seed: int, servers: int = 2) -> list[Outcome]:
    """The kills shared out among servers that run side by side."""
    folders = [folder / f"server-{place}" for place in range(servers)]
    projects = [_project(data) for data in folders]  # one after the other: migrations want it so

    def one(place: int) -> Outcome:
        return trial(folders[place], projects[place], kills // servers, seed + place)

    with ThreadPoolExecutor(servers) as pool:
        return list(pool.map(one, range(servers)))


def until(condition: Callable[[], bool]) -> None:
    """Returns when it holds. Raises TimeoutError after a minute."""
    deadline = time.monotonic() + 60
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("what was waited for doesn't come: see the servers' logs")
        time.sleep(0.01)


def answered(clients: list[Client]) -> int:
    """How many events are acknowledged by now."""
    return sum(len(client.acknowledged) for client in clients)


def look(url: str, token: str, outcome: Outcome) -> None:
    """Everything that is there, event by event and counted by a report."""
    base = f"{url}/api/v1/projects/kills"
    range_ = {"from": "2020-01-01", "to": "2030-01-01"}
    query: dict[str, Any] = {
        "report": "trends", **range_, "interval": "quarter", "fold": True,
        "series": [{"name": "A", "event": None, "measure": "total"}],
    }  # fmt: skip
    rows = post(f"{base}/query?consistent=1", token, query)["rows"]
    outcome.total = sum(row["value"] or 0 for row in rows if row["bucket"] is None)
    cursor: str | None = ""
    while cursor is not None:
        page = get(f"{base}/events?limit=1000&cursor={quote(cursor)}", token)
        outcome.found += [row["message_id"] for row in page["rows"]]
        cursor = page["cursor"]
