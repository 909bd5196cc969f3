"""Errors of the JSON API: `application/problem+json` with a stable code."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from footfall_server.model.errors import FootfallError, TooMany, Unauthorized, Unavailable

log = logging.getLogger(__name__)


def problem(
    status: int, code: str, message: str, *, headers: dict[str, str] | None = None, **more: Any
) -> Response:
    """RFC 9457, with `code` and `message` beside its own members."""
    document = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "message": message,
        **{name: value for name, value in more.items() if value is not None},
    }
    return Response(
        msgspec.json.encode(document), status, headers, media_type="application/problem+json"
    )


async def footfall_error(request: Request, error: Exception) -> Response:
    """Any error of ours, as it is."""
    assert isinstance(error, FootfallError)
    if error.status >= 500 and not isinstance(error, Unavailable):
        return await unexpected(request, error)
    headers = {}
    if isinstance(error, TooMany | Unavailable):
        headers["retry-after"] = str(error.retry_after)
    if isinstance(error, Unauthorized):
        headers["www-authenticate"] = "Bearer"
    return problem(error.status, error.code, error.message, headers=headers, path=error.path)


async def http_error(request: Request, error: Exception) -> Response:
    """What the router refuses: no such path, or not by this method."""
    assert isinstance(error, HTTPException)
    codes = {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED"}
    messages = {
        404: f"There is nothing at {request.url.path}: /api/v1/openapi.json lists what there is.",
        405: f"{request.method} isn't offered here.",
    }
    code = codes.get(error.status_code, "HTTP_ERROR")
    message = messages.get(error.status_code, str(error.detail))
    return problem(error.status_code, code, message, headers=dict(error.headers or {}))


async def unkeepable(request: Request, error: Exception) -> Response:
    """A text that the database can't hold: PostgreSQL takes no NUL and heeds lengths."""
    message = "A text of this request is too long, or has a character that can't be kept."
    return problem(422, "INVALID_TEXT", message)


async def nobody(request: Request, error: Exception) -> Response:
    """The client went away while it was sending: this answer is for the server alone."""
    return Response(status_code=400)


async def unexpected(request: Request, error: Exception) -> Response:
    """A defect of ours: the answer names it by an id that the log has too, and tells no more."""
    reference = uuid4().hex[:12]
    log.error("request failed", exc_info=error, extra={"reference": reference})
    message = f"Something went wrong here; the server's log has it under {reference}."
    return problem(500, "INTERNAL_ERROR", message, reference=reference)
