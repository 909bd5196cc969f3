"""What a reader sees when a page can't be shown: one sentence, a way on, and an id for the log."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from uuid import uuid4

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from footfall_server.model.errors import FootfallError, TooMany, Unavailable
from footfall_server.web.render import Templates

log = structlog.get_logger(__name__)

Handler = Callable[[Request], Awaitable[Response]]
TITLES = {
    401: "Please sign in",
    403: "Not for this account",
    404: "Not found",
    405: "Not possible here",
    422: "This view means nothing",
    429: "Too many requests",
    503: "Not available just now",
}
BROKEN = "Something went wrong on this server. It was written to the log under the id below."


def new_id() -> str:
    return uuid4().hex[:12]


class Failures:
    """The one place where pages catch everything."""

    def __init__(self, templates: Templates, make_id: Callable[[], str] = new_id) -> None:
        self.templates = templates
        self.make_id = make_id

    def guard(self, handler: Handler) -> Handler:
        """The same handler, answering with a page whatever it raises."""

        async def guarded(request: Request) -> Response:
            try:
                return await handler(request)
            except FootfallError as error:
                return self.known(request, error)
            except HTTPException as error:
                return self.page(request, error.status_code, str(error.detail), self.make_id())
            except Exception:
                id = self.make_id()
                log.exception("page failed", id=id, path=request.url.path)
                return self.page(request, 500, BROKEN, id)

        return guarded

    def known(self, request: Request, error: FootfallError) -> Response:
        """A page for an error that says what to do next."""
        id = self.make_id()
        log.info("page refused", id=id, path=request.url.path, code=error.code)
        response = self.page(request, error.status, error.message, id)
        if isinstance(error, TooMany | Unavailable):
            response.headers["retry-after"] = str(error.retry_after)
        return response

    def page(self, request: Request, status: int, message: str, id: str) -> Response:
        values = {
            "status": status,
            "title": TITLES.get(status, "This page could not be made"),
            "message": message,
            "id": id,
            "retry": str(request.url.replace(scheme="", netloc="")) if status >= 429 else None,
        }
        return self.templates.page("error.html", values, status)
