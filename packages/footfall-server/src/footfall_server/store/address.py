"""The address of ClickHouse: `clickhouse://user:password@host:8123/database?cluster=NAME&secure=1`."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from footfall_server.store.errors import StoreUnavailable
from footfall_server.store.layout import DATABASE

SCHEME = "clickhouse"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_CLUSTER = re.compile(r"[A-Za-z0-9_.\-]{1,64}")
_ASKED = ("cluster", "secure", "ca", "replicated", "quorum")
_WORDS = {"1": True, "true": True, "0": False, "false": False}


@dataclass(frozen=True, slots=True)
class Address:
    """`quorum`: how many replicas of a shard must have an insert before it counts: `auto`, the
    majority, or a number; 0 for one. `ca`: a file with the certificates to trust instead of the
    system's.
    """

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    database: str
    cluster: str | None
    secure: bool
    replicated: bool
    quorum: str
    ca: str | None

    def __str__(self) -> str:
        """For messages: without the password."""
        return f"{self.host}:{self.port}"


def read_address(url: str) -> Address:
    """Raises StoreUnavailable STORE_URL, whose message doesn't hold the URL."""
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname
    except ValueError:
        raise _wrong("its port is no number") from None
    asked = dict(parse_qsl(parts.query, keep_blank_values=True))
    if unknown := asked.keys() - set(_ASKED):
        raise _wrong(f"{min(unknown)!r} is none of {', '.join(_ASKED)}")
    if not host:
        raise _wrong("it names no host")
    database = unquote(parts.path.strip("/")) or DATABASE
    if not _NAME.fullmatch(database):
        raise _wrong("its database isn't a name of letters, digits and _")
    cluster = asked.get("cluster")
    if cluster is not None and not _CLUSTER.fullmatch(cluster):
        raise _wrong("its cluster isn't a name")
    quorum = asked.get("quorum", "auto")
    if quorum != "auto" and not quorum.isdigit():
        raise _wrong("its quorum is neither auto nor a number")
    secure = _flag(asked, "secure", default=False)
    ca = asked.get("ca")
    if ca is not None and not secure:
        raise _wrong("its ca is of no use without secure=1")
    if ca is not None and not (Path(ca).is_absolute() and Path(ca).is_file()):
        raise _wrong("its ca isn't the absolute path of a file")
    return Address(
        host=host,
        port=port or (8443 if secure else 8123),
        user=unquote(parts.username or "default"),
        password=unquote(parts.password or ""),
        database=database,
        cluster=cluster,
        secure=secure,
        replicated=_flag(asked, "replicated", default=True),
        quorum=quorum,
        ca=ca,
    )


def _flag(asked: dict[str, str], name: str, *, default: bool) -> bool:
    if name not in asked:
        return default
    if asked[name] not in _WORDS:
        raise _wrong(f"{name} is neither 0 nor 1")
    return _WORDS[asked[name]]


def _wrong(why: str) -> StoreUnavailable:
    return StoreUnavailable(
        "STORE_URL",
        f"The store's address can't be used, {why}; it is like "
        "clickhouse://user:password@host:8123/footfall?cluster=NAME&secure=1.",
    )
