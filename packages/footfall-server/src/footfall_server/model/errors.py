"""Every error that leaves the server: a stable code, and a message that says what to do next."""

from __future__ import annotations


class FootfallError(Exception):
    """The root. `code` never changes once released; `path` is a JSON pointer into the input."""

    status = 500

    def __init__(self, code: str, message: str, *, path: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.path = path


class BadRequest(FootfallError):
    """The input can't be read."""

    status = 400


class Unauthorized(FootfallError):
    """No key or token, or one that isn't known (any more)."""

    status = 401


class Forbidden(FootfallError):
    """Known, but without the right."""

    status = 403


class NotFound(FootfallError):
    """No such thing, or another project's."""

    status = 404


class Conflict(FootfallError):
    """The thing exists already."""

    status = 409


class TooLarge(FootfallError):
    """More bytes or more events than a request may carry."""

    status = 413


class UnsupportedMedia(FootfallError):
    """A content encoding that isn't spoken here."""

    status = 415


class Unprocessable(FootfallError):
    """Well-formed, and means nothing."""

    status = 422


class TooMany(FootfallError):
    """Slow down. `retry_after` is in seconds."""

    status = 429

    def __init__(self, code: str, message: str, *, retry_after: int = 1) -> None:
        super().__init__(code, message)
        self.retry_after = retry_after


class Unavailable(FootfallError):
    """Not now; nothing was acknowledged. `retry_after` is in seconds."""

    status = 503

    def __init__(self, code: str, message: str, *, retry_after: int = 5) -> None:
        super().__init__(code, message)
        self.retry_after = retry_after


class TooSlow(FootfallError):
    """The request didn't come in time."""

    status = 408
