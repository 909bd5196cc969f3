"""The install id: tells one machine's events of one library from another's, and nothing else.

`hardware` (the default) is the HMAC-SHA-256 of the machine's own id, keyed by the library's name,
written as a UUID: the same machine gives the same id to one library and unlinkable ids to
different libraries, and the hardware value itself never leaves the machine. `random` is drawn once
and kept in the user's state; `none` is the nil UUID for everybody.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import sys

from footfall.environment import Probe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple, Optional

    from footfall.state import LibraryState

    class Install(NamedTuple):
        """An id, and whether it outlives this process."""

        id: str
        lasting: bool

else:
    from collections import namedtuple

    Install = namedtuple("Install", "id lasting")

KINDS = ("hardware", "random", "none")
NOBODY = "00000000-0000-0000-0000-000000000000"


def install(kind: str, library: str, state: LibraryState, probe: Probe, write: bool) -> Install:
    """The id of this install; with `write` a random one is remembered."""
    if kind == "none":
        return Install(NOBODY, False)
    if kind == "hardware":
        machine = machine_id(probe)
        if machine is not None:
            return Install(from_machine(library, machine), True)
    return _random(state, write)


def from_machine(library: str, machine: str) -> str:
    """A version 8 UUID (RFC 9562) that can't be turned back into the machine's id."""
    key = b"footfall install id\0" + library.encode("utf-8", "replace")
    return _uuid(hmac.new(key, machine.encode(), hashlib.sha256).digest()[:16], 8)


def machine_id(probe: Probe) -> Optional[str]:
    """What the system calls this machine: a machine-id, IOPlatformUUID, MachineGuid, else a MAC."""
    for path in ("/etc/machine-id", "/var/lib/dbus/machine-id"):
        found = probe.read(path).strip()
        if len(found) >= 32 and found != "uninitialized":
            return found
    if probe.platform == "darwin":
        return _darwin()
    if probe.platform == "win32":
        return _windows()
    return mac_address(probe)


def mac_address(probe: Probe) -> Optional[str]:
    """The lowest MAC that a manufacturer gave; addresses made up by software identify nothing."""
    try:
        names = sorted(os.listdir("/sys/class/net"))
    except OSError:
        names = []
    burnt_in = []
    for name in names:
        address = probe.read(f"/sys/class/net/{name}/address").strip().lower()
        if len(address) == 17 and address != "00:00:00:00:00:00" and not int(address[:2], 16) & 3:
            burnt_in.append(address)
    return min(burnt_in) if burnt_in else None


def _darwin() -> Optional[str]:
    """IOPlatformUUID by the C library, without a child process."""
    try:
        import ctypes

        buffer = (ctypes.c_ubyte * 16)()
        wait = (ctypes.c_long * 2)(1, 0)  # struct timespec: one second
        if ctypes.CDLL(None).gethostuuid(buffer, wait) == 0 and any(buffer):
            return bytes(buffer).hex()
    except Exception:
        return None
    return None


def _windows() -> Optional[str]:
    if sys.platform == "win32":
        try:
            import winreg

            place = r"SOFTWARE\Microsoft\Cryptography"
            access = winreg.KEY_READ | winreg.KEY_WOW64_64KEY
            with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, place, 0, access) as key:
                return str(winreg.QueryValueEx(key, "MachineGuid")[0])
        except OSError:
            return None
    return None


def _random(state: LibraryState, write: bool) -> Install:
    from footfall.state import read_json, write_json

    path = state.path("install.json")
    known = read_json(path).get("id")
    if isinstance(known, str) and len(known) == 36:
        return Install(known, True)
    drawn = _uuid(os.urandom(16), 4)
    if write and path is not None and write_json(path, {"id": drawn}):
        return Install(drawn, True)
    return Install(drawn, False)


def _uuid(raw: bytes, version: int) -> str:
    text = raw.hex()
    variant = "89ab"[int(text[16], 16) & 3]
    text = f"{text[:12]}{version:x}{text[13:16]}{variant}{text[17:]}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
