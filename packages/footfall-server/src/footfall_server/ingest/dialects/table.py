"""Every path of every dialect: its own below its base, and bare."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from footfall_server.ingest.dialects import (
    careful,
    envelope,
    form,
    mixpanel,
    posthog,
    rudderstack,
    segment,
)
from footfall_server.ingest.dialects.dialect import LARGE_BODY, Decoded, Endpoint, Fixed, Request

_WORDS = careful.TYPES | careful.BATCH_WORDS
_POSTHOG = ("batch", "capture", "e", "i/v0/e", "track", "engage")
_MIXPANEL = ("track", "import", "engage", "groups")
_LARGE = ("batch", "import")
_SHARED = ("track", "engage")
_NO_FLAGS = ("flags", "decide")
PREFIXES = ("/i/v1/", "/posthog/i/v1/")
"""Whatever begins so is a protocol that isn't spoken."""

_POSTHOG_MARKS = frozenset({"api_key", "batch", "distinct_id", "uuid", "timestamp", "sent_at"})


def _decode_shared(request: Request) -> Decoded:
    """`/track` and `/engage` are PostHog's and Mixpanel's: the body's shape tells.

    Mixpanel's clients put everything into `properties`, or give it names that begin with $.
    """
    wrapped = form.read(request)
    document = form.document(wrapped.text)
    first = document[0] if isinstance(document, list) and document else document
    if isinstance(first, dict) and not _POSTHOG_MARKS.isdisjoint(first):
        return posthog.decoded(document, wrapped, request)
    return mixpanel.decoded(document, wrapped, request)


def _endpoint(word: str, decode: Callable[[Request], Decoded], *methods: str) -> Endpoint:
    if word in _LARGE:
        return Endpoint(word, decode, envelope.failure, methods, LARGE_BODY, LARGE_BODY)
    return Endpoint(word, decode, envelope.failure, methods)


def _paths() -> dict[str, Endpoint | Fixed]:
    paths: dict[str, Endpoint | Fixed] = {}
    for word in sorted(_WORDS):
        rudder = Endpoint(word, rudderstack.decode, segment.failure)
        native = Endpoint(word, segment.decode, segment.failure)
        paths[f"/rudderstack/v1/{word}"] = rudder
        paths[f"/v1/{word}"] = rudder if word == "merge" else native
        if word != "merge":
            paths[f"/segment/v1/{word}"] = native
    for word in _POSTHOG:
        paths[f"/{word}"] = paths[f"/posthog/{word}"] = _endpoint(word, posthog.decode, "POST")
    for word in _MIXPANEL:
        paths[f"/{word}"] = paths[f"/mixpanel/{word}"] = _endpoint(
            word, mixpanel.decode, "GET", "POST"
        )
    for word in _SHARED:
        paths[f"/{word}"] = _endpoint(word, _decode_shared, "GET", "POST")
    for base in ("", "/posthog"):
        for word in _NO_FLAGS:
            paths[f"{base}/{word}"] = posthog.NO_FLAGS
        paths[f"{base}/flags/definitions"] = posthog.NOT_SPOKEN
    return paths | {f"{path}/": endpoint for path, endpoint in paths.items()}


_TABLE: Mapping[str, Endpoint | Fixed] = _paths()


def find(path: str) -> Endpoint | Fixed | None:
    """What answers a path; None if it is no dialect's."""
    found = _TABLE.get(path)
    if found is None and path.startswith(PREFIXES):
        return posthog.NOT_SPOKEN
    return found
