"""The one `Usage` of NannyML in this process. Its collector may become known later than its events.

Decorators run while NannyML is imported, which may be before anybody has said where events go; so
the object is there from the start, and is silent until it is told.
"""

from __future__ import annotations

import os
import sys

from footfall import ConfigurationError, Usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Mapping, Optional

    from footfall.consent import Consent

LIBRARY = "nannyml"
OPT_OUT = "NML_DISABLE_USAGE_LOGGING"
VERSION_PROPERTY = "nannyml_version"
ENDPOINT, WRITE_KEY = "FOOTFALL_NANNYML_ENDPOINT", "FOOTFALL_NANNYML_WRITE_KEY"
_NOWHERE = "https://unset.invalid"  # a name that never leads anywhere (RFC 2606)
_NO_KEY = "unset"


class NannyMLUsage(Usage):
    """NannyML's usage logging: a `Usage` that waits for its collector."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        super().__init__(
            LIBRARY,
            "unknown",
            _NOWHERE,
            _NO_KEY,
            opt_out_env=OPT_OUT,
            version_property=VERSION_PROPERTY,
        )
        self._environ = environ
        endpoint, write_key = environ.get(ENDPOINT), environ.get(WRITE_KEY)
        if endpoint and write_key and endpoint.startswith(("http://", "https://")):
            self.given_endpoint, self.given_write_key = endpoint, write_key

    @property
    def version(self) -> str:
        """NannyML's version; asked for when the first event is made, as NannyML comes later."""
        loaded = getattr(sys.modules.get(LIBRARY), "__version__", None)
        return loaded if isinstance(loaded, str) else _installed_version()

    @version.setter
    def version(self, _unused: str) -> None:
        """What the base class is given before NannyML is there."""

    @property
    def configured(self) -> bool:
        """Whether a collector is known."""
        return self.delivery.endpoint != _NOWHERE and self.delivery.write_key != _NO_KEY

    def configure(self, endpoint: Optional[str] = None, write_key: Optional[str] = None) -> None:
        """Say where events go; what isn't given is taken from the environment.

        Raises ConfigurationError for what can't work, and for a change after the first event.
        """
        endpoint = endpoint or self._environ.get(ENDPOINT)
        write_key = write_key or self._environ.get(WRITE_KEY)
        if not endpoint or not write_key:
            raise ConfigurationError(
                "NANNYML_COLLECTOR",
                "name the collector: install(endpoint=…, write_key=…), or set the variables"
                f" {ENDPOINT} and {WRITE_KEY}",
            )
        if not endpoint.startswith(("http://", "https://")):
            raise ConfigurationError(
                "ENDPOINT", f"the endpoint has to begin with https:// or http://, not {endpoint!r}"
            )
        if (endpoint, write_key) == (self.given_endpoint, self.given_write_key):
            return
        if self.delivery.sender is not None:
            raise ConfigurationError(
                "NANNYML_ALREADY_SENDING",
                f"this process already sends to {self.given_endpoint}: install() before the first"
                " call of NannyML",
            )
        self.given_endpoint, self.given_write_key = endpoint, write_key
        self._reopen()

    def consent(self) -> Consent:
        """The user's consent; without a collector nothing is logged whatever the user says."""
        found = super().consent()
        if found.enabled and not self.configured:
            return found._replace(
                enabled=False,
                reason=f"no collector is known: footfall_nannyml.install(), or {ENDPOINT}",
                source="code",
            )
        return found

    def record(self, event: str, metadata: Mapping[str, Any]) -> None:
        """Log an event that somebody else has timed; `metadata` as NannyML hands it to a logger."""
        from footfall.debug import report

        try:
            if self._tracer.admits():
                self._tracer.append(_call(self, event, metadata))
        except Exception as error:
            report(f"{event!r} could not be logged", error)


def _call(usage: NannyMLUsage, event: str, metadata: Mapping[str, Any]) -> Any:
    from time import perf_counter_ns

    from footfall.declaration import bounded_properties
    from footfall.event import OWN

    values = bounded_properties({k: v for k, v in metadata.items() if k not in OWN})
    name = metadata.get("exception_type") if metadata.get("exception_occurred") else None
    return (
        usage._declaration(event),
        perf_counter_ns(),
        _nanoseconds(metadata.get("run_time")),
        _nanoseconds(metadata.get("process_run_time")),
        usage._tracer.current.get(),
        values,
        _exception(name),
    )


def _nanoseconds(seconds: Any) -> Optional[int]:
    return int(seconds * 1e9) if isinstance(seconds, (int, float)) else None


def _exception(name: Any) -> Optional[type]:
    """A class that goes by this name: of a logger's caller nothing but the name is known."""
    if not isinstance(name, str) or not name:
        return None
    module, _, last = name.rpartition(".")
    return type(last, (Exception,), {"__module__": module or "builtins"})


def _installed_version() -> str:
    from importlib import metadata

    try:
        return metadata.version(LIBRARY)
    except metadata.PackageNotFoundError:
        return "unknown"


usage = NannyMLUsage()
