"""The page for a library's users: what is logged, why, and how to stop it, made from the manifest.

As complete as a hand-written page, and never out of date: it is made from what the code declares.
"""

from __future__ import annotations

import json
from typing import Any, Dict, NamedTuple, Optional, Tuple

from footfall.install import NOBODY, from_machine
from footfall.markup import Document, Markdown, Rst


class About(NamedTuple):
    """What the manifest can't know about a project; what is empty is left out of the page.

    `functions`: in plain words, what is logged. `commands`: how the variable is set, each with a
    caption. `in_code`: Python that turns logging off and on. `reasons`: headed paragraphs that say
    more of why. `example`: an event in its wire form, instead of a made-up one.
    """

    project: str
    contact: Optional[str] = None
    source: Optional[str] = None
    insights: Optional[str] = None
    retention: Optional[str] = None
    purposes: Tuple[str, ...] = ()
    functions: Tuple[str, ...] = ()
    commands: Tuple[Tuple[str, str], ...] = ()
    in_code: Optional[str] = None
    reasons: Tuple[Tuple[str, str], ...] = ()
    example: Optional[Dict[str, Any]] = None


PURPOSES = (
    "to see which functions are used, by how many, and which are not used at all",
    "to notice errors and long run times after a release",
    "to know which versions of Python and which systems have to be supported",
    "to show that the project is used to those who pay for its development",
)
_MANY_EVENTS = 12  # more are listed in a table instead of under headings
_EXAMPLES = {
    "run_time": 0.0126, "process_run_time": 0.0124, "exception_occurred": False,
    "exception_type": None, "python_version": "3.12.1", "os_type": "Linux",
    "runtime_environment": "notebook", "ci": False, "ephemeral": False,
    "session_id": "5f0c6c1e0b7d4b0f9a56c3f7a2d1e480", "parent": None, "weight": 1,
}  # fmt: skip
_BY_TYPE = {"string": "a text", "number": 1, "boolean": True, "array": ["a text"], "any": "a text"}
_INSTALL = {
    "hardware": (
        "A fingerprint of the machine: a one-way hash (HMAC-SHA-256) of the id that the operating"
        " system gives to the machine, keyed by the library's name. The same machine gives the same"
        " id, so that repeated use can be told from many users; another library gets another, and"
        " the hardware's own number can't be found from it and is never sent. In a container the id"
        " lasts no longer than the container, and events say so (`ephemeral`)."
    ),
    "random": (
        "A random number, drawn at the first event and kept in your state directory. It tells"
        " repeated use from many users and is derived from nothing."
    ),
    "none": "None. Every event carries the same id, so nobody's events can be told from another's.",
}


def example_event(
    manifest: Dict[str, Any],
    version: str,
    library: str,
    install_id: Optional[str] = None,
    environment: Optional[Dict[str, Any]] = None,
) -> Dict[str, Any]:
    """An event in its wire form, with made-up values for all that a real call would fill in."""
    events = manifest.get("events") or {}
    name = next(iter(events), f"{library} function")
    properties: Dict[str, Any] = {}
    for key, described in (events.get(name, {}).get("properties") or {}).items():
        values = described.get("values")
        properties[key] = values[0] if values else _BY_TYPE.get(described.get("type"), "a text")
    for key in manifest.get("common") or _EXAMPLES:
        if key in _EXAMPLES:
            properties[key] = _EXAMPLES[key]
    properties.update(library=library, library_version=version, **(environment or {}))
    for key in manifest.get("common") or ():
        if key not in properties and key != "ci_name":
            properties[key] = version
    return {
        "event": name, "userId": install_id or NOBODY,
        "messageId": "0198c0de-0000-7000-8000-000000000000",
        "timestamp": "2026-01-05T13:00:00.000000Z", "properties": properties,
    }  # fmt: skip


def page(manifest: Dict[str, Any], version: str, about: About, form: str) -> str:
    """The page in Markdown (`md`) or reStructuredText (`rst`)."""
    document = Markdown() if form == "md" else Rst()
    for section in (_summary, _what, _personal, _purpose, _how, _choice, _stop, _rights):
        section(document, manifest, version, about)
    return document.text()


def _summary(doc: Document, manifest: Dict[str, Any], version: str, about: About) -> None:
    doc.title(f"Usage logging in {about.project}")
    doc.heading("In short")
    points = [
        f"We collect anonymous statistics about which functions of {about.project} are used.",
        "We collect nothing about who you are, and nothing of your data.",
        f"You can stop it at any time: `{manifest['opt_out_env']}=1`, and"
        " [other ways](#how-to-disable-usage-logging).",
        f"You can see every event before and after it is sent: `footfall show"
        f" {manifest['library']}`, `footfall log {manifest['library']}`.",
        f"You can have all of it deleted: `footfall erase {manifest['library']}`.",
    ]
    if about.insights:
        points.append(f"The figures are public: {about.insights}")
    doc.bullets(points)


def _what(doc: Document, manifest: Dict[str, Any], version: str, about: About) -> None:
    doc.heading("What is collected")
    doc.paragraph(
        f"Each time one of these functions of {about.project} is called, one small package of data"
        " is logged. Where a function is called very often, only some of the calls are sent, each"
        " with the number of calls that it stands for."
    )
    if about.functions:
        doc.paragraph("The functions are these:")
        doc.bullets(list(about.functions))
    if len(manifest["events"]) > _MANY_EVENTS:
        _many_events(doc, manifest)
    else:
        _few_events(doc, manifest)
    _common(doc, manifest, version, about)


def _many_events(doc: Document, manifest: Dict[str, Any]) -> None:
    described: Dict[str, Dict[str, Any]] = {}
    rows = []
    for name, event in sorted(manifest["events"].items()):
        described.update(event["properties"])
        sent = ", ".join(f"`{key}`" for key in sorted(event["properties"])) or "nothing"
        rows.append((name, sent, event["why"]))
    doc.table(("Event", "Sent of the call itself", "Why"), rows)
    if described:
        doc.paragraph("What these properties are:")
        doc.table(
            ("Property", "Value", "Why"),
            [
                (f"`{key}`", _type(one), one["why"] or _origin(one))
                for key, one in sorted(described.items())
            ],
        )


def _few_events(doc: Document, manifest: Dict[str, Any]) -> None:
    for name, event in sorted(manifest["events"].items()):
        doc.subheading(name)
        if event["why"]:
            doc.paragraph(event["why"])
        rows = [
            (f"`{key}`", _type(described), described["why"] or _origin(described))
            for key, described in event["properties"].items()
        ]
        if rows:
            doc.table(("Property", "Value", "Why"), rows)
        else:
            doc.paragraph("Nothing of the call itself is sent.")
        if event.get("computed"):
            doc.paragraph("Further properties are computed by the library's own code.")


def _common(doc: Document, manifest: Dict[str, Any], version: str, about: About) -> None:
    doc.heading("What every event carries")
    doc.bullets([
        "**Environment**: whether the code runs in a script, a notebook, a container, a cluster or"
        " continuous integration; the versions of Python and of the library; the operating system."
        " No network request is ever made to find out.",
        "**Execution**: the name of the function, the declared values above, how long the call took"
        " and whether it ended in an exception: the exception's class, never its message.",
        f"**Identification**: {_INSTALL[manifest['install']]}",
    ])  # fmt: skip
    rows = [(f"`{k}`", d["type"], d["why"]) for k, d in sorted(manifest["common"].items())]
    doc.table(("Property", "Type", "Meaning"), rows)
    doc.paragraph("This is what such a package of data looks like:")
    library = manifest["library"]
    shown = from_machine(library, "an example") if manifest["install"] != "none" else NOBODY
    example = about.example or example_event(manifest, version, library, shown)
    doc.code("json", json.dumps(example, indent=2))


def _personal(doc: Document, manifest: Dict[str, Any], version: str, about: About) -> None:
    doc.heading("What about personal data?")
    text = (
        "Apart from the install id nothing leads back to your machine, let alone to you. No name,"
        " no address, no path, no host name is collected, and the collector keeps no IP address."
    )
    if about.source:
        text += f" Don't take our word for it, read the source: {about.source}"
    doc.paragraph(text)
    doc.heading("What about my data?")
    doc.paragraph(
        "Arguments are never logged, except for those named above. Of these only short texts (up to"
        " 200 characters), numbers, yes or no, and short lists of them are sent; of anything else,"
        " such as a table or an array, nothing but the name of its type. Nothing is collected about"
        " the structure, the size or the contents of your data."
    )


def _purpose(doc: Document, manifest: Dict[str, Any], version: str, about: About) -> None:
    doc.heading("Why we do this")
    doc.paragraph(
        f"{about.project} runs on your machine, not on a server of ours; without this we would know"
        " nothing about how it is used. We use the figures:"
    )
    doc.bullets(list(about.purposes or PURPOSES))
    for heading, text in about.reasons:
        doc.subheading(heading)
        doc.paragraph(text)


def _how(doc: Document, manifest: Dict[str, Any], version: str, about: About) -> None:
    doc.heading("How it works")
    doc.numbered([
        "The functions named above carry a decorator. It notes the time before and after the call,"
        " which takes about a millionth of a second, and changes nothing about the call.",
        "A background thread sends what was noted every few seconds. What can't be sent waits on"
        " your disk, 5 MB and 14 days at the most, and is sent by a later run.",
        "A collector that the project runs itself takes the events and turns them into figures. No"
        " third party is involved."
        + (f" Events are kept for {about.retention}." if about.retention else ""),
    ])  # fmt: skip
    doc.paragraph(
        "An error of the logging never reaches your program, and your program never waits for the"
        " network; at its end it may wait for 0.05 seconds (1 second in a container, whose disk"
        " goes away with it)."
    )


def _choice(doc: Document, manifest: Dict[str, Any], version: str, about: About) -> None:
    doc.heading("To opt in or to opt out?")
    doc.paragraph(
        "Few people would take the trouble to turn such a thing on, ourselves included, and figures"
        " from those few would mislead. So usage logging is on unless you turn it off, since:"
    )
    doc.bullets(
        [
            "nothing is collected that could identify you,",
            "nothing is collected about the data that you work with,",
            "it is easy to turn off, and nothing else changes if you do.",
        ]
    )


def _stop(doc: Document, manifest: Dict[str, Any], version: str, about: About) -> None:
    name, library = manifest["opt_out_env"], manifest["library"]
    doc.heading("How to disable usage logging")
    doc.paragraph("Any one of these is enough, and holds at once.")
    doc.subheading("By an environment variable")
    doc.paragraph(
        "Set it before a script, a command or a container runs. Its value doesn't matter, as long"
        " as it is there. `FOOTFALL_DISABLE` does the same for every library that logs usage by"
        " Footfall; `DO_NOT_TRACK=1` is honoured too."
    )
    if about.commands:
        for caption, command in about.commands:
            doc.paragraph(f"{caption}:")
            doc.code("bash", command)
    else:
        doc.code("bash", f"{name}=1 python my_script.py\ndocker run -e {name}=1 my-image")
    doc.subheading("By a .env file")
    doc.paragraph(
        "Put the same line into a file named `.env` in the directory of your script, in the working"
        " directory, or in a directory above. The file is read for this alone, and nothing in it is"
        " loaded into the environment."
    )
    doc.code("bash", f"{name}=1")
    doc.subheading("By a command, for good")
    doc.paragraph("Without a name, it holds for every library, also for those that you add later.")
    doc.code("bash", f"footfall off {library}\nfootfall off")
    doc.paragraph("`python -m footfall off` does the same, and `footfall on` takes it back.")
    doc.subheading("In code")
    doc.code(
        "python",
        about.in_code
        or f"from {library} import usage  # where the library keeps it\n\n"
        "usage.disable()  # for this process\nusage.opt_out()  # for good",
    )


def _rights(doc: Document, manifest: Dict[str, Any], version: str, about: About) -> None:
    library = manifest["library"]
    doc.heading("See it, and have it deleted")
    doc.code(
        "bash",
        f"footfall status {library}  # is it on, and who said so\n"
        f"footfall show {library}    # what waits to be sent, exactly as it would be sent\n"
        f"footfall log {library}     # what was sent\n"
        f"footfall erase {library}   # delete all of it at the collector, with a receipt",
    )
    if about.contact:
        doc.paragraph(f"For any question about this, or about your data, write to {about.contact}.")


def _type(described: Dict[str, Any]) -> str:
    values = described.get("values")
    if values:
        return "always " + " or ".join(f"`{json.dumps(value)}`" for value in values)
    return "a short value" if described["type"] == "any" else str(described["type"])


def _origin(described: Dict[str, Any]) -> str:
    return {
        "argument": "an argument of the call",
        "attribute": "an attribute of the object",
        "constant": "tells like functions apart",
        "computed": "computed by the library",
    }[described["from"]]
