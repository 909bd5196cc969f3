"""Who may see the pages: a signed-in browser, or, until there are users, the machine itself.

Addresses are looked at to tell loopback from the rest and are kept nowhere.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection, Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from footfall_server.model.visitor import MACHINE, Visitor
from footfall_server.web import forms
from footfall_server.web.render import Templates
from footfall_server.web.services import Services

COOKIE = "footfall_session"
SESSION_SECONDS = 14 * 86_400
_OPEN = ("/static/", "/sign-in/", "/login", "/openid/", "/invite/", "/public/", "/shared/")
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


def visitor(request: Request) -> Visitor:
    """Who the gate let in."""
    found: Visitor = request.scope["footfall.visitor"]
    return found


class Gate:
    """ASGI middleware around the pages. What a signed-out page is drawn with needs no session."""

    def __init__(self, app: ASGIApp, services: Services, templates: Templates) -> None:
        self._app = app
        self._services = services
        self._templates = templates

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        session = connection.cookies.get(COOKIE, "")
        found = await run_in_threadpool(self._visitor, session, connection)
        token = forms.token(self._services.secret, session or "this machine")
        if found is not None:
            inside = {**scope, "footfall.visitor": found, "footfall.form_token": token}
            await self._app(inside, receive, send)
        elif scope["path"].startswith(_OPEN):
            await self._app(scope, receive, send)
        else:
            await (await self._closed(Request(scope)))(scope, receive, send)

    def _visitor(self, session: str, connection: HTTPConnection) -> Visitor | None:
        if session and (found := self._services.sessions.visitor(session)) is not None:
            return found
        if is_local(connection) and not self._services.users.any():
            return MACHINE
        return None

    async def _closed(self, request: Request) -> Response:
        openid = self._services.openid
        first = openid is not None and openid.names_somebody
        if not first and not await run_in_threadpool(self._services.users.any):
            return closed(self._templates, "Sign in to see this page")
        wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        login = "/login" if wanted == "/" else f"/login?next={quote(wanted, safe='')}"
        if "hx-request" in request.headers:
            return Response(status_code=200, headers={"hx-redirect": login})
        return RedirectResponse(login, 303)


def closed(templates: Templates, title: str) -> Response:
    """The page for somebody who may not see the others."""
    response = templates.page("closed.html", {"title": title}, 401)
    response.headers["cache-control"] = "no-store"
    return response


def signed_in(services: Services, request: Request, token: str, to: str) -> Response:
    """Hand a session to the browser and send it on."""
    response = RedirectResponse(to, status_code=303)
    response.set_cookie(
        COOKIE,
        token,
        max_age=SESSION_SECONDS,
        httponly=True,
        samesite="lax",
        secure=is_https(services, request),
    )
    response.headers["cache-control"] = "no-store"
    response.headers["referrer-policy"] = "no-referrer"
    return response


def is_https(services: Services, request: Request) -> bool:
    """Whether browsers reach this server by https, so that cookies may say so."""
    return request.url.scheme == "https" or (services.base_url or "").startswith("https")


class SignIn:
    """Turns a one-time link into a session."""

    def __init__(self, services: Services, templates: Templates) -> None:
        self._services = services
        self._templates = templates

    async def sign_in(self, request: Request) -> Response:
        """Use the link up and go to the projects; a link that isn't good leads to the notice."""
        secret = request.path_params["secret"]
        token = await run_in_threadpool(self._services.sessions.use_link, secret)
        if token is None:
            return closed(self._templates, "This link has been used or is too old")
        return signed_in(self._services, request, token, "/")
