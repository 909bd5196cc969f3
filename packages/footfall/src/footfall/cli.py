"""`footfall`: the command line of the library's user, and the manifest tools of its maintainers."""

from __future__ import annotations

import argparse
import json
import os
import sys
from typing import Any, Dict, List, Optional, Sequence

from footfall import __version__, consent, history, state
from footfall.delivery import SPOOL_FOLDER
from footfall.environment import Probe, ci_service, describe
from footfall.install import install
from footfall.spool import Spool
from footfall.status import Status


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Run one command; the exit status is 0 if it did what it says, 1 if not, 2 if misused."""
    parser = _parser()
    given = parser.parse_args(arguments)
    if given.command == "manifest":
        from footfall import manifest_cli

        return manifest_cli.run(given)
    if given.command is None:
        parser.print_help()
        return 2
    home = state.home(os.environ)
    try:
        return int(_COMMANDS[given.command](home, given.library))
    except BrokenPipeError:
        sys.stderr.close()
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="footfall", description="See and control the usage logging of Python libraries."
    )
    parser.add_argument("--version", action="version", version=f"footfall {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    for name, help_text in (
        ("status", "is usage logged, why, and how much waits to be sent"),
        ("on", "allow it, for one library or for all"),
        ("off", "stop it at once, for one library or for all, future ones too"),
        ("show", "print the events that wait, as they would be sent"),
        ("log", "print the events that were sent"),
        ("erase", "have the collector delete everything of this install; prints a receipt"),
    ):
        command = commands.add_parser(name, help=help_text, description=help_text)
        command.add_argument("library", nargs="?", metavar="LIBRARY", help="default: every library")
    from footfall.manifest_cli import add_parser

    add_parser(commands)
    return parser


class Known:
    """A library that has logged on this machine, or that the user names."""

    def __init__(self, home: Optional[str], library: str) -> None:
        self.library = library
        self.state = state.LibraryState(home, library)
        self.description: Dict[str, Any] = self.state.description()
        self.lost: Dict[str, float] = {}
        self.spool = Spool(self.state.path(SPOOL_FOLDER), self._lose)
        manifest = self.description.get("manifest")
        self.manifest: Dict[str, Any] = manifest if isinstance(manifest, dict) else {}
        self.endpoint = str(self.description.get("endpoint", ""))

    def _lose(self, reason: str, weight: float) -> None:
        self.lost[reason] = self.lost.get(reason, 0) + weight

    def install_id(self) -> Optional[str]:
        """The install id that this library's events carry."""
        kind = str(self.manifest.get("install", "hardware"))
        found = install(kind, self.library, self.state, Probe(), write=False)
        return found.id if found.lasting else None

    def status(self) -> Status:
        """What holds for a process that starts here and now."""
        name = self.manifest.get("opt_out_env") or consent.variable(self.library)
        decided = consent.decide(
            None,
            str(name),
            os.environ,
            consent.read_dotenvs(),
            state.choice(self.state.root, self.library),
            bool(self.description.get("in_ci", True)),
            ci_service(os.environ),
        )
        pending = self.spool.waiting()
        sent = float(len(history.lines(self.state)))
        return Status(*decided, self.endpoint, self.install_id(), pending, sent, self.lost)


def _known(home: Optional[str], library: Optional[str]) -> List[Known]:
    names = [library] if library else state.libraries(home)
    return [Known(home, name) for name in names]


def _status(home: Optional[str], library: Optional[str]) -> int:
    known = _known(home, library)
    for one in known:
        status = one.status()
        print(f"{one.library}: {'on' if status.enabled else 'off'} ({status.reason})")
        print(f"  source      {status.source}")
        print(f"  endpoint    {status.endpoint or 'unknown: it has not logged anything here yet'}")
        print(f"  install id  {status.install_id or 'none yet'}")
        print(f"  pending     {status.pending:g} calls wait on disk")
        print(f"  sent        {status.sent:g} events in the log of what was sent")
    if not known:
        print("No library has logged usage on this machine.")
    general = state.choices(home).get(state.EVERY_LIBRARY)
    if general:
        print(f"For every library that isn't listed: {general}.")
    print(f"State is kept in {home or '(nowhere: there is no home directory)'}.")
    return 0


def _on(home: Optional[str], library: Optional[str]) -> int:
    return _choose(home, library, "on")


def _off(home: Optional[str], library: Optional[str]) -> int:
    return _choose(home, library, "off")


def _choose(home: Optional[str], library: Optional[str], value: str) -> int:
    whom = library or "every library, those that you install later too"
    if not state.choose(home, value, library or state.EVERY_LIBRARY):
        print(
            f"This could not be remembered: {home or 'there is no home directory'}"
            " can't be written. Set FOOTFALL_DISABLE=1 in the environment instead."
            if value == "off"
            else f"This could not be remembered in {home}.",
            file=sys.stderr,
        )
        return 1
    print(f"Usage logging is {value} for {whom}.")
    for one in _known(home, library):
        if value == "off":
            gone = one.spool.erase()["weight"]
            if gone:
                print(f"{one.library}: {gone:g} calls that waited to be sent were deleted.")
        status = one.status()
        if status.enabled != (value == "on"):
            print(
                f"{one.library}: but it is {'on' if status.enabled else 'off'} here,"
                f" since {status.reason}."
            )
    return 0


def _show(home: Optional[str], library: Optional[str]) -> int:
    for one in _known(home, library):
        waiting = [event for event in one.spool.peek() if event.body]
        for event in waiting:
            print(json.dumps(json.loads(event.body), indent=2))
        if not waiting:
            _say(f"{one.library}: nothing waits to be sent; this is what an event looks like.")
            print(json.dumps(_example(one), indent=2))
    return 0


def _example(one: Known) -> Dict[str, Any]:
    """An event of a library as this machine would send it, with made-up values for a call's own."""
    from footfall.page import example_event

    return example_event(
        one.manifest,
        str(one.description.get("version", "?")),
        one.library,
        one.install_id(),
        describe(Probe()),
    )


def _log(home: Optional[str], library: Optional[str]) -> int:
    for one in _known(home, library):
        for line in history.lines(one.state):
            print(line)
    return 0


def _erase(home: Optional[str], library: Optional[str]) -> int:
    failed = 0
    known = _known(home, library)
    if not known:
        _say("No library has logged usage on this machine; there is nothing to erase.")
    for one in known:
        failed += not _erase_one(one)
    return 1 if failed else 0


def _erase_one(one: Known) -> bool:
    from footfall.transport import Transport, Unreachable

    waited = one.spool.erase()["weight"]
    install_id, key = one.install_id(), str(one.description.get("write_key", ""))
    endpoint = os.environ.get("FOOTFALL_ENDPOINT") or one.endpoint
    key = os.environ.get("FOOTFALL_WRITE_KEY") or key
    if not endpoint or not key or install_id is None:
        history.erase(one.state)
        _say(f"{one.library}: nothing to ask for, it has not sent anything under a lasting id.")
        return True
    try:
        status, receipt = Transport(endpoint, key).erase(install_id)
    except Unreachable as error:
        _say(
            f"{one.library}: {endpoint} can't be reached ({error}); nothing there was erased."
            " Try again later."
        )
        return False
    if status not in (200, 202):
        _say(
            f"{one.library}: {endpoint} answered {status}"
            f" ({receipt.get('message', 'no reason given')}); nothing there was erased."
        )
        return False
    deleted = history.erase(one.state)
    print(
        json.dumps(
            {
                "library": one.library,
                "endpoint": endpoint,
                "install": install_id,
                "receipt": receipt,
                "deleted_here": {"waiting_calls": waited, "logged_events": deleted},
            },
            indent=2,
        )
    )
    return True


def _say(text: str) -> None:
    print(text, file=sys.stderr)


_COMMANDS = {
    "status": _status,
    "on": _on,
    "off": _off,
    "show": _show,
    "log": _log,
    "erase": _erase,
}
