"""May this library log usage? One function from what is known to (enabled, reason, source).

The order is the contract's, first that speaks wins: the code, the library's own variable,
FOOTFALL_DISABLE, DO_NOT_TRACK, the same three in a `.env`, the user's remembered choice, the
library's reserve in CI, and else on.
"""

from __future__ import annotations

import os
import sys
from collections import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, List, Mapping, NamedTuple, Optional, Tuple

    class Consent(NamedTuple):
        """Whether usage is logged, why in words, and who said so."""

        enabled: bool
        reason: str
        source: str

else:  # `typing` would double the cost of the first call
    Consent = namedtuple("Consent", "enabled reason source")

PYTEST = "FOOTFALL_PYTEST"  # set by our pytest plugin while pytest runs

_parsed: Dict[str, Tuple[Tuple[int, int], Dict[str, str]]] = {}
_paths: Dict[Tuple[Optional[str], ...], List[str]] = {}


def variable(library: str) -> str:
    """The name of a library's own opt-out variable, unless it chose another."""
    upper = "".join(c if c.isascii() and c.isalnum() else "_" for c in library.upper())
    return f"{upper}_DISABLE_USAGE_LOGGING"


def tracking_refused(value: Optional[str]) -> bool:
    """What DO_NOT_TRACK says."""
    return value is not None and value.strip().lower() not in ("", "0", "false")


def decide(
    code: Optional[bool],
    name: str,
    environ: Mapping[str, str],
    dotenvs: Mapping[str, Mapping[str, str]],
    choice: Optional[str],
    in_ci: bool,
    ci: Optional[str],
) -> Consent:
    """The user's consent, from everything that may speak.

    `code`: enabled or disabled in code. `name`: the library's variable. `dotenvs`: variables by the
    path of the file that holds them. `choice`: the remembered `on` or `off`. `in_ci`: whether the
    library wants CI at all; `ci`: the name of the CI service that this runs in.
    """
    if code is not None:
        return Consent(code, "enabled in code" if code else "disabled in code", "code")
    for present in (name, "FOOTFALL_DISABLE"):
        if present in environ:
            return Consent(False, f"{present} is set", "env")
    if tracking_refused(environ.get("DO_NOT_TRACK")):
        return Consent(False, "DO_NOT_TRACK is set", "do_not_track")
    for path, variables in dotenvs.items():
        for present in (name, "FOOTFALL_DISABLE"):
            if present in variables:
                return Consent(False, f"{present} is in {path}", "dotenv")
        if tracking_refused(variables.get("DO_NOT_TRACK")):
            return Consent(False, f"DO_NOT_TRACK is in {path}", "dotenv")
    if choice is not None:
        return Consent(choice == "on", f"the user chose {choice}", "user")
    if not in_ci and ci is not None:
        return Consent(False, f"this library doesn't log in CI ({ci})", "ci")
    return Consent(True, "nobody opted out", "default")


def kept_from(endpoint: str, environ: Mapping[str, str]) -> bool:
    """Whether pytest runs and this isn't a collector of the test's own: tests aren't usage."""
    if PYTEST not in environ:
        return False
    host = endpoint.partition("://")[2].partition("/")[0].rpartition("@")[2]
    return not host.startswith(("127.", "localhost", "[::1]"))


def script_folder() -> Optional[str]:
    """The folder of the running script, if one runs."""
    main = sys.modules.get("__main__")
    argv = getattr(sys, "argv", None) or [""]
    path = str(getattr(main, "__file__", None) or argv[0])
    return os.path.dirname(os.path.abspath(path)) if os.path.isfile(path) else None


def dotenv_paths(folders: List[Optional[str]]) -> List[str]:
    """Where a `.env` is honoured: in these folders and in every parent of one."""
    paths: List[str] = []
    for folder in folders:
        while folder:
            path = os.path.join(folder, ".env")
            if path not in paths:
                paths.append(path)
            parent = os.path.dirname(folder)
            folder = parent if parent != folder else None
    return paths


def read_dotenvs() -> Dict[str, Dict[str, str]]:
    """The variables in every `.env` that holds for this process. Nothing is loaded from them."""
    try:
        working: Optional[str] = os.getcwd()
    except OSError:
        working = None
    found: Dict[str, Dict[str, str]] = {}
    folders = (working, script_folder())
    paths = _paths.get(folders)
    if paths is None:
        _paths.clear()  # the working directory seldom changes: only the last is kept
        paths = _paths[folders] = dotenv_paths(list(folders))
    for path in paths:
        try:
            status = os.stat(path)
            stamp = (status.st_mtime_ns, status.st_size)
            known = _parsed.get(path)
            if known is None or known[0] != stamp:
                with open(path, "rb") as file:
                    text = file.read(1_000_000).decode("utf-8-sig", "replace")
                known = _parsed[path] = (stamp, parse_dotenv(text))
        except (OSError, ValueError):
            continue
        found[path] = known[1]
    return found


def parse_dotenv(text: str) -> Dict[str, str]:
    """The variables of a `.env`: `NAME=value`, `export NAME=value`, or a bare `NAME`.

    Quoted values may span lines, which are then no variables of their own.
    """
    variables: Dict[str, str] = {}
    lines = iter(text.splitlines())
    for line in lines:
        line = line.strip()
        if line.startswith("export "):
            line = line[len("export ") :].lstrip()
        if not line or line.startswith("#"):
            continue
        name, _, value = line.partition("=")
        name, value = name.strip().strip("'\""), value.strip()
        quote = value[:1]
        if quote in ("'", '"'):
            value = value[1:]
            while quote not in value:
                following = next(lines, None)
                if following is None:
                    break
                value += "\n" + following
            value = value.partition(quote)[0]
        else:
            value = value.partition(" #")[0].rstrip()
        variables[name.split("#")[0].strip()] = value
    return variables
