"""Who may see the pages: a signed-in browser, or, until there are users, the machine itself.

Addresses are looked at to tell loopback from the rest and are kept nowhere.
"""

from __future__ import annotations

import ipaddress

from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection, Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from footfall_server.web.render import Templates
from footfall_server.web.services import Services

COOKIE = "footfall_session"
SESSION_SECONDS = 14 * 86_400
_OPEN = ("/static/", "/sign-in/")
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
    """ASGI middleware around the pages. What a signed-out page is drawn with needs no session."""

    def __init__(self, app: ASGIApp, services: Services, templates: Templates) -> None:
        self._app = app
        self._services = services
        self._templates = templates

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(_OPEN):
            await self._app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        token = connection.cookies.get(COOKIE)
        if token and await self._is_session(token):
            await self._app({**scope, "footfall.signed_in": True}, receive, send)
        elif is_local(connection):
            await self._app(scope, receive, send)
        else:
            await closed(self._templates, "Sign in to see this page")(scope, receive, send)

    async def _is_session(self, token: str) -> bool:
        return await run_in_threadpool(self._services.accounts.is_session, token)


def closed(templates: Templates, title: str) -> Response:
    """The page for somebody who may not see the others."""
    response = templates.page("closed.html", {"title": title}, 401)
    response.headers["cache-control"] = "no-store"
    return response


class SignIn:
    """Turns a one-time link into a session."""

    def __init__(self, services: Services, templates: Templates) -> None:
        self._services = services
        self._templates = templates

    async def sign_in(self, request: Request) -> Response:
        """Use the link up and go to the projects; a link that isn't good leads to the notice."""
        secret = request.path_params["secret"]
        token = await run_in_threadpool(self._services.accounts.sign_in, secret)
        if token is None:
            return closed(self._templates, "This link has been used or is too old")
        response = RedirectResponse("/", status_code=303)
        https = request.url.scheme == "https" or (self._services.base_url or "").startswith("https")
        response.set_cookie(
            COOKIE,
            token,
            max_age=int(SESSION_SECONDS),
            httponly=True,
            samesite="lax",
            secure=https,
        )
        response.headers["cache-control"] = "no-store"
        response.headers["referrer-policy"] = "no-referrer"
        return response
