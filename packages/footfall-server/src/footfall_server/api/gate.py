"""Who may see the pages: a signed-in browser, or, until there are users, the machine itself.

Addresses are looked at to tell loopback from the rest and are kept nowhere.
"""

from __future__ import annotations

import ipaddress

from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from footfall_server.accounts.accounts import SESSION_AGE
from footfall_server.services import Services

COOKIE = "footfall_session"
_LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip", "x-forwarded-host", "via")


def is_local(connection: HTTPConnection) -> bool:
    """From this machine and meant for it: not through a proxy, not by another name.

    A page of another site can make a browser here send requests to a name of its own that leads
    to this machine; so the name in `Host` must be the machine's own.
    """
    if connection.client is None or any(name in connection.headers for name in _FORWARDED):
        return False
    host = connection.headers.get("host", "").rpartition(":")
    name = host[0] if host[0] and host[2].isdigit() else connection.headers.get("host", "")
    try:
        loopback = ipaddress.ip_address(connection.client.host).is_loopback
    except ValueError:
        return False
    return loopback and name.lower() in _LOCAL_NAMES


class Gate:
    """ASGI middleware around the pages. Static files and the sign-in itself need no session."""

    def __init__(self, app: ASGIApp, services: Services) -> None:
        self._app = app
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/static/"):
            await self._app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        token = connection.cookies.get(COOKIE)
        if is_local(connection) or (
            token and await run_in_threadpool(self._services.accounts.is_session, token)
        ):
            await self._app(scope, receive, send)
            return
        await _closed(scope, receive, send)


_CLOSED = HTMLResponse(
    "<!doctype html><html lang=en><meta charset=utf-8><title>Sign in, Footfall</title>"
    "<h1>Sign in to see this page</h1>"
    "<p>Pages are open to the machine that runs Footfall. From elsewhere, open a sign-in link: "
    "<code>footfall-server sign-in-link</code> prints one that works once.</p></html>",
    status_code=401,
    headers={
        "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
    },
)


async def _closed(scope: Scope, receive: Receive, send: Send) -> None:
    await _CLOSED(scope, receive, send)


class SignIn:
    """Turns a one-time link into a session."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def routes(self) -> list[Route]:
        return [Route("/sign-in/{secret}", self.sign_in, methods=["GET"])]

    async def sign_in(self, request: Request) -> Response:
        """Use the link up and go to the projects; a link that isn't good leads to the notice."""
        secret = request.path_params["secret"]
        token = await run_in_threadpool(self._services.accounts.sign_in, secret)
        if token is None:
            return HTMLResponse(
                "<!doctype html><html lang=en><meta charset=utf-8><title>Sign in, Footfall</title>"
                "<h1>This link has been used or is too old</h1>"
                "<p><code>footfall-server sign-in-link</code> prints a new one.</p></html>",
                status_code=401,
                headers={"cache-control": "no-store"},
            )
        response = RedirectResponse("/", status_code=303)
        response.set_cookie(
            COOKIE,
            token,
            max_age=int(SESSION_AGE.total_seconds()),
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https" or self._services.base_url.startswith("https:"),
        )
        response.headers["cache-control"] = "no-store"
        response.headers["referrer-policy"] = "no-referrer"
        return response
