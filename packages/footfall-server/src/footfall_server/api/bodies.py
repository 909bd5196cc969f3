"""The body of a request as one of our types."""

from __future__ import annotations

import contextlib
from typing import Any, TypeVar

import msgspec

from footfall_server.model.errors import BadRequest, Unprocessable
from footfall_server.model.misfit import misfit

T = TypeVar("T")

_NO_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def decoded(body: bytes, kind: type[T], code: str, *, malformed: str = "MALFORMED_JSON") -> T:
    """Raises BadRequest `malformed` if it is no JSON, else Unprocessable `code` with the path."""
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        document: Any = None
        with contextlib.suppress(*_NO_JSON):  # it may be none behind what is wrong
            document = msgspec.json.decode(body)
        found = misfit(error, document)
        raise Unprocessable(code, f"{found.message}.", path=found.path) from None
    except _NO_JSON as error:
        raise BadRequest(malformed, f"The body isn't JSON: {error}.") from None
