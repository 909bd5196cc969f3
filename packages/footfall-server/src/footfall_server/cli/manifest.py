"""`footfall-server project manifest NAME FILE`."""

from __future__ import annotations

import json
from enum import StrEnum

from footfall_server.accounts import Accounts, Documents
from footfall_server.model.errors import BadRequest
from footfall_server.model.manifest import SavedManifest, parse_manifest
from footfall_server.policies import MANIFEST


class Mode(StrEnum):
    """What the door does with it."""

    OBSERVE = "observe"
    WARN = "warn"
    ENFORCE = "enforce"


def save_manifest(accounts: Accounts, name: str, text: str, mode: str | None) -> SavedManifest:
    """Keep it; a running server knows it within 2 seconds. Without a mode, the one before holds.

    Raises NotFound NO_SUCH_PROJECT, BadRequest MALFORMED_JSON, Unprocessable INVALID_MANIFEST.
    """
    project, documents = accounts.project(name), Documents(accounts)
    try:
        manifest = json.loads(text)
    except ValueError as error:
        raise BadRequest("MALFORMED_JSON", f"The file isn't JSON: {error}.") from None
    before = documents.only(project, MANIFEST) or {}
    chosen = mode or before.get("mode", "observe")
    saved, kept = parse_manifest(json.dumps({"mode": chosen, "manifest": manifest}).encode())
    documents.put_only(project, MANIFEST, kept)
    return saved
