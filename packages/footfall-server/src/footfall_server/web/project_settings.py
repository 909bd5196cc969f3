"""A project's settings: its time zone, its keys and tokens, its people, what was done; new ones."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, cast

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from footfall_server.accounts.tokens import SCOPES, Scope
from footfall_server.model.errors import FootfallError, Forbidden, Unprocessable
from footfall_server.model.project import Project
from footfall_server.model.visitor import ROLES, Role
from footfall_server.web import forms
from footfall_server.web.forms import Form
from footfall_server.web.gate import visitor
from footfall_server.web.site import Served, Site, address

_Change = Callable[[Request, Project, Form], Awaitable[dict[str, str]]]


class SettingsPages(Site):
    """`/new` and `/p/{project}/settings`."""

    def routes(self) -> list[Served]:
        return [
            ("/new", self.new, ("GET", "POST")),
            ("/p/{project}/settings", self.settings, ("GET", "POST")),
        ]

    async def new(self, request: Request) -> Response:
        """Make a project; its key and token are in the answer, the token never again."""
        if not visitor(request).admin:
            raise Forbidden("ROLE_NEEDED", "Only administrators make projects.")
        values: dict[str, Any] = {**self.around(request), "name": "", "timezone": "UTC"}
        values["problem"] = ""
        if request.method == "POST":
            form = await forms.read(request)
            values |= {"name": form.text("name"), "timezone": form.text("timezone") or "UTC"}
            try:
                made = await run_in_threadpool(
                    self.services.accounts.create_project, values["name"], values["timezone"]
                )
            except FootfallError as error:
                values["problem"] = error.message
            else:
                await self.note(request, "project.create", made.project)
                values |= {"made": made, "setup": address(made.project, "setup")}
                page = self.templates.page("made.html", values)
                page.headers["cache-control"] = "no-store"
                return page
        return self.templates.page("new.html", values, 422 if values["problem"] else 200)

    async def settings(self, request: Request) -> Response:
        """Everything that an owner decides. What is secret is in the answer of its making only."""
        project = await self.project(request, "owner")
        shown, problem = dict[str, str](), ""
        if request.method == "POST":
            form = await forms.read(request)
            try:
                change = forms.chosen(form, self._changes())
                shown = await change(request, project, form)
            except FootfallError as error:
                problem = error.message
            else:
                if not shown:
                    return RedirectResponse(address(project, "settings"), 303)
        project = await self.project(request, "owner")
        values = {
            **await self.frame(request, project, "settings"),
            **await run_in_threadpool(self._content, project),
            "shown": shown,
            "problem": problem,
            "base": self.base_url(request),
            "roles": list(ROLES),
            "scopes": list(SCOPES),
        }
        page = self.templates.page("settings.html", values, 422 if problem else 200)
        page.headers["cache-control"] = "no-store"
        return page

    def _content(self, project: Project) -> dict[str, Any]:
        services = self.services
        return {
            "keys": services.accounts.write_keys(project),
            "tokens": services.tokens.all(project),
            "members": services.users.members(project),
            "invitations": services.users.invitations(project),
            "acts": services.audit.acts(project, 50),
        }

    def _changes(self) -> dict[str, _Change]:
        return {
            "timezone": self._timezone,
            "key.create": self._create_key,
            "key.revoke": self._revoke_key,
            "token.create": self._create_token,
            "token.revoke": self._revoke_token,
            "member.invite": self._invite,
            "member.role": self._role,
            "invitation.withdraw": self._withdraw,
        }

    async def _timezone(self, request: Request, project: Project, form: Form) -> dict[str, str]:
        zone = form.needed("timezone", "A time zone")
        await run_in_threadpool(self.services.accounts.set_timezone, project, zone)
        await self.note(request, "project.timezone", project, zone)
        return {}

    async def _create_key(self, request: Request, project: Project, form: Form) -> dict[str, str]:
        name = form.needed("name", "A name")
        key = await run_in_threadpool(
            self.services.accounts.add_write_key, project.name, None, name[:100]
        )
        await self.note(request, "key.create", project, name)
        return {"key": key}

    async def _revoke_key(self, request: Request, project: Project, form: Form) -> dict[str, str]:
        key = form.text("key")
        await run_in_threadpool(self.services.accounts.revoke_write_key, project, key)
        await self.note(request, "key.revoke", project, f"{key[:8]}…")
        return {}

    async def _create_token(self, request: Request, project: Project, form: Form) -> dict[str, str]:
        name, scope = form.needed("name", "A name"), cast(Scope, form.text("scope") or "read")
        secret = await run_in_threadpool(self.services.tokens.create, project, name, scope)
        await self.note(request, "token.create", project, f"{name} ({scope})")
        return {"token": secret}

    async def _revoke_token(self, request: Request, project: Project, form: Form) -> dict[str, str]:
        await run_in_threadpool(self.services.tokens.revoke, project, form.text("id"))
        await self.note(request, "token.revoke", project, form.text("id"))
        return {}

    async def _invite(self, request: Request, project: Project, form: Form) -> dict[str, str]:
        email = form.needed("email", "An e-mail address")
        role = cast(Role, form.text("role") or "viewer")
        secret = await run_in_threadpool(self.services.users.invite, project, email, role)
        await self.note(request, "member.invite", project, f"{email} ({role})")
        return {"invitation": f"{self.base_url(request)}/invite/{secret}"}

    async def _role(self, request: Request, project: Project, form: Form) -> dict[str, str]:
        number, role = form.text("user"), form.text("role")
        if not number.isdecimal() or role not in (*ROLES, "none"):
            raise Unprocessable("INVALID_ROLE", f"A role is one of {', '.join(ROLES)}.")
        given = None if role == "none" else cast(Role, role)
        await run_in_threadpool(self.services.users.set_role, project, int(number), given)
        await self.note(request, "member.role", project, f"{number}: {role}")
        return {}

    async def _withdraw(self, request: Request, project: Project, form: Form) -> dict[str, str]:
        await run_in_threadpool(self.services.users.withdraw, project, form.text("id"))
        await self.note(request, "invitation.withdraw", project, form.text("id"))
        return {}
