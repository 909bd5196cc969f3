"""`/public/{project}`: what a library collects, for anybody to read; off until switched on."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from footfall_server.insights import Result, picture
from footfall_server.insights.chart import vegalite
from footfall_server.model.errors import NotFound, Unprocessable
from footfall_server.model.project import Project
from footfall_server.policies import MANIFEST, privacy_of
from footfall_server.privacy import anonymity
from footfall_server.privacy.figures import Figures
from footfall_server.web import charts, formats, forms
from footfall_server.web.charts import Chart, Line
from footfall_server.web.render import Templates
from footfall_server.web.services import Services
from footfall_server.web.site import Served, Site, address

PUBLIC = "public"
OFF = {"on": False, "k": anonymity.K, "contact": ""}
CACHED = "public, max-age=3600"
GROUPS = {
    "version": "Library version",
    "python_version": "Python version",
    "os_type": "Operating system",
    "runtime_environment": "Where it runs",
}
NEVER = (
    ("Your data, arguments or results", "only the values that are listed here leave a call"),
    ("Names", "of users, hosts, files, projects or packages"),
    ("Network addresses", "never read into an event, a log or a file"),
    ("Messages and tracebacks", "of an exception, its type alone"),
    ("Location", "not even the country"),
)


class PublicPages(Site):
    """The public page with its files, and the page on which an owner switches it on."""

    def __init__(self, services: Services, templates: Templates) -> None:
        super().__init__(services, templates)
        self._figures = Figures(services.insights, services.documents)
        self._pictures: dict[tuple[int, str], bytes] = {}

    def routes(self) -> list[Served]:
        return [
            ("/public/{project}", self.page, ("GET",)),
            ("/public/{project}/figures.json", self.json, ("GET",)),
            ("/public/{project}/badge.svg", self.badge, ("GET",)),
            ("/public/{project}/installs.svg", self.picture, ("GET",)),
            ("/p/{project}/public", self.settings, ("GET", "POST")),
        ]

    async def page(self, request: Request) -> Response:
        """What is collected and never is, the figures, how to stop it and to have it erased."""
        project, told = await self._told(request)
        values = {
            **self.around(request),
            **told,
            "now": self.services.clock(),
            "groups": GROUPS,
            "never": NEVER,
            "chart": chart(told["months"]) if told["months"] else None,
            "endpoint": self.base_url(request),
            "here": f"/public/{quote(project.name, safe='')}",
        }
        response = self.templates.page("public.html", values)
        response.headers["cache-control"] = CACHED
        return response

    async def json(self, request: Request) -> Response:
        """The same for programs."""
        project, told = await self._told(request)
        body = {
            "project": project.name,
            "k": told["public"]["k"],
            "rounding": "Counts of installs are rounded down to a multiple of k; numbers of calls "
            "to two significant digits. Groups of fewer than k installs are hidden, and others "
            "with them where subtraction would tell their size.",
            "excluded": "CI; installs that opted out.",
            "months": told["months"],
            "collected": told["manifest"],
            "retention_days": told["days"],
        }
        return Response(
            msgspec.json.encode(body),
            media_type="application/json",
            headers={"cache-control": CACHED, "access-control-allow-origin": "*"},
        )

    async def badge(self, request: Request) -> Response:
        """Active installs of the last month, for a README."""
        _, told = await self._told(request)
        latest = told["months"][-1]["installs"] if told["months"] else None
        value = "too few to tell" if latest is None else f"{formats.short(latest)}+ a month"
        svg = self.templates.environment.get_template("badge.svg").render(
            label="active installs", value=value, left=92, right=8 + 7 * len(value)
        )
        return _image(svg.encode())

    async def picture(self, request: Request) -> Response:
        """Active installs by month, drawn here."""
        project, told = await self._told(request)
        if not told["months"]:
            raise NotFound("NO_FIGURES", "There are no figures yet.")
        key = (project.id, told["months"][-1]["month"])
        if key not in self._pictures:
            drawn = chart(told["months"])
            spec = picture.standalone(dict(drawn.spec), drawn.title, project.name)
            self._pictures[key] = await asyncio.to_thread(picture.draw, spec, "svg")
        return _image(self._pictures[key])

    async def settings(self, request: Request) -> Response:
        """Switch it on or off; an owner's."""
        project = await self.project(request, "owner")
        problem = ""
        if request.method == "POST":
            form = await forms.read(request)
            try:
                body = _settings(form)
            except Unprocessable as error:
                problem = error.message
            else:
                await run_in_threadpool(self.services.documents.put_only, project, PUBLIC, body)
                await self.note(request, "public.on" if body["on"] else "public.off", project)
                return RedirectResponse(address(project, "public"), 303)
        saved = await run_in_threadpool(self.services.documents.only, project, PUBLIC)
        manifest = await run_in_threadpool(self.services.documents.only, project, MANIFEST)
        values = await self.frame(request, project, "public")
        values |= {
            "public": {**OFF, **(saved or {})},
            "has_manifest": manifest is not None,
            "link": f"{self.base_url(request)}/public/{quote(project.name, safe='')}",
            "problem": problem,
        }
        return self.templates.page("public_settings.html", values, 422 if problem else 200)

    async def _told(self, request: Request) -> tuple[Project, dict[str, Any]]:
        """A project whose page is on, and all that it tells. Raises NotFound NOT_PUBLIC."""
        unseen = NotFound("NOT_PUBLIC", "There is no public page here.")
        try:
            project = await run_in_threadpool(
                self.services.accounts.project, request.path_params["project"]
            )
        except NotFound:
            raise unseen from None
        documents = self.services.documents
        switched = await run_in_threadpool(documents.only, project, PUBLIC)
        public = {**OFF, **(switched or {})}
        if not public["on"]:
            raise unseen
        saved = await run_in_threadpool(documents.only, project, MANIFEST)
        settings = await run_in_threadpool(documents.only, project, "settings")
        months = await self._figures.months(project, public["k"], self.services.clock())
        first = next((i for i, one in enumerate(months) if one["installs"]), len(months))
        return project, {
            "project": project,
            "public": public,
            "manifest": saved["manifest"] if saved else None,
            "months": months[first:],
            "days": privacy_of(settings).events_days,
            "next": next_month(project, self.services),
        }


def next_month(project: Project, services: Services) -> str:
    """When the next figures come."""
    today = services.clock().date()
    first = (today.replace(day=1) + timedelta(days=32)).replace(day=1)
    return formats.day(first + timedelta(days=2))


def chart(months: list[Mapping[str, Any]]) -> Chart:
    """Active installs by month."""
    rows = [
        {
            "bucket": f"{one['month']}-01",
            "series": "Active installs",
            "segment": [],
            "value": one["installs"],
            "incomplete": False,
            "compare": False,
        }
        for one in months
    ]
    query = {"interval": "month", "series": [{"name": "Active installs", "measure": "unique"}]}
    result = Result("trends", query, rows, {})
    return Chart(
        title="Active installs by month",
        subtitle="Rounded down to a multiple of ten; CI apart",
        spec=vegalite(result, height=charts.SHORT),
        height=charts.SHORT,
        label="Active installs by month, rounded down.",
        legend=[],
        head=["Month", "At least"],
        lines=[
            Line(
                formats.bucket(f"{one['month']}-01", "month"),
                [formats.count(one["installs"])],
                False,
            )
            for one in reversed(months)
        ],
    )


def _settings(form: forms.Form) -> dict[str, Any]:
    k = form.text("k") or str(anonymity.K)
    if not k.isdecimal() or not anonymity.K <= int(k[:6]) <= 1_000:
        raise Unprocessable(
            "INVALID_K", f"The smallest group is {anonymity.K} to 1,000 installs.", path="/k"
        )
    return {"on": form.text("on") == "1", "k": int(k), "contact": form.text("contact")[:200]}


def _image(body: bytes) -> Response:
    """For pages of other sites."""
    headers = {"cache-control": CACHED, "cross-origin-resource-policy": "cross-origin"}
    return Response(body, media_type="image/svg+xml", headers=headers)
