"""What a library declares that it sends, and whether an event keeps to it."""

from __future__ import annotations

from collections.abc import Iterable, Set
from enum import StrEnum
from typing import Annotated, Any, Literal

import msgspec

from footfall_server.model.errors import BadRequest, Unprocessable

SDK_PROPERTIES = frozenset(
    {
        "run_time", "process_run_time", "exception_occurred", "exception_type", "library",
        "library_version", "python_version", "os_type", "runtime_environment", "ci", "ci_name",
        "ephemeral", "session_id", "parent", "weight",
    }
)  # fmt: skip
"""What Footfall's SDK adds to every event."""
CLIENT_PROPERTIES = frozenset(
    {
        "$lib", "$lib_version", "$lib_feature", "$python_runtime", "$python_version", "$os",
        "$os_version", "$os_distro", "$geoip_disable", "$is_server", "$process_person_profile",
        "$session_id", "$insert_id", "$import", "mp_lib", "distinct_id", "time",
    }
)  # fmt: skip
"""What other vendors' clients add on their own: about themselves and the machine, by these names
only. What holds more (`$set`, `$groups`, `$current_url`, …) must be declared like the rest."""

MAX_EVENTS, MAX_PROPERTIES = 5_000, 500

Mode = Literal["observe", "warn", "enforce"]
"""`observe`: the door doesn't look. `warn`: undeclared is taken, counted and shown. `enforce`: it
is refused."""


class Status(StrEnum):
    DECLARED = "declared"
    UNDECLARED = "undeclared"


_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class Property(msgspec.Struct, frozen=True, omit_defaults=True):
    """A property as it is declared: its JSON type, and why it is sent."""

    type: str = "any"
    why: str = ""


_Properties = Annotated[dict[_Name, Property], msgspec.Meta(max_length=MAX_PROPERTIES)]


class DeclaredEvent(msgspec.Struct, frozen=True, omit_defaults=True):
    """`computed`: its code makes further properties, so that any are declared."""

    properties: _Properties = {}
    why: str = ""
    computed: bool = False


class Manifest(msgspec.Struct, frozen=True):
    """What `usage.manifest()` of the SDK gives; what else it holds is kept, and means nothing."""

    manifest: Literal[1]
    events: Annotated[dict[_Name, DeclaredEvent], msgspec.Meta(max_length=MAX_EVENTS)]
    common: _Properties = {}
    library: str = ""


class SavedManifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A project's manifest, and what the door does with it."""

    manifest: Manifest
    mode: Mode = "observe"


def parse_manifest(raw: bytes) -> tuple[SavedManifest, dict[str, Any]]:
    """A body, typed and as it is kept. Raises BadRequest MALFORMED_JSON, Unprocessable
    INVALID_MANIFEST."""
    try:
        saved = msgspec.json.decode(raw, type=SavedManifest)
        kept: dict[str, Any] = msgspec.json.decode(raw)
    except msgspec.ValidationError as error:
        message, _, place = str(error).partition(" - at `$")
        path = place.partition("[")[0].rstrip("`").replace(".", "/")
        raise Unprocessable(
            "INVALID_MANIFEST",
            f'{message}: send {{"mode": "observe|warn|enforce", "manifest": …}} with what '
            "`usage.manifest()` gives.",
            path=path,
        ) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest("MALFORMED_JSON", f"The body isn't JSON: {error}.") from None
    return saved, {"mode": saved.mode, **kept}


class AllowList:
    """A manifest, ready to be asked for each event.

    The properties that the SDK and other vendors' clients add by themselves are declared always.
    An event of another kind than track goes by its name as well (`identify`, `$set`, …).
    """

    def __init__(self, manifest: Manifest) -> None:
        always = SDK_PROPERTIES | CLIENT_PROPERTIES | manifest.common.keys()
        self._events: dict[str, frozenset[str] | None] = {
            name: None if event.computed else always | event.properties.keys()
            for name, event in manifest.events.items()
        }

    def event(self, name: str) -> Status:
        """Whether the manifest names this event."""
        return Status.DECLARED if name in self._events else Status.UNDECLARED

    def property(self, event: str, name: str) -> Status:
        """Whether it names this property of this event; none of an undeclared event is."""
        allowed = self._events.get(event, frozenset())
        return Status.DECLARED if allowed is None or name in allowed else Status.UNDECLARED

    def keeps(self, event: str, names: Set[str]) -> bool:
        """Whether the event and all of these properties are declared. Cheap."""
        try:
            allowed = self._events[event]
        except KeyError:
            return False
        return allowed is None or names <= allowed

    def undeclared(self, event: str, names: Iterable[str]) -> list[str] | None:
        """The properties that aren't declared, by name; None if the event itself isn't."""
        if event not in self._events:
            return None
        allowed = self._events[event]
        return [] if allowed is None else sorted(set(names) - allowed)
