"""The whole HTTP application behind the door, put together."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import Mount
from starlette.types import ASGIApp

from footfall_server.api.destinations import DestinationApi
from footfall_server.api.documents import DocumentApi
from footfall_server.api.history import HistoryApi
from footfall_server.api.live import LiveApi
from footfall_server.api.policy import PolicyApi
from footfall_server.api.problems import footfall_error, http_error, unexpected
from footfall_server.api.queries import QueryApi
from footfall_server.api.rejected import RejectedApi
from footfall_server.api.status import Status
from footfall_server.model.errors import FootfallError
from footfall_server.services import Services


def application(services: Services, pages: ASGIApp) -> ASGIApp:
    """Everything but the ingest paths: API and status, then `pages`."""
    api = Starlette(
        routes=[
            *QueryApi(services).routes(),
            *HistoryApi(services).routes(),
            *RejectedApi(services).routes(),
            *LiveApi(services).routes(),
            *PolicyApi(services).routes(),
            *DocumentApi(services).routes(),
            *DestinationApi(services).routes(),
        ],
        exception_handlers={
            FootfallError: footfall_error,
            HTTPException: http_error,
            Exception: unexpected,
        },
    )
    return Starlette(
        routes=[
            *Status(services).routes(),
            Mount("/api/v1", api),
            Mount("/", pages),
        ]
    )
