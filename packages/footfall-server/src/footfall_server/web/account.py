"""Signing in and out, the first account, invitations, one's own account, everybody's accounts."""

from __future__ import annotations

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from footfall_server.model.errors import FootfallError, Forbidden, TooMany
from footfall_server.web import forms
from footfall_server.web.gate import COOKIE, signed_in, visitor
from footfall_server.web.render import Templates
from footfall_server.web.services import Services
from footfall_server.web.site import Served, Site
from footfall_server.web.throttle import Throttle

WRONG = "The e-mail address or the password is wrong."


class AccountPages(Site):
    """`/login`, `/logout`, `/first`, `/invite/…`, `/account`, `/users`."""

    def __init__(self, services: Services, templates: Templates) -> None:
        super().__init__(services, templates)
        self._throttle = Throttle(services.clock)

    def routes(self) -> list[Served]:
        return [
            ("/login", self.login, ("GET", "POST")),
            ("/logout", self.logout, ("POST",)),
            ("/first", self.first, ("GET", "POST")),
            ("/invite/{secret}", self.invite, ("GET", "POST")),
            ("/account", self.account, ("GET", "POST")),
            ("/users", self.users, ("GET", "POST")),
        ]

    async def login(self, request: Request) -> Response:
        """A form; with the right password, a session."""
        following = inside(request.query_params.get("next", "/"))
        if request.method == "GET":
            openid = self.services.openid
            somebody = await run_in_threadpool(self.services.users.any)
            if not somebody and not (openid and openid.names_somebody):
                return RedirectResponse("/first", 303)
            return self._login_page(request, following)
        form = await forms.read_open(request)
        self._check_passwords()
        email, password = form.text("email").lower(), form.get("password", "")
        try:
            self._throttle.check(email)
        except TooMany as error:
            page = self._login_page(request, following, email, error.message, 429)
            page.headers["retry-after"] = str(error.retry_after)
            return page
        found = await run_in_threadpool(self.services.users.check, email, password)
        if found is None:
            self._throttle.failed(email)
            return self._login_page(request, following, email, WRONG, 401)
        self._throttle.succeeded(email)
        token = await run_in_threadpool(self.services.sessions.begin, found.id)
        await run_in_threadpool(self.services.audit.note, found.email, "sign-in", None)
        return signed_in(self.services, request, token, following)

    def _login_page(
        self,
        request: Request,
        following: str,
        email: str = "",
        problem: str = "",
        status: int = 200,
    ) -> Response:
        values = {**self._around(request), "next": following, "email": email, "problem": problem}
        return _secret(self.templates.page("login.html", values, status))

    def _around(self, request: Request) -> dict[str, Any]:
        return {**self.around(request), "openid": self.services.openid}

    def _check_passwords(self) -> None:
        """Raises Forbidden PASSWORDS_OFF."""
        openid = self.services.openid
        if openid is not None and openid.only:
            raise Forbidden("PASSWORDS_OFF", f"Here one signs in with {openid.name} only.")

    async def logout(self, request: Request) -> Response:
        await forms.read(request)
        await run_in_threadpool(self.services.sessions.end, request.cookies.get(COOKIE, ""))
        response = RedirectResponse("/login", 303)
        response.delete_cookie(COOKIE)
        return response

    async def first(self, request: Request) -> Response:
        """The first account, made by who is at the machine or has its command line."""
        if await run_in_threadpool(self.services.users.any):
            return RedirectResponse("/", 303)
        if not visitor(request).admin:
            raise Forbidden("ROLE_NEEDED", "Only the machine itself makes the first account.")
        problem, email = "", ""
        if request.method == "POST":
            form = await forms.read(request)
            email = form.text("email")
            try:
                made = await run_in_threadpool(
                    self.services.users.create_first, email, form.get("password", "")
                )
            except FootfallError as error:
                problem = error.message
            else:
                await run_in_threadpool(self.services.audit.note, made.email, "user.first", None)
                token = await run_in_threadpool(self.services.sessions.begin, made.id)
                return signed_in(self.services, request, token, "/")
        values = {**self.around(request), "email": email, "problem": problem}
        return _secret(self.templates.page("first.html", values, 422 if problem else 200))

    async def invite(self, request: Request) -> Response:
        """Accept an invitation: a new account, or the role for one that is there."""
        secret = request.path_params["secret"]
        invitation, known = await run_in_threadpool(self.services.users.invitation, secret)
        problem = ""
        if request.method == "POST":
            form = await forms.read_open(request)
            self._check_passwords()
            try:
                self._throttle.check(invitation.email)
                user = await run_in_threadpool(
                    self.services.users.accept, secret, form.get("password", "")
                )
            except FootfallError as error:
                if error.code == "WRONG_PASSWORD":
                    self._throttle.failed(invitation.email)
                problem = error.message
            else:
                token = await run_in_threadpool(self.services.sessions.begin, user.id)
                return signed_in(self.services, request, token, "/")
        values = {**self._around(request), "invitation": invitation, "known": known}
        values["problem"] = problem
        return _secret(self.templates.page("invite.html", values, 422 if problem else 200))

    async def account(self, request: Request) -> Response:
        """Change one's own password, which ends all sessions."""
        who = visitor(request)
        values: dict[str, Any] = {**self._around(request), "problem": "", "saved": False}
        values["has_password"] = who.user is not None and await run_in_threadpool(
            self.services.users.has_password, who.user
        )
        if request.method == "POST":
            form = await forms.read(request)
            self._check_passwords()
            if who.user is None:
                raise Forbidden("NO_ACCOUNT", "This session belongs to no account.")
            self._throttle.check(who.name)
            if not await run_in_threadpool(
                self.services.users.check, who.name, form.get("current", "")
            ):
                self._throttle.failed(who.name)
                values["problem"] = "This isn't your present password."
            else:
                try:
                    await run_in_threadpool(
                        self.services.users.set_password, who.user, form.get("password", "")
                    )
                except FootfallError as error:
                    values["problem"] = error.message
                else:
                    await self.note(request, "password.change", None)
                    token = await run_in_threadpool(self.services.sessions.begin, who.user)
                    return signed_in(self.services, request, token, "/account?saved=1")
        values["saved"] = "saved" in request.query_params and not values["problem"]
        return _secret(
            self.templates.page("account.html", values, 422 if values["problem"] else 200)
        )

    async def users(self, request: Request) -> Response:
        """Everybody with an account, for administrators."""
        who = visitor(request)
        if not who.admin:
            raise Forbidden("ROLE_NEEDED", "This page is for administrators.")
        problem = ""
        if request.method == "POST":
            form = await forms.read(request)
            try:
                await self._change_users(request, form)
            except FootfallError as error:
                problem = error.message
            else:
                return RedirectResponse("/users", 303)
        everybody = await run_in_threadpool(self.services.users.all)
        acts = await run_in_threadpool(self.services.audit.acts, None)
        values = {**self.around(request), "users": everybody, "acts": acts, "problem": problem}
        values["now"] = self.services.clock()
        return self.templates.page("users.html", values, 422 if problem else 200)

    async def _change_users(self, request: Request, form: forms.Form) -> None:
        users = self.services.users
        if form.text("do") == "create":
            email = form.needed("email", "An e-mail address")
            await run_in_threadpool(
                users.create, email, form.get("password", ""), admin=form.text("admin") == "1"
            )
            await self.note(request, "user.create", None, email)
            return
        number = form.text("user")
        user = int(number) if number.isdecimal() else 0
        if form.text("do") in ("disable", "enable"):
            await run_in_threadpool(users.disable, user, form.text("do") == "disable")
            await self.note(request, f"user.{form.text('do')}", None, number)


def inside(address: str) -> str:
    """Where to go next: an address of this server, whatever somebody put into the link."""
    plain = address.replace("\\", "/")
    good = plain.startswith("/") and not plain.startswith("//") and plain.isprintable()
    return address if good else "/"


def _secret(page: Response) -> Response:
    """Pages around passwords stay out of every cache."""
    page.headers["cache-control"] = "no-store"
    return page
