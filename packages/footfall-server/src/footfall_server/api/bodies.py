"""The body of a request as one of our types."""

from __future__ import annotations

import re
from typing import TypeVar

import msgspec

from footfall_server.model.errors import BadRequest, Unprocessable

T = TypeVar("T")

_AT = re.compile(r"^(.*?)(?: - at `\$(.*)`)?$", re.DOTALL)
_FIELD = re.compile(r"Object (?:contains unknown|missing required) field `(.*)`$", re.DOTALL)


def decoded(body: bytes, kind: type[T], code: str, *, malformed: str = "MALFORMED_JSON") -> T:
    """Raises BadRequest `malformed` if it is no JSON, else Unprocessable `code` with the path."""
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        message, place = _AT.findall(str(error))[0]
        known, _, within = place.partition("[...]")  # somewhere in an object of any names
        path = re.sub(r"[.\[]", "/", known).replace("]", "")
        if (field := _FIELD.match(message)) and not within:
            path += "/" + field[1].replace("~", "~0").replace("/", "~1")
        raise Unprocessable(code, f"{message}.", path=path) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(malformed, f"The body isn't JSON: {error}.") from None
