"""A project's schema beside its manifest. Apart from `policies`, which the door imports: what reads
the store takes longer to import than the door needs to answer.
"""

from __future__ import annotations

from typing import Any

import msgspec

from footfall_server.accounts import Documents
from footfall_server.insights.schema import marked
from footfall_server.model.manifest import AllowList, SavedManifest, Status
from footfall_server.model.project import Project
from footfall_server.policies import MANIFEST


def beside_manifest(
    schema: dict[str, Any], documents: Documents, project: Project
) -> dict[str, Any]:
    """A schema beside the project's manifest, where it has one: what is declared, what unseen."""
    saved = documents.only(project, MANIFEST)
    if saved is None:
        return schema
    allowed = AllowList(msgspec.convert(saved, SavedManifest).manifest)

    def declares(event: str, name: str | None) -> bool:
        status = allowed.event(event) if name is None else allowed.property(event, name)
        return status is Status.DECLARED

    found = marked(schema, declares, saved["manifest"]["events"])
    return {**found, "manifest": {**found["manifest"], "mode": saved["mode"]}}
