"""Forms: their fields, and the proof that they were sent from a page of this server."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator, Mapping
from typing import TypeVar
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request

from footfall_server.ingest import body as request_body
from footfall_server.model.errors import Forbidden, Unprocessable

FIELD = "csrf"
Change = TypeVar("Change")
_MAX_BODY, _MAX_FIELDS = 256 * 1024, 1_000


class Form(Mapping[str, str]):
    """The fields of a form; of a name that comes several times, `every` has all."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self._pairs = pairs

    def __getitem__(self, name: str) -> str:
        for key, value in self._pairs:
            if key == name:
                return value
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(dict(self._pairs))

    def __len__(self) -> int:
        return len(dict(self._pairs))

    def every(self, name: str) -> list[str]:
        """All values of a name, in order."""
        return [value for key, value in self._pairs if key == name]

    def text(self, name: str) -> str:
        """Without white space at the ends; '' when absent."""
        return self.get(name, "").strip()

    def needed(self, name: str, what: str) -> str:
        """Raises Unprocessable MISSING_FIELD."""
        value = self.text(name)
        if not value:
            raise Unprocessable("MISSING_FIELD", f"{what} is needed.", path=f"/{name}")
        return value


def chosen(form: Form, changes: Mapping[str, Change]) -> Change:
    """What the form's button does. Raises Unprocessable UNKNOWN_ACTION."""
    change = changes.get(form.text("do"))
    if change is None:
        raise Unprocessable("UNKNOWN_ACTION", "This form asks for nothing known.")
    return change


async def read(request: Request) -> Form:
    """The fields of a form that was sent by a page of this server.

    Raises Forbidden FOREIGN_FORM, TooLarge, Unprocessable TOO_MANY_FIELDS.
    """
    form = await _fields(request)
    if is_foreign(request) or not (_own(request) or _proven(request, form)):
        raise Forbidden(
            "FOREIGN_FORM",
            "This form wasn't sent from a page of this server, or its page is too old: open the "
            "page again, and send it from there.",
        )
    return form


async def read_open(request: Request) -> Form:
    """The fields of a form that needs no page before it (signing in); another site's is refused."""
    if is_foreign(request):
        raise Forbidden("FOREIGN_FORM", "This form was sent from a page of another site.")
    return await _fields(request)


def token(secret: bytes, session: str) -> str:
    """What a page's forms carry: only who has the session's page knows it."""
    return hmac.new(secret, b"form:" + session.encode(), hashlib.sha256).hexdigest()


async def _fields(request: Request) -> Form:
    declared = request.headers.get("content-length", "")
    length = int(declared) if declared.isdigit() else None
    raw = await request_body.read(request.receive, length, _MAX_BODY)
    try:
        pairs = parse_qsl(raw.decode(), keep_blank_values=True, max_num_fields=_MAX_FIELDS)
    except ValueError as error:
        raise Unprocessable("INVALID_FORM", "The form can't be read.") from error
    return Form([(name, value.replace("\0", "")) for name, value in pairs])


def is_foreign(request: Request) -> bool:
    """A browser says that it comes from elsewhere."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None:
        return site not in ("same-origin", "none")
    return origin is not None and not _same(request, origin)


def _own(request: Request) -> bool:
    """A browser says that it comes from here."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    return site == "same-origin" or (origin is not None and _same(request, origin))


def _same(request: Request, origin: str) -> bool:
    return urlsplit(origin).netloc.lower() == request.headers.get("host", "").lower()


def _proven(request: Request, form: Form) -> bool:
    expected: str = request.scope.get("footfall.form_token", "")
    return bool(expected) and hmac.compare_digest(form.get(FIELD, ""), expected)
