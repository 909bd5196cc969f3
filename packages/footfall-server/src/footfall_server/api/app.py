"""The whole HTTP application behind the door, put together."""

from __future__ import annotations

from sqlalchemy.exc import DataError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import Mount
from starlette.types import ASGIApp

from footfall_server.api.alerts import AlertApi
from footfall_server.api.destinations import DestinationApi
from footfall_server.api.documents import DocumentApi
from footfall_server.api.erase import EraseApi
from footfall_server.api.history import HistoryApi
from footfall_server.api.keys import KeyApi
from footfall_server.api.live import LiveApi
from footfall_server.api.operations import OperationsApi
from footfall_server.api.patience import Patience
from footfall_server.api.policy import PolicyApi
from footfall_server.api.privacy import PrivacyApi
from footfall_server.api.problems import footfall_error, http_error, nobody, unexpected, unkeepable
from footfall_server.api.queries import QueryApi
from footfall_server.api.rejected import RejectedApi
from footfall_server.api.status import Status
from footfall_server.ingest.body import Disconnected
from footfall_server.model.errors import FootfallError
from footfall_server.services import Services


def application(services: Services, pages: ASGIApp) -> ASGIApp:
    """Everything but the ingest paths: API and status, then `pages`."""
    problems = {
        FootfallError: footfall_error,
        DataError: unkeepable,
        Disconnected: nobody,
        HTTPException: http_error,
        Exception: unexpected,
    }
    erase = EraseApi(services)
    api = Starlette(
        routes=[
            *QueryApi(services).routes(),
            *HistoryApi(services).routes(),
            *RejectedApi(services).routes(),
            *LiveApi(services).routes(),
            *PolicyApi(services).routes(),
            *DocumentApi(services).routes(),
            *erase.routes(),
            *PrivacyApi(services).routes(),
            *DestinationApi(services).routes(),
            *AlertApi(services).routes(),
            *KeyApi(services).routes(),
            *OperationsApi(services).routes(),
        ],
        exception_handlers=problems,
    )
    inner = Starlette(
        routes=[
            *Status(services).routes(),
            Mount("/v1", Starlette(routes=erase.own_routes(), exception_handlers=problems)),
            Mount("/api/v1", api),
            Mount("/", pages),
        ]
    )
    return Patience(inner)
