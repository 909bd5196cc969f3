"""How NannyML's declaration of an event becomes Footfall's.

NannyML names attributes of `self` and parameters; attributes are sent as texts, as it always did.
The call is timed and read by Footfall's own wrappers, so every kind of function is timed truly, and
a parameter is found however it is passed.
"""

from __future__ import annotations

import os

from footfall import ConfigurationError
from footfall.buffer import Buffer
from footfall.call import Gate, Tracer, decorate
from footfall.declaration import Declaration
from footfall.event import OWN, exception_name

from footfall_nannyml.events import PROPERTIES, why
from footfall_nannyml.project import usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Mapping, Optional, Sequence

CLOUD = "NML_CLOUD"


class Metadata:
    """What NannyML declares about one event: constants, attributes of `self`, parameters."""

    def __init__(
        self,
        constants: Optional[Mapping[str, Any]] = None,
        from_self: Optional[Sequence[str]] = None,
        from_kwargs: Optional[Sequence[str]] = None,
    ) -> None:
        # NannyML writes each call's figures into the dictionary that it is given: not constants.
        given = {k: v for k, v in (constants or {}).items() if k not in OWN}
        self.constants: Dict[str, Any] = {**given, "nannyml_cloud": CLOUD in os.environ}
        self.from_self = tuple(from_self or ())
        self.from_kwargs = tuple(from_kwargs or ())

    def declaration(self, function: Any) -> Dict[str, Any]:
        """The keywords of `Usage.log` that say the same about this function.

        A parameter that it doesn't have is left out: an import of NannyML never fails for us.
        """
        arguments = [name for name in self.from_kwargs if _takes(function, name)]
        return {
            "arguments": {name: PROPERTIES.get(name, "") for name in arguments},
            "attributes": {name: PROPERTIES.get(name, "") for name in self.from_self},
            "properties": self._texts if self.from_self else self.constants,
            "declares": {name: PROPERTIES.get(name, "") for name in self.constants},
        }

    def _texts(self, **values: Any) -> Dict[str, Any]:
        texts = {name: text(values[name]) for name in self.from_self if name in values}
        return {**self.constants, **texts}


def text(value: Any) -> Any:
    """An attribute as NannyML sends it: its text, or of a list the text of each item."""
    return [str(item) for item in value] if isinstance(value, list) else str(value)


def _takes(function: Any, name: str) -> bool:
    try:
        Declaration("any", arguments=[name], function=function)
    except ConfigurationError:
        return False
    return True


def footfall_logs(event: str, metadata: Metadata, function: Any) -> Any:
    """The function, each call of it an event of NannyML's `Usage`."""
    return usage.log(event, why=why(event), **metadata.declaration(function))(function)


def logger_logs(
    log: Callable[[Dict[str, Any]], None], event: str, metadata: Metadata, function: Any
) -> Any:
    """The function, each call of it handed to `log` as NannyML's metadata, at once."""

    def take(call: Any) -> None:
        declaration, _, run_ns, cpu_ns, _, values, kind = call
        handed = {
            **declaration.constants,
            **(values or {}),
            "run_time": run_ns / 1e9,
            "process_run_time": max(cpu_ns, 0) / 1e9,
            "exception_occurred": kind is not None,
        }
        if kind is not None:
            handed["exception_type"] = exception_name(kind)
        log(handed)

    def declare(plain: Any) -> Declaration:
        return Declaration(event, function=plain, **metadata.declaration(plain))

    gate, buffer = Gate(lambda: True, 0), Buffer(None)
    gate.open, buffer.sink = True, take
    return decorate(Tracer(gate, buffer), declare, function)
