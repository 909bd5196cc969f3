"""The pages, put together: routes, the gate around them, their headers and their error pages."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from footfall_server.model.errors import NotFound
from footfall_server.web import assets
from footfall_server.web.account import AccountPages
from footfall_server.web.behaviour_pages import (
    FlowsPage,
    FunnelPage,
    LifecyclePage,
    RetentionPage,
    StickinessPage,
)
from footfall_server.web.boards import BoardPages
from footfall_server.web.data_pages import DataPages
from footfall_server.web.door_pages import DoorPages
from footfall_server.web.failure import Failures
from footfall_server.web.gate import Gate, SignIn
from footfall_server.web.headers import PageHeaders
from footfall_server.web.insight import Insight
from footfall_server.web.installs_page import InstallsPage
from footfall_server.web.kept_pages import KeptPages
from footfall_server.web.library_pages import EventsPage, TractionPage
from footfall_server.web.openid_pages import OpenIdPages
from footfall_server.web.pages import Pages
from footfall_server.web.palette import Palette
from footfall_server.web.project_settings import SettingsPages
from footfall_server.web.property_page import PropertyPage
from footfall_server.web.public_pages import PublicPages
from footfall_server.web.release_pages import (
    AdoptionPage,
    ErrorsPage,
    ExceptionsPage,
    ReleasesPage,
    RunTimePage,
    SupportPage,
)
from footfall_server.web.render import Templates
from footfall_server.web.review_page import ReviewPage
from footfall_server.web.services import Services
from footfall_server.web.site import Served, Site
from footfall_server.web.trends_page import TrendsPage

GROUPS: tuple[type[Site], ...] = (
    Pages,
    AccountPages,
    OpenIdPages,
    SettingsPages,
    ReleasesPage,
    InstallsPage,
    DoorPages,
    DataPages,
    KeptPages,
    PublicPages,
    ReviewPage,
    Palette,
)
INSIGHTS: tuple[type[Insight], ...] = (
    TrendsPage,
    FunnelPage,
    RetentionPage,
    FlowsPage,
    LifecyclePage,
    StickinessPage,
    AdoptionPage,
    ErrorsPage,
    RunTimePage,
    ExceptionsPage,
    SupportPage,
    EventsPage,
    TractionPage,
)


def pages(services: Services) -> ASGIApp:
    """The pages, behind the gate, with their own headers, compression and error pages."""
    files = assets.load()
    templates = Templates(files)
    failures = Failures(templates)
    served: list[Served] = [
        ("/sign-in/{secret}", SignIn(services, templates).sign_in, ("GET",)),
    ]
    insights = {one.page: one(services, templates) for one in INSIGHTS}
    # A saved overview is its main chart: installs by day, which is what trends show unasked.
    views = {**insights, "overview": insights["trends"]}
    groups = [group(services, templates) for group in GROUPS]
    for site in (
        *groups,
        *insights.values(),
        PropertyPage(services, templates),
        BoardPages(services, templates, views),
    ):
        served += site.routes()
    served.append(("/{path:path}", _missing, ("GET", "POST")))
    routes = [Route("/static/{file}", files.serve, methods=["GET"])]
    routes += [
        Route(path, failures.guard(handler), methods=list(methods))
        for path, handler, methods in served
    ]
    around = [
        Middleware(PageHeaders),
        Middleware(GZipMiddleware, minimum_size=500, compresslevel=6),
        Middleware(Gate, services, templates),
    ]
    return Starlette(routes=routes, middleware=around)


async def _missing(request: Request) -> Response:
    raise NotFound("PAGE_NOT_FOUND", "There is no such page; the list of projects leads on.")
