"""How PostHog's and Mixpanel's clients wrap JSON: as it is, in a form, in base64, in gzip, in a
query. Content-Type tells nothing; what is there does."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes

import msgspec

from footfall_server.ingest import lenient
from footfall_server.ingest.body import decompress
from footfall_server.ingest.dialects.dialect import LARGE_BODY, Request
from footfall_server.model.errors import BadRequest, UnsupportedMedia

_MAX_FIELDS = 64
_URL_SAFE = bytes.maketrans(b" -_", b"++/")
_GZIP = b"\x1f\x8b"
_COMPRESSIONS = frozenset({"", "gzip", "gzip-js", "base64"})


class Form(NamedTuple):
    """The JSON text, and the other fields of query and form."""

    text: bytes
    fields: Mapping[str, str]

    def flag(self, name: str) -> bool:
        return self.fields.get(name, "").lower() in ("1", "true")


def read(request: Request) -> Form:
    """Unwrap a request. Raises BadRequest INVALID_DATA, UnsupportedMedia and TooLarge."""
    fields = _fields(request.query)
    body = request.body
    if not _is_json(body):
        form = _fields(body)
        if b"data" in form or not body.strip():
            fields |= form
            body = _data(fields.get(b"data", b""))
    names = {
        name.decode("latin-1"): text.decode("utf-8", "replace") for name, text in fields.items()
    }
    compression = names.get("compression", "")
    if compression not in _COMPRESSIONS:
        raise UnsupportedMedia(
            "UNSUPPORTED_ENCODING",
            f"compression={compression[:40]!r} is not known here: use gzip-js.",
        )
    return Form(body, names)


def _is_json(text: bytes) -> bool:
    return text.lstrip()[:1] in (b"{", b"[")


def _fields(text: bytes) -> dict[bytes, bytes]:
    """The fields of a form or a query, as bytes: JSON may hold what isn't UTF-8."""
    fields = {}
    for part in text.strip().split(b"&", _MAX_FIELDS)[:_MAX_FIELDS]:
        name, equals, value = part.partition(b"=")
        if equals and len(name) < 100:
            fields[name] = unquote_to_bytes(value.replace(b"+", b" "))
    return fields


def _data(value: bytes) -> bytes:
    """What `data` holds: JSON, or base64 of JSON or of gzip."""
    if _is_json(value) or not value.strip():
        return value
    # A client that doesn't percent-encode sends + as it is, and a form reads that as a space.
    encoded = value.strip().translate(_URL_SAFE).rstrip(b"=")
    try:
        text = base64.b64decode(encoded + b"=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise BadRequest("INVALID_DATA", "`data` is neither JSON nor base64 of JSON.") from None
    return decompress(text, "", LARGE_BODY) if text[:2] == _GZIP else text


def document(text: bytes) -> Any:
    """Any JSON, see `lenient.loads`."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return lenient.loads(text)


def documents(text: bytes) -> Any:
    """JSON, or the list of what newline-delimited JSON holds, see `lenient.lines`."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        # One object over several lines is no list of lines.
        if text.lstrip()[:1] != b"{" or b"\n" not in text.strip():
            return lenient.loads(text)
    try:
        return lenient.loads(text)
    except BadRequest:
        return lenient.lines(text)
