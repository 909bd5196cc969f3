"""Several collectors and servers over one store that isn't theirs, all killed under load.

Two data directories, as on two machines, share metadata and a `clickhouse://` store (the stand-in
that `tests/clickhouse.py` is): two collectors and a web server on the one, a collector and a web
server on the other. Clients send each try to any collector, as a load balancer would.
"""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from time import sleep
from typing import Any

from footfall_server.accounts import Accounts, Created

from benchmarks.kill.client import Client, post
from benchmarks.kill.server import Server
from benchmarks.kill.trial import Outcome, answered, look, until
from tests.stand_in import StandIn

_CLIENTS = 4
_LOOK_SECONDS = 0.5
_ALERT = {
    "name": "in use", "query": {"report": "events_table"},
    "when": {"field": "total", "op": "gt", "than": 0},
}  # fmt: skip


@dataclass
class ClusterOutcome(Outcome):
    """`told` is what an alert's webhook was told; `kills` are those of collectors and servers."""

    told: list[dict[str, Any]] = field(default_factory=list)
    kills_of_the_store: int = 0


@dataclass
class _Cluster:
    store: StandIn
    collectors: list[Server]
    webs: list[Server]
    created: Created
    hook: str
    told: list[dict[str, Any]]

    def client(self, number: int, seed: int) -> Client:
        choose = random.Random(seed)

        def any_collector() -> str | None:
            return choose.choice(self.collectors).url()

        return Client(f"{seed}-{number}", self.created.write_key, any_collector, seed + number)

    def settled(self) -> None:
        """Returns when all that is acknowledged is in the store, whichever machine took it."""
        for web in self.webs:
            until(web.ready)
            query = {"report": "trends", "from": "2026-01-01", "to": "2026-01-01",
                     "interval": "day", "series": [{"name": "A", "measure": "total"}]}  # fmt: skip
            path = "/api/v1/projects/kills/query?consistent=1"
            post(f"{web.url()}{path}", self.created.api_token, query)

    def alert(self) -> None:
        """Make one that fires at once, and return when it has told; both servers look for it."""
        address = f"{self.webs[0].url()}/api/v1/projects/kills/alerts"
        post(address, self.created.api_token, {**_ALERT, "webhook": self.hook})
        until(lambda: bool(self.told))


def cluster_trial(folder: Path, kills: int, seed: int) -> ClusterOutcome:
    """So many kills, now of a collector, now of a web server; and one, in the middle, of the
    store."""
    choose = random.Random(seed)
    outcome = ClusterOutcome(kills)
    with _cluster(folder) as it:
        outcome.told = it.told
        clients = [it.client(number, seed) for number in range(_CLIENTS)]
        for client in clients:
            client.start()
        try:
            until(lambda: answered(clients) > 0)
            it.settled()
            it.alert()
            for number in range(kills):
                before = answered(clients)
                if number == kills // 2:
                    it.store.kill()
                    until(lambda: answered(clients) > before)  # noqa: B023 - into the journals
                    it.store.start()
                    outcome.kills_of_the_store += 1
                victim = choose.choice(it.collectors if choose.random() < 0.7 else it.webs)
                sleep(choose.uniform(0, 0.8))
                victim.kill()
                victim.start()
                until(lambda: answered(clients) > before)  # noqa: B023
                outcome.lives_with_answers += 1
            for client in clients:
                client.stop()
            for client in clients:
                client.send_again()
            it.settled()
            look(str(it.webs[0].url()), it.created.api_token, outcome)
        finally:
            for client in clients:
                client.stop()
    outcome.count(clients)
    return outcome


@contextmanager
def _cluster(folder: Path) -> Iterator[_Cluster]:
    metadata = f"sqlite:///{folder}/metadata.db"
    accounts = Accounts(metadata)
    created = accounts.create_project("kills")
    accounts.close()
    store = StandIn(folder / "clickhouse", "one").start()
    environment = {
        "FOOTFALL_STORE_URL": store.url(), "FOOTFALL_DATABASE_URL": metadata,
        "FOOTFALL_SECRET_KEY": "of both machines", "FOOTFALL_ALLOW_NETWORKS": "127.0.0.0/8",
    }  # fmt: skip
    machines = folder / "one", folder / "two"
    for data in machines:
        data.mkdir()
    collectors = [
        Server(machines[number // 2], f"collector-{number}", "ingest", environment)
        for number in range(3)
    ]
    webs = [Server(data, "web", "web", environment, _LOOK_SECONDS) for data in machines]
    servers = [*webs, *collectors]
    with _hook() as (url, told):
        for server in servers:
            server.start()
        try:
            yield _Cluster(store, collectors, webs, created, url, told)
        finally:
            for server in servers:
                server.kill()
            store.kill()


@contextmanager
def _hook() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The address of a webhook, and what it was told."""
    told: list[dict[str, Any]] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing is logged."""

    server = HTTPServer(("127.0.0.1", 0), Hook)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", told
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
