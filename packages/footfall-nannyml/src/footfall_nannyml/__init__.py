"""NannyML's usage logging through Footfall: the same events, none of the waiting.

`install` points NannyML at a collector, before or after `import nannyml`; `usage_logging` is a
drop-in for the module `nannyml.usage_logging`. Nothing of NannyML is imported here, and nothing at
all before it is needed. Start reading at `install`, then at `usage_logging`.

- `project`: the one `Usage` of NannyML in this process, and where its collector is
- `usage_logging`: the names of `nannyml.usage_logging`, with the signatures that they have there
- `decorating`: how NannyML's declaration of an event becomes Footfall's
- `replacing`: how NannyML, as it is, comes to use them
- `page`: NannyML's manifest, and the page for NannyML's users that is made from it
"""

from __future__ import annotations

__version__ = "0.1.0"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional

    from footfall import Usage


def install(endpoint: Optional[str] = None, write_key: Optional[str] = None) -> Usage:
    """Have NannyML log its usage to this collector, and return what does so.

    It may be called before `import nannyml` (then Segment's client is never imported) or after it.
    What isn't given is taken from `FOOTFALL_NANNYML_ENDPOINT` and `FOOTFALL_NANNYML_WRITE_KEY`.
    Consent is asked at the first call, so a user's opt-out holds as ever.

    Raises footfall.ConfigurationError if address or key are missing or can't be right, or if this
    process already sends to another collector.
    """
    from footfall_nannyml.project import usage
    from footfall_nannyml.replacing import replace

    usage.configure(endpoint, write_key)
    replace()
    return usage


def install_from_environment() -> None:
    """`install` for the way without code: earlier settings in code stay, and nothing is raised."""
    from footfall.debug import report

    from footfall_nannyml.project import usage

    try:
        if not usage.configured:
            install()
        else:
            from footfall_nannyml.replacing import replace

            replace()
    except Exception as error:
        report("NannyML could not be pointed at the collector", error)
