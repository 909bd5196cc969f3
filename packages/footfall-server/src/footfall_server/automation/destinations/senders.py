"""One sender a type: takes a batch and returns when the other side has it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

import msgspec

from footfall_server.automation.destinations import document, events, parquet
from footfall_server.automation.destinations.document import Destination
from footfall_server.automation.destinations.guard import Guard
from footfall_server.automation.destinations.http import Http
from footfall_server.automation.destinations.outcome import Undelivered
from footfall_server.model.event import EPOCH, Event
from footfall_server.model.project import Project

_JSON = {"Content-Type": "application/json", "User-Agent": "Footfall"}
Seconds = Callable[[], float]
"""The time, in seconds since 1970."""


class Sender(Protocol):
    """`most` events at a time, gathered for at most `gather_seconds`."""

    most: int
    gather_seconds: float

    def send(self, batch: Sequence[Event], token: str) -> None:
        """Raises Undelivered or Refused. The same token is the same batch again."""

    def close(self) -> None: ...


@dataclass(slots=True)
class _Client:
    """A client of somebody's HTTP API."""

    destination: Destination
    http: Http
    clock: Seconds
    most: int = field(default=500, kw_only=True)
    gather_seconds: float = field(default=0.0, kw_only=True)

    def close(self) -> None:
        self.http.close()


@dataclass(slots=True)
class Webhook(_Client):
    """POST of `{"project", "events"}`, signed: HMAC-SHA256 of `timestamp.body` by the secret."""

    project: Project

    def send(self, batch: Sequence[Event], token: str) -> None:
        body = msgspec.json.encode(
            {"project": self.project.name, "events": [events.row(each) for each in batch]}
        )
        moment = str(int(self.clock()))
        signature = sign(self.destination.secret or "", moment, body)
        headers = {
            **_JSON,
            "Footfall-Timestamp": moment,
            "Footfall-Signature": f"v1={signature}",
            "Footfall-Delivery": token,
        }
        self.http.send("POST", self.destination.url, headers, body)


@dataclass(slots=True)
class Segment(_Client):
    """Segment's `/v1/batch`, with the write key as its clients send it."""

    def send(self, batch: Sequence[Event], token: str) -> None:
        body = {
            "batch": [events.segment(each) for each in batch],
            "sentAt": _iso(self.clock()),
        }
        key = base64.b64encode(f"{self.destination.secret}:".encode()).decode()
        url = f"{self.destination.url.rstrip('/').removesuffix('/v1/batch')}/v1/batch"
        headers = {**_JSON, "Authorization": f"Basic {key}"}
        self.http.send("POST", url, headers, msgspec.json.encode(body))


@dataclass(slots=True)
class PostHog(_Client):
    """PostHog's `/batch/`."""

    def send(self, batch: Sequence[Event], token: str) -> None:
        body = {
            "api_key": self.destination.secret,
            "batch": [events.posthog(each) for each in batch],
            "sent_at": _iso(self.clock()),
        }
        url = f"{self.destination.url.rstrip('/').removesuffix('/batch')}/batch/"
        self.http.send("POST", url, _JSON, msgspec.json.encode(body))


@dataclass(slots=True)
class Files:
    """Parquet files in a folder, each there whole or not at all."""

    folder: Path
    most: int = 50_000
    gather_seconds: float = 30.0

    def send(self, batch: Sequence[Event], token: str) -> None:
        path = self.folder / parquet.name(batch, token)
        unfinished = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                with unfinished.open("wb") as file:
                    file.write(parquet.encode(batch))
                    file.flush()
                    os.fsync(file.fileno())
                unfinished.replace(path)
            finally:
                with suppress(FileNotFoundError):
                    unfinished.unlink()
            descriptor = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise Undelivered(f"{self.folder} can't be written: {error.strerror}") from error

    def close(self) -> None:
        """Nothing is open."""


@dataclass(slots=True)
class Bucket:
    """Parquet objects in an S3-compatible bucket; requests are signed by AWS's own library."""

    destination: Destination
    http: Http
    most: int = 50_000
    gather_seconds: float = 30.0

    def send(self, batch: Sequence[Event], token: str) -> None:
        from botocore.auth import S3SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials

        base, prefix = document.bucket(self.destination)
        key = "/".join(each for each in (prefix.strip("/"), parquet.name(batch, token)) if each)
        body = parquet.encode(batch)
        request = AWSRequest("PUT", f"{base}/{quote(key)}", data=body)
        request.context["client_config"] = None
        request.headers["Content-Type"] = "application/vnd.apache.parquet"
        request.headers["X-Amz-Content-SHA256"] = hashlib.sha256(body).hexdigest()
        credentials = Credentials(self.destination.access_key, self.destination.secret)
        S3SigV4Auth(credentials, "s3", self.destination.region).add_auth(request)
        self.http.send("PUT", request.url, dict(request.headers.items()), body)

    def close(self) -> None:
        self.http.close()


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """What a receiver computes too, and compares."""
    signed = timestamp.encode() + b"." + body
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def sender(
    destination: Destination, project: Project, guard: Guard, files: Path, clock: Seconds
) -> Sender:
    """The sender of a destination's type. Below the folder `files` files may be written."""
    match destination.type:
        case "webhook":
            return Webhook(destination, Http(guard), clock, project)
        case "segment":
            return Segment(destination, Http(guard), clock)
        case "posthog":
            return PostHog(destination, Http(guard), clock)
        case "files":
            return Files(files / document.folder(destination.url))
        case "s3":
            return Bucket(destination, Http(guard))


def _iso(seconds: float) -> str:
    return events.iso(EPOCH.fromtimestamp(seconds, tz=EPOCH.tzinfo))
