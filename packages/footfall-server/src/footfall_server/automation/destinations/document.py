"""What a destination may say. Its secret is written and never read back."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from footfall_server.automation.destinations.guard import Guard, allowed_networks
from footfall_server.insights.parse import check_filters
from footfall_server.insights.queries import Filter
from footfall_server.model.errors import Unprocessable

KIND = "destinations"
Text = Annotated[str, Meta(max_length=2_000)]
Secret = Annotated[str, Meta(min_length=1, max_length=500)]

_NEEDS_SECRET = {
    "webhook": "the secret that signs its requests",
    "segment": "the write key",
    "posthog": "the project's API key",
    "s3": "the secret access key",
}


class Destination(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`secret`: signing secret, write key, API key or secret access key, by type.

    `url`: http(s) for webhook, segment, posthog; `https://endpoint/bucket/prefix` or
    `s3://bucket/prefix` for s3; `file:FOLDER`, below the server's folder for files, for files.
    """

    name: Annotated[str, Meta(max_length=200)]
    type: Literal["webhook", "segment", "posthog", "files", "s3"]
    url: Text
    filters: tuple[Filter, ...] = ()
    enabled: bool = True
    secret: Secret | None = None
    access_key: Secret | None = None
    region: Annotated[str, Meta(pattern="^[a-z0-9-]{1,40}$")] = "us-east-1"


SECRETS = ("secret",)
"""Fields that a reader doesn't get, and that stay when they aren't given anew."""


def check(destination: Destination) -> None:
    """Raises Unprocessable INVALID_URL, UNRESOLVED_HOST, FORBIDDEN_ADDRESS, MISSING_SECRET, and
    what is wrong with its filters."""
    check_filters(list(destination.filters), "/filters")
    if destination.type == "files":
        folder(destination.url)
    elif destination.type == "s3":
        Guard(allowed_networks()).check(bucket(destination)[0])
    else:
        Guard(allowed_networks()).check(destination.url)
    if destination.secret is None and destination.type in _NEEDS_SECRET:
        raise Unprocessable(
            "MISSING_SECRET",
            f"A {destination.type} destination needs {_NEEDS_SECRET[destination.type]}.",
            path="/secret",
        )
    if destination.type == "s3" and destination.access_key is None:
        raise Unprocessable(
            "MISSING_SECRET", "An s3 destination needs access_key.", path="/access_key"
        )


def shown(body: dict[str, Any]) -> dict[str, Any]:
    """The body without its secret; `secret_set` says whether there is one."""
    kept = {name: value for name, value in body.items() if name not in SECRETS}
    return {**kept, "secret_set": body.get("secret") is not None}


def folder(url: str) -> PurePosixPath:
    """The folder of a `file:` URL, relative. Raises Unprocessable INVALID_URL."""
    split = urlsplit(url)
    path = PurePosixPath(split.path)
    bad = split.scheme != "file" or split.netloc or path.is_absolute() or "\0" in url
    if bad or not path.parts or ".." in path.parts:
        raise Unprocessable(
            "INVALID_URL",
            "The URL is file:FOLDER: a folder below the server's own for files "
            "(FOOTFALL_FILES, else `files` in its data directory).",
            path="/url",
        )
    return path


def bucket(destination: Destination) -> tuple[str, str]:
    """A bucket's address (path style) and the prefix in it. Raises Unprocessable INVALID_URL."""
    split = urlsplit(destination.url)
    if split.scheme == "s3":
        base, path = f"https://s3.{destination.region}.amazonaws.com", f"{split.netloc}{split.path}"
    else:
        base, path = f"{split.scheme}://{split.netloc}", split.path
    name, _, prefix = path.strip("/").partition("/")
    if not name or split.query or split.fragment:
        raise Unprocessable(
            "INVALID_URL", "The URL is s3://bucket/prefix or https://endpoint/bucket/prefix.",
            path="/url",
        )  # fmt: skip
    return f"{base}/{name}", prefix
