"""What each project allows at the door, known there without asking the metadata each time."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy.exc import SQLAlchemyError

from footfall_server.accounts import Documents
from footfall_server.ingest.policy import OPEN, Limits, Policy
from footfall_server.model.manifest import AllowList, SavedManifest
from footfall_server.model.privacy import Privacy

SETTINGS, MANIFEST = "settings", "manifest"
"""The kinds of the two documents that a policy is made of."""

log = logging.getLogger(__name__)


class ProjectPolicies:
    """Read again after `refresh_seconds`; only what has changed is looked at."""

    def __init__(
        self,
        documents: Documents,
        *,
        refresh_seconds: float = 2.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._documents = documents
        self._refresh, self._clock = refresh_seconds, clock
        self._stamps: dict[int, dict[str, datetime]] = {}
        self._policies: dict[int, Policy] = {}
        self._read_at = float("-inf")

    def __call__(self, project: int) -> Policy:
        now = self._clock()
        if now - self._read_at > self._refresh:
            self._read_at = now
            self._read()
        return self._policies.get(project, OPEN)

    def forget(self) -> None:
        """Something was changed here: look at once."""
        self._read_at = float("-inf")

    def rejected_before(self, now: datetime) -> dict[int, datetime]:
        """Up to when refused events are too old, in projects that say so themselves."""
        self(0)
        return {
            project: now - timedelta(days=policy.limits.rejected_days)
            for project, policy in self._policies.items()
            if policy.limits.rejected_days is not None
        }

    def events_days(self) -> dict[int, int | None]:
        """How long events are kept, in projects that have settings; None: for ever."""
        self(0)
        return {project: policy.privacy.events_days for project, policy in self._policies.items()}

    def _read(self) -> None:
        try:
            stamps = self._documents.stamps((SETTINGS, MANIFEST))
            for project in self._stamps.keys() | stamps.keys():
                if stamps.get(project) != self._stamps.get(project):
                    self._policies[project] = self._policy(project)
        except SQLAlchemyError as error:  # what was known before holds on
            log.warning("the projects' settings can't be read: %s", error)
            return
        self._stamps = stamps

    def _policy(self, project: int) -> Policy:
        manifest = self._documents.only(project, MANIFEST)
        settings = self._documents.only(project, SETTINGS)
        limits, privacy = limits_of(settings), privacy_of(settings)
        saved = None
        if manifest is not None:
            try:
                saved = msgspec.convert(manifest, SavedManifest)
            except msgspec.ValidationError as error:
                log.warning("the manifest of project %d can't be read: %s", project, error)
        if saved is None or saved.mode == "observe":
            return Policy(limits, privacy=privacy)
        enforced = saved.mode == "enforce"
        return Policy(limits, AllowList(saved.manifest), enforced, privacy)


def limits_of(settings: dict[str, Any] | None) -> Limits:
    """The limits that a project's settings set, else those that hold for all."""
    try:
        return msgspec.convert((settings or {}).get("limits", {}), Limits)
    except msgspec.ValidationError as error:
        log.warning("a project's limits can't be read: %s", error)
        return Limits()


def privacy_of(settings: dict[str, Any] | None) -> Privacy:
    """What a project's settings say about its users' data; by default what `Privacy` does."""
    try:
        return msgspec.convert((settings or {}).get("privacy", {}), Privacy)
    except msgspec.ValidationError as error:
        log.warning("a project's privacy settings can't be read, nothing expires: %s", error)
        return Privacy(events_days=None)
