"""What the server refuses, as an exception."""

from __future__ import annotations

from typing import Any

import httpx2

from footfall_server.model.errors import FootfallError


class ApiError(FootfallError):
    """`code` is the server's stable one, `path` a JSON pointer into what was asked.

    `status` is HTTP's.
    """

    def __init__(
        self, code: str, message: str, *, path: str | None = None, status: int = 500
    ) -> None:
        super().__init__(code, message, path=path)
        self.status = status

    def __str__(self) -> str:
        where = f" (at {self.path})" if self.path else ""
        return f"{self.code}: {self.message}{where}"


def error_of(response: httpx2.Response) -> ApiError:
    """From an answer that is no success, which has been read."""
    try:
        document: Any = response.json()
    except ValueError:
        document = {}
    if not isinstance(document, dict):
        document = {}
    return ApiError(
        str(document.get("code", "HTTP_ERROR")),
        str(document.get("message", f"The server answered {response.status_code}.")),
        path=document.get("path"),
        status=response.status_code,
    )
