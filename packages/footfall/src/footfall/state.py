"""The user's state directory: what is remembered between processes, one folder a library.

`FOOTFALL_HOME`, else the platform's place for state. A home that is absent, full or read-only is no
error: reading gives nothing, and writing says that it couldn't.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Mapping, Optional

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")
EVERY_LIBRARY = "*"


def home(environ: Mapping[str, str], platform: str = sys.platform) -> Optional[str]:
    """The state directory, which may not exist yet; None if the user has no home."""
    if environ.get("FOOTFALL_HOME"):
        return os.path.abspath(environ["FOOTFALL_HOME"])
    if platform == "win32":
        base = environ.get("LOCALAPPDATA") or environ.get("APPDATA")
        return os.path.join(base, "footfall") if base else None
    user = environ.get("HOME") or os.path.expanduser("~")
    if not user or user == "~" or not os.path.isabs(user):
        return None
    if platform == "darwin":
        return os.path.join(user, "Library", "Application Support", "footfall")
    base = environ.get("XDG_STATE_HOME") or os.path.join(user, ".local", "state")
    return os.path.join(base, "footfall") if os.path.isabs(base) else None


def folder_name(library: str) -> str:
    """A library's name as the name of a folder on any platform."""
    safe = "".join(
        c if c in _PLAIN else "".join(f"%{b:02x}" for b in c.encode("utf-8", "replace"))
        for c in library
    )
    return "%2e" + safe[1:] if safe.startswith(".") else safe


def library_of(folder: str) -> str:
    """The name of the library whose folder this is."""
    parts = folder.split("%")
    raw = parts[0].encode()
    for part in parts[1:]:
        try:
            raw += bytes.fromhex(part[:2]) + part[2:].encode()
        except ValueError:
            raw += b"%" + part.encode()
    return raw.decode("utf-8", "replace")


def libraries(root: Optional[str]) -> List[str]:
    """Every library that has left state here."""
    try:
        names = sorted(os.listdir(root)) if root else []
    except OSError:
        return []
    return [library_of(n) for n in names if os.path.isdir(os.path.join(root or "", n))]


def read_json(path: Optional[str]) -> Dict[str, Any]:
    """The object in a file; empty if there is none or it can't be read."""
    if path is None or not os.path.exists(path):
        return {}
    import json  # not at the top: most first calls find nothing to read

    try:
        with open(path, "rb") as file:
            value = json.loads(file.read().decode("utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def write_json(path: str, value: Mapping[str, Any]) -> bool:
    """Replace a file in one step, readable by its owner alone; whether that worked."""
    import json

    temporary = f"{path}.{os.getpid()}.{os.urandom(4).hex()}.tmp"
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(value, file, indent=1, sort_keys=True)
        os.replace(temporary, path)
    except OSError:
        _discard(temporary)
        return False
    return True


def _discard(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        return


class LibraryState:
    """The folder of one library: its spool, its log of what was sent, what its CLI needs."""

    def __init__(self, root: Optional[str], library: str) -> None:
        self.root = root
        self.library = library
        self.folder = None if root is None else os.path.join(root, folder_name(library))

    def path(self, name: str) -> Optional[str]:
        """The path of one of the library's files; None without a home."""
        return None if self.folder is None else os.path.join(self.folder, name)

    def description(self) -> Dict[str, Any]:
        """What the library said of itself at its first event: endpoint, key, manifest."""
        return read_json(self.path("library.json"))

    def describe(self, description: Mapping[str, Any]) -> bool:
        """Leave that for the user's command line."""
        path = self.path("library.json")
        if path is None:
            return False
        return self.description() == description or write_json(path, description)


def choices(root: Optional[str]) -> Dict[str, str]:
    """What the user chose, `on` or `off` by library, `*` for all that aren't named."""
    found = read_json(os.path.join(root, "consent.json") if root else None)
    return {k: v for k, v in found.items() if v in ("on", "off")}


def choice(root: Optional[str], library: str) -> Optional[str]:
    """The user's choice for one library: `on`, `off` or None."""
    made = choices(root)
    return made.get(library) or made.get(EVERY_LIBRARY)


def choose(root: Optional[str], value: str, library: str = EVERY_LIBRARY) -> bool:
    """Remember a choice; one for every library replaces all earlier ones."""
    if root is None:
        return False
    made = {} if library == EVERY_LIBRARY else choices(root)
    made[library] = value
    return write_json(os.path.join(root, "consent.json"), made)
