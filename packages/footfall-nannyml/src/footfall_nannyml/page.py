"""NannyML's manifest, and the page for NannyML's users that is made from it.

    python -m footfall_nannyml.page manifest > manifest.json   # where NannyML is installed
    python -m footfall_nannyml.page page > nannyml.md          # anywhere, from the kept manifest

The manifest is what the decorators of NannyML itself declare; it is kept beside this module, so
that the page can be made, and events be checked against it, without NannyML.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any, Dict, List

from footfall.install import from_machine
from footfall.page import About, example_event, page

from footfall_nannyml.events import PROPERTIES, UsageEvent
from footfall_nannyml.project import LIBRARY, OPT_OUT

VERSION = "0.13.1"  # of the NannyML that the kept manifest was made with
FILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "manifest.json")
CLOUD = "nannyml_cloud"


def kept_manifest() -> Dict[str, Any]:
    """The manifest of NannyML `VERSION`."""
    with open(FILE, encoding="utf-8") as file:
        kept: Dict[str, Any] = json.load(file)
    return kept


def declared_manifest() -> Dict[str, Any]:
    """The manifest of the NannyML that is installed here, which is imported for it."""
    from footfall_nannyml import install

    usage = install("https://usage.invalid", "unused")
    import nannyml.cli
    import nannyml.io.db  # noqa: F401 - neither is imported by `import nannyml`

    return tidied(usage.manifest())


def tidied(manifest: Dict[str, Any]) -> Dict[str, Any]:
    """What each event carries alike is common to all: said once, and no value of this machine."""
    for event in manifest["events"].values():
        event["properties"].pop(CLOUD, None)
    manifest["common"][CLOUD] = {"type": "boolean", "why": PROPERTIES[CLOUD]}
    return manifest


def as_text(manifest: Dict[str, Any]) -> str:
    """A manifest as it is kept."""
    return json.dumps(manifest, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def example(manifest: Dict[str, Any]) -> Dict[str, Any]:
    """The event that NannyML's users know: a plot in a container that fails."""
    name = UsageEvent.DLE_PLOT.value
    event = example_event(
        {**manifest, "events": {name: manifest["events"][name]}},
        VERSION,
        LIBRARY,
        from_machine(LIBRARY, "an example"),
    )
    event["properties"].update(
        {
            "kind": "performance",
            "exception_occurred": True,
            "exception_type": "nannyml.exceptions.InvalidArgumentsException",
            "run_time": 0.0000126,
            "process_run_time": 0.0000126,
            "runtime_environment": "docker",
            "ephemeral": True,
            CLOUD: False,
        }
    )
    return event


def about(manifest: Dict[str, Any]) -> About:
    """What NannyML tells its users beside what the manifest holds."""
    return About(
        project="NannyML",
        contact="the NannyML team: <https://github.com/NannyML/nannyml/issues>",
        source="<https://github.com/NannyML/nannyml> for what is logged, and the packages"
        " `footfall` and `footfall_nannyml` on your own disk for how.",
        purposes=(
            "to improve NannyML and to decide what to build next: which functions are used often,"
            " and which not at all",
            "to tackle long processing times and to prevent exceptions that break a feature",
            "to illustrate traction for those who fund the work, now or in the future",
        ),
        functions=(
            "fitting any calculator or estimator,",
            "calculating or estimating with it,",
            "plotting results,",
            "ranking columns by their drift,",
            "writing results to the filesystem, as a pickle, or to a database,",
            "running NannyML by its command line.",
        ),
        reasons=REASONS,
        commands=(
            (
                "A Python script",
                f"{OPT_OUT}=1 python my_monitoring_script_with_nannyml.py",
            ),
            ("The command line", f"{OPT_OUT}=1 nml -c nann.yml run"),
            ("A container", f"docker run -e {OPT_OUT}=1 nannyml/nannyml"),
        ),
        in_code="import nannyml as nml\n\n"
        "nml.disable_usage_logging()  # turn usage analytics off\n"
        "nml.enable_usage_logging()  # turn them back on",
        example=example(manifest),
    )


REASONS = (
    (
        "Improving NannyML and prioritizing new features",
        "An easy claim, and a serious one. NannyML is a library on your system and no service of"
        " ours, so without these figures nobody could tell which functionality is used, where it is"
        " slow, and where it breaks.",
    ),
    (
        "Surviving as a company",
        "What NannyML is built on should be available to everybody, for free, forever; so the"
        " library earns nothing, and the work depends on investors. We want to know what to work"
        " on, and they want to verify that it is worth paying for. Aggregate usage statistics are"
        " the figures for both.",
    ),
)


def users_page() -> str:
    """The page in Markdown, from the kept manifest."""
    kept = kept_manifest()
    return page(kept, VERSION, about(kept), "md")


def main(arguments: List[str]) -> int:
    """Print one of the two."""
    if arguments == ["manifest"]:
        sys.stdout.write(as_text(declared_manifest()))
    elif arguments == ["page"]:
        sys.stdout.write(users_page())
    else:
        sys.stderr.write("python -m footfall_nannyml.page manifest|page\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
