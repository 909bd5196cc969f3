"""`/openid/start` and `/openid/callback`: signing in by a provider of OpenID Connect."""

from __future__ import annotations

import hmac
import re

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from footfall_server.model.errors import FootfallError, Forbidden, NotFound, Unavailable
from footfall_server.web import forms
from footfall_server.web.account import inside
from footfall_server.web.failure import new_id
from footfall_server.web.gate import is_https, signed_in
from footfall_server.web.openid_provider import Provider
from footfall_server.web.openid_state import AGE, Begun, Returned, begin, opened, sealed
from footfall_server.web.render import Templates
from footfall_server.web.services import Services
from footfall_server.web.site import Served, Site

log = structlog.get_logger(__name__)

COOKIE, PATH = "footfall_openid", "/openid"


class OpenIdPages(Site):
    """The way to the provider and back. Without one in the settings, there are no such pages."""

    def __init__(self, services: Services, templates: Templates) -> None:
        super().__init__(services, templates)
        settings = services.openid
        self._provider = Provider(settings, services.clock) if settings else None
        self._returned = Returned(services.clock)

    def routes(self) -> list[Served]:
        return [
            (f"{PATH}/start", self.start, ("GET",)),
            (f"{PATH}/callback", self.callback, ("GET",)),
        ]

    @property
    def provider(self) -> Provider:
        if self._provider is None:
            raise NotFound(
                "PAGE_NOT_FOUND", "This server has no OpenID Connect: sign in at /login."
            )
        return self._provider

    async def start(self, request: Request) -> Response:
        """To the provider, by a link of the sign-in page; other sites' links lead to that page.

        It is a link and not a form, since a form's redirects are bound by the pages' policy.
        """
        provider = self.provider
        if forms.is_foreign(request):
            return RedirectResponse("/login", 303)
        begun = begin(inside(request.query_params.get("next", "/")), self.services.clock())
        try:
            address = await provider.authorization(
                self._redirect_uri(request), begun.state, begun.nonce, begun.verifier
            )
        except FootfallError as error:
            return self._failed(request, error)
        response = RedirectResponse(address, 303)
        response.set_cookie(
            COOKIE,
            sealed(begun, self.services.secret),
            max_age=int(AGE.total_seconds()),
            path=PATH,
            httponly=True,
            samesite="lax",
            secure=is_https(self.services, request),
        )
        return _private(response)

    async def callback(self, request: Request) -> Response:
        """Back from the provider: a session for who may come in, a page that says why not else."""
        provider = self.provider
        try:
            response = await self._come_in(request, provider)
        except FootfallError as error:
            response = self._failed(request, error)
        response.delete_cookie(COOKIE, path=PATH)
        return _private(response)

    async def _come_in(self, request: Request, provider: Provider) -> Response:
        given = request.query_params
        begun = self._begun(request)
        await provider.check_sender(given.get("iss"))
        code = given.get("code")
        if "error" in given or not code:
            raise _refused(provider.settings.name, given.get("error", ""))
        found = await provider.identity(
            self._redirect_uri(request), code, begun.nonce, begun.verifier
        )
        user = await run_in_threadpool(self.services.users.admit, found.email, provider.settings)
        token = await run_in_threadpool(self.services.sessions.begin, user.id)
        with_ = f"with {provider.settings.name}"
        await run_in_threadpool(self.services.audit.note, user.email, "sign-in", None, with_)
        return signed_in(self.services, request, token, begun.following)

    def _begun(self, request: Request) -> Begun:
        """The sign-in that this browser began. Raises Forbidden OPENID_STATE."""
        begun = opened(request.cookies.get(COOKIE, ""), self.services.secret)
        state = request.query_params.get("state", "")
        if (
            begun is None
            or not hmac.compare_digest(begun.state.encode(), state.encode())
            or not self._returned.first_time(begun)
        ):
            raise Forbidden(
                "OPENID_STATE",
                "This sign-in was begun in another browser, took more than ten minutes, or is "
                "over already: begin again.",
            )
        return begun

    def _redirect_uri(self, request: Request) -> str:
        return f"{self.base_url(request)}{PATH}/callback"

    def _failed(self, request: Request, error: FootfallError) -> Response:
        """Why it didn't work; the address, which holds a code, is neither shown nor logged."""
        id = new_id()
        log.info("sign-in refused", id=id, code=error.code)
        values = {**self.around(request), "error": error, "id": id}
        response = self.templates.page("openid.html", values, error.status)
        if isinstance(error, Unavailable):
            response.headers["retry-after"] = str(error.retry_after)
        return _private(response)


def _refused(name: str, error: str) -> Forbidden:
    said = f" ({error})" if re.fullmatch(r"[a-z_]{1,40}", error) else ""
    return Forbidden("OPENID_REFUSED", f"{name} didn't sign you in{said}: begin again.")


def _private(response: Response) -> Response:
    """Addresses around signing in hold secrets: in no cache, and told to nobody."""
    response.headers["cache-control"] = "no-store"
    response.headers["referrer-policy"] = "no-referrer"
    return response
