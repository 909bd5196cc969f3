"""The manifest: every event that a library declares, with its properties, their types and why.

Maintainers commit it; `footfall manifest check` tells when code and manifest differ; the collector
can enforce it as an allow-list; the page for the library's users is made from it.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List

    from footfall.declaration import Declaration
    from footfall.usage import Usage

FORMAT = 1
COMMON = {
    "run_time": ("number", "seconds from the call's start to its end"),
    "process_run_time": ("number", "seconds of processor time during the call"),
    "exception_occurred": ("boolean", "whether the call ended in an exception"),
    "exception_type": ("string", "the class of that exception, never its message"),
    "library": ("string", "the library's name"),
    "library_version": ("string", "the library's version"),
    "python_version": ("string", "the version of Python"),
    "os_type": ("string", "the operating system: Linux, Darwin or Windows"),
    "runtime_environment": ("string", "script, notebook, container or cluster"),
    "ci": ("boolean", "whether this ran in continuous integration"),
    "ci_name": ("string", "the name of that service"),
    "ephemeral": ("boolean", "whether the install id outlives the container or job"),
    "session_id": ("string", "a random id of this process, new for each"),
    "parent": ("string", "the event whose call made this one"),
    "weight": ("number", "how many calls this event stands for"),
}


def manifest(usage: Usage) -> Dict[str, Any]:
    """The manifest of a library, as JSON."""
    events = {name: _event(usage.declarations[name]) for name in sorted(usage.declarations)}
    common = {name: {"type": kind, "why": why} for name, (kind, why) in COMMON.items()}
    if usage.version_property:
        common[usage.version_property] = {"type": "string", "why": "the library's version"}
    return {
        "manifest": FORMAT,
        "library": usage.library,
        "opt_out_env": usage.opt_out_env,
        "install": usage.install,
        "common": common,
        "events": events,
    }


def _event(declarations: List[Declaration]) -> Dict[str, Any]:
    properties: Dict[str, Any] = {}
    for declaration in declarations:
        for name, described in _properties(declaration).items():
            known = properties.get(name)
            if known is None:
                properties[name] = described
            elif known != described:
                properties[name] = _merged(known, described)
    whys = [declaration.why for declaration in declarations if declaration.why]
    event: Dict[str, Any] = {"why": whys[0] if whys else "", "properties": properties}
    if any(d.compute is not None and not d.declares for d in declarations):
        event["computed"] = True  # more properties may come, which the code doesn't name
    return event


def _properties(declaration: Declaration) -> Dict[str, Dict[str, Any]]:
    whys = {**declaration.whys, **declaration.declares}
    described: Dict[str, Dict[str, Any]] = {}
    for name, _, _ in declaration.parameters:
        described[name] = {"type": declaration.types.get(name, "any"), "from": "argument"}
    for name in declaration.attributes:
        described[name] = {"type": "any", "from": "attribute"}
    for name, value in declaration.constants.items():
        described[name] = {"type": json_type(value), "from": "constant", "values": [value]}
    for name in declaration.declares:
        described[name] = {"type": "any", "from": "computed"}
    for name, property_ in described.items():
        property_["why"] = whys.get(name, "")
    return dict(sorted(described.items()))


def _merged(one: Dict[str, Any], other: Dict[str, Any]) -> Dict[str, Any]:
    merged = dict(one)
    if one["type"] != other["type"]:
        merged["type"] = "any"
    if "values" in one and "values" in other:
        merged["values"] = one["values"] + [v for v in other["values"] if v not in one["values"]]
    else:
        merged.pop("values", None)
    merged["why"] = one["why"] or other["why"]
    return merged


def json_type(value: Any) -> str:
    """The JSON type of a bounded value."""
    if value is None:
        return "null"
    names = {bool: "boolean", int: "number", float: "number", str: "string", list: "array"}
    return names.get(type(value), "any")


def describe_library(usage: Usage, endpoint: str, write_key: str) -> Dict[str, Any]:
    """What a library leaves for its user's command line at its first event."""
    return {
        "library": usage.library,
        "version": usage.version,
        "endpoint": endpoint,
        "write_key": write_key,
        "in_ci": usage.in_ci,
        "manifest": manifest(usage),
    }
