"""`footfall manifest check|write|page TARGET`: for the maintainers of a library and their CI."""

from __future__ import annotations

import argparse
import difflib
import importlib
import json
import os
import pkgutil
import sys
from typing import Any, Dict, List, Optional

from footfall.usage import Usage

FILE = "footfall-manifest.json"


def add_parser(commands: Any) -> None:
    """Add the command to the command line."""
    text = "the declared events of a library, for its maintainers"
    manifest = commands.add_parser("manifest", help=text, description=text)
    actions = manifest.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, help_text in (
        ("check", "fail if code and committed manifest differ (for CI)"),
        ("write", "write the manifest that the code declares"),
        ("page", "print a documentation page for the library's users"),
    ):
        action = actions.add_parser(name, help=help_text, description=help_text)
        action.add_argument("target", help="where the Usage is, as package.module:name")
        if name != "page":
            action.add_argument("file", nargs="?", default=FILE, help=f"default: {FILE}")
        action.add_argument(
            "--this-module-only", action="store_true", help="don't import the package's modules"
        )
        if name == "page":
            _page_options(action)


def _page_options(action: argparse.ArgumentParser) -> None:
    action.add_argument("--format", choices=("md", "rst"), default="md")
    action.add_argument("--project", help="the library's name as people write it")
    action.add_argument("--contact", help="whom to write to about data, an address or a link")
    action.add_argument("--source", help="where the library's source can be read")
    action.add_argument("--insights", help="the public page with the figures")
    action.add_argument("--retention", help="how long events are kept, in words")
    action.add_argument("--why", action="append", default=[], help="a purpose; may be repeated")


def run(given: argparse.Namespace) -> int:
    """Run one action; 1 if the check fails, 2 if the target can't be used."""
    sys.path.insert(0, os.getcwd())
    try:
        usage, problems = load(given.target, everything=not given.this_module_only)
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        print(f"footfall: {given.target}: {error}", file=sys.stderr)
        return 2
    for problem in problems:
        print(f"footfall: {problem}", file=sys.stderr)
    if given.action == "page":
        from footfall.page import About, page

        about = About(
            project=given.project or usage.library,
            contact=given.contact,
            source=given.source,
            insights=given.insights,
            retention=given.retention,
            purposes=tuple(given.why),
        )
        sys.stdout.write(page(usage.manifest(), usage.version, about, given.format))
        return 0
    text = as_text(usage.manifest())
    if given.action == "write":
        with open(given.file, "w", encoding="utf-8") as file:
            file.write(text)
        print(f"{given.file}: {len(usage.manifest()['events'])} events")
        return 0
    return _check(text, given.file, given.target)


def _check(declared: str, path: str, target: str) -> int:
    committed = _read(path)
    if committed is None:
        print(
            f"footfall: there is no {path}; write it: footfall manifest write {target} {path}",
            file=sys.stderr,
        )
        return 1
    if committed == declared:
        print(f"{path} says what the code declares.")
        return 0
    difference = difflib.unified_diff(
        committed.splitlines(), declared.splitlines(), path, f"declared by {target}", lineterm=""
    )
    print("\n".join(difference))
    print(
        f"footfall: code and {path} differ. If the change is meant, review it and run:"
        f" footfall manifest write {target} {path}",
        file=sys.stderr,
    )
    return 1


def _read(path: str) -> Optional[str]:
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except OSError:
        return None
    try:
        return as_text(json.loads(text))  # however it is indented
    except ValueError:
        return text


def as_text(manifest: Dict[str, Any]) -> str:
    """A manifest as it is committed."""
    return json.dumps(manifest, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def load(target: str, everything: bool) -> "tuple[Usage, List[str]]":
    """The `Usage` at `package.module:name`, after importing every module of its package.

    Decorators declare when they are imported, so what isn't imported isn't in the manifest; modules
    that can't be imported here are told.
    """
    module_name, _, attribute = target.partition(":")
    if not attribute:
        raise ValueError("write it as package.module:name, as in nannyml.usage:usage")
    value: Any = importlib.import_module(module_name)
    for part in attribute.split("."):
        value = getattr(value, part)
    if not isinstance(value, Usage):
        raise TypeError(f"{attribute} is a {type(value).__name__}, not a footfall.Usage")
    problems: List[str] = []
    package = sys.modules[module_name.partition(".")[0]]
    if everything and hasattr(package, "__path__"):
        for found in pkgutil.walk_packages(package.__path__, package.__name__ + ".", _ignore):
            if found.name.rpartition(".")[2] in ("__main__", "conftest"):
                continue
            try:
                importlib.import_module(found.name)
            except (Exception, SystemExit) as error:
                problems.append(f"{found.name} can't be imported here: {error}")
    return value, problems


def _ignore(name: str) -> None:
    """A package that can't be imported is reported by `load`."""
