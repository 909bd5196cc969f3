"""Which addresses a destination may lead to, checked on saving and again at every connection.

A name is resolved once and the very address that was checked is connected to, so a name whose
answer changes in between (DNS rebinding) gains nothing.
"""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import httpcore2

from footfall_server.model.errors import Unprocessable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolve = Callable[[str, int], Sequence[str]]
"""From a host's name and a port to its addresses. Raises OSError."""

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def resolve(host: str, port: int) -> list[str]:
    """As the system does it."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]).partition("%")[0] for each in found))


def allowed_networks(environment: Mapping[str, str] = os.environ) -> tuple[Network, ...]:
    """`FOOTFALL_ALLOW_NETWORKS=10.0.0.0/8,…`. Raises Unprocessable INVALID_NETWORK."""
    text = environment.get("FOOTFALL_ALLOW_NETWORKS", "")
    try:
        return tuple(ipaddress.ip_network(each.strip()) for each in text.split(",") if each.strip())
    except ValueError as error:
        raise Unprocessable(
            "INVALID_NETWORK", f"FOOTFALL_ALLOW_NETWORKS isn't a list of networks: {error}."
        ) from None


class Guard(httpcore2.NetworkBackend):
    """Connects to public addresses, and to those that the operator allows."""

    def __init__(self, allowed: Iterable[Network], resolve: Resolve = resolve) -> None:
        self._allowed = tuple(allowed)
        self._resolve = resolve
        self._backend = httpcore2.SyncBackend()

    def check(self, url: str, path: str = "/url") -> None:
        """Raises Unprocessable INVALID_URL, UNRESOLVED_HOST, FORBIDDEN_ADDRESS."""
        host, port = parts(url, path)
        try:
            self.addresses(host, port)
        except OSError as error:
            raise Unprocessable(
                "UNRESOLVED_HOST",
                f"{host!r} can't be resolved ({error}): check the URL.",
                path=path,
            ) from None
        except ForbiddenAddress as error:
            raise Unprocessable("FORBIDDEN_ADDRESS", str(error), path=path) from None

    def addresses(self, host: str, port: int) -> list[str]:
        """Where a host is. Raises ForbiddenAddress if any of it may not be reached, OSError."""
        found = list(self._resolve(host.strip("[]"), port))
        for each in found:
            if not self.permits(ipaddress.ip_address(each)):
                raise ForbiddenAddress(
                    f"{host} leads into a private network ({each}): the operator can allow that "
                    "with FOOTFALL_ALLOW_NETWORKS."
                )
        if not found:
            raise OSError("no address")
        return found

    def permits(self, address: Address) -> bool:
        """Public, or inside a network that is allowed. What IPv6 wraps is looked at unwrapped."""
        wrapped = _wrapped(address)
        if wrapped is not None:
            return self.permits(wrapped)
        if any(address in each for each in self._allowed if each.version == address.version):
            return True
        return address.is_global and not address.is_multicast and not address.is_reserved

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        """To the address that has just been checked. Names in TLS and `Host` stay as they are."""
        try:
            address = self.addresses(host, port)[0]
        except (OSError, ForbiddenAddress) as error:
            raise httpcore2.ConnectError(str(error)) from error
        return self._backend.connect_tcp(address, port, timeout, local_address, socket_options)


class ForbiddenAddress(Exception):
    """The address lies where destinations may not lead."""


def parts(url: str, path: str = "/url") -> tuple[str, int]:
    """The host and port of an http(s) URL. Raises Unprocessable INVALID_URL."""
    try:
        split = urlsplit(url)
        host, port = split.hostname, split.port or (443 if split.scheme == "https" else 80)
    except ValueError:
        host, port, split = None, 0, urlsplit("")
    if split.scheme not in ("http", "https") or not host or split.username is not None:
        raise Unprocessable(
            "INVALID_URL",
            "The URL is http:// or https://, with a host and without a user name.",
            path=path,
        )
    return host, port


def _wrapped(address: Address) -> Address | None:
    """The IPv4 address inside an IPv6 one (mapped, 6to4, Teredo, NAT64)."""
    if not isinstance(address, ipaddress.IPv6Address):
        return None
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return None
