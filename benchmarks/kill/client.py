"""Clients that send until they are answered, and sometimes again although they were."""

from __future__ import annotations

import json
import random
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

BATCH = 10
_PAUSE = 0.02


def send(url: str, batch: list[dict[str, Any]], key: str, sent_at: datetime) -> bool:
    """Whether the batch was acknowledged."""
    body = {"writeKey": key, "batch": batch, "sentAt": sent_at.isoformat()}
    request = urllib.request.Request(f"{url}/v1/batch", json.dumps(body).encode())
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return bool(answer.status == 200 and json.loads(answer.read())["success"])
    except (OSError, ValueError, KeyError, EOFError):
        return False
    except Exception:  # half an answer: http.client has many ways to say so
        return False


class Client(threading.Thread):
    """Sends batches of 10 until `stop`. `acknowledged` and `attempted` are message ids."""

    def __init__(self, name: str, key: str, url: Callable[[], str | None], seed: int) -> None:
        super().__init__(daemon=True)
        self._key, self._url, self._random = key, url, random.Random(seed)
        self._prefix = name
        self._stopped = threading.Event()
        self.attempted: set[str] = set()
        self.acknowledged: set[str] = set()
        self.again: list[list[dict[str, Any]]] = []
        """To be sent hours later: some were never answered, some were."""

    def stop(self) -> None:
        self._stopped.set()
        self.join()

    def run(self) -> None:
        number = 0
        while not self._stopped.is_set():
            batch = self._batch(number)
            number += 1
            self.attempted.update(each["messageId"] for each in batch)
            patience = self._random.choice([1, 3, 1_000_000])
            while not self._stopped.is_set():
                url = self._url()
                if url is not None and send(url, batch, self._key, datetime.now(UTC)):
                    self.acknowledged.update(each["messageId"] for each in batch)
                    if self._random.random() < 0.02:
                        self.again.append(batch)
                    break
                if url is not None:
                    patience -= 1
                if not patience:
                    self.again.append(batch)  # given up for now, as a client with a spool does
                    break
                time.sleep(_PAUSE)
            time.sleep(_PAUSE)

    def send_again(self) -> None:
        """What was put aside, as a later process with a later clock sends it. Acknowledged then."""
        for batch in self.again:
            later = datetime.now(UTC) + timedelta(hours=self._random.uniform(-5, 5))
            for _ in range(200):
                url = self._url()
                if url is not None and send(url, batch, self._key, later):
                    self.acknowledged.update(each["messageId"] for each in batch)
                    break
                time.sleep(0.05)

    def _batch(self, number: int) -> list[dict[str, Any]]:
        now = datetime.now(UTC)
        return [
            {
                "type": "track",
                "event": self._random.choice(["fit", "predict", "plot"]),
                "userId": f"install-{self._random.randrange(50)}",
                "messageId": f"{self._prefix}-{number}-{place}",
                "timestamp": now.isoformat(),
                "properties": {"run_time": self._random.random()},
            }
            for place in range(BATCH)
        ]


def get(url: str, token: str) -> Any:
    """The JSON at an address of the API."""
    return _call(urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"}))


def post(url: str, token: str, body: Any) -> Any:
    """The JSON that the API answers."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    return _call(urllib.request.Request(url, json.dumps(body).encode(), headers))


def _call(request: urllib.request.Request) -> Any:
    for _ in range(3):
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            error.close()  # not yet visible: it has waited already
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.loads(answer.read())
