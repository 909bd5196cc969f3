"""How NannyML, unmodified, comes to log through Footfall.

Before NannyML is imported: a finder answers for `nannyml.usage_logging` alone, once, with the
drop-in's names, and Segment's client is never imported. After: every function that NannyML's
decorator has wrapped, wherever it is held (a class, a command of `click`, a name that somebody
imported), gets the drop-in's wrapper inside, in place of NannyML's own; and the names are replaced
for modules that NannyML imports later. Nothing on disk is ever changed.
"""

from __future__ import annotations

import gc
import sys
from types import FunctionType, ModuleType

from footfall.debug import report

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from types import CodeType
    from typing import Any, Dict, List, Optional, Sequence

TARGET = "nannyml.usage_logging"
_NAMES = (
    "DEFAULT_USAGE_LOGGER",
    "SegmentUsageTracker",
    "UsageLogger",
    "disable_usage_logging",
    "enable_usage_logging",
    "get_logger",
    "log_usage",
)


def replace() -> None:
    """Replace NannyML's usage logging now, or when it is imported. A second time does nothing."""
    module = sys.modules.get(TARGET)
    if module is not None:
        _replace_loaded(module)
    elif not any(isinstance(finder, Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, Finder())


class Finder:
    """Answers for `nannyml.usage_logging` with the drop-in; for everything else it isn't there."""

    def find_spec(
        self,
        fullname: str,
        path: Optional[Sequence[str]] = None,
        target: Optional[ModuleType] = None,
    ) -> Optional[ModuleSpec]:
        """The module's spec; None for another module, or if the drop-in can't be imported."""
        if fullname != TARGET:
            return None
        try:
            from importlib.machinery import ModuleSpec

            from footfall_nannyml import usage_logging
        except Exception as error:
            report("NannyML keeps its own usage logging", error)
            return None
        spec = ModuleSpec(fullname, self, origin=usage_logging.__file__)  # type: ignore[arg-type]
        spec.has_location = True
        return spec

    def create_module(self, spec: ModuleSpec) -> None:
        """An ordinary module is made."""

    def exec_module(self, module: ModuleType) -> None:
        """Fill it with what the drop-in has."""
        from footfall_nannyml import usage_logging

        module.__doc__ = usage_logging.__doc__
        for name in usage_logging.__all__:
            setattr(module, name, getattr(usage_logging, name))
        if self in sys.meta_path:
            sys.meta_path.remove(self)


def _replace_loaded(module: ModuleType) -> None:
    from footfall_nannyml import usage_logging

    if module.log_usage is usage_logging.log_usage:
        return
    wrapper = wrapper_code(module.log_usage)
    tracker = module.SegmentUsageTracker
    _replace_names(module, usage_logging)
    # Whatever still calls NannyML's own logger, an unknown wrapper too, comes this way.
    tracker._log = usage_logging.SegmentUsageTracker._log
    if wrapper is None:
        report("this NannyML wraps in another way than 0.13.1: its calls go by its own logger")
        return
    for function in gc.get_referrers(wrapper):
        if isinstance(function, FunctionType):
            _replace_wrapper(function, tracker)


def _replace_names(module: ModuleType, ours: ModuleType) -> None:
    """In every module of NannyML, where the name still means what NannyML gave it."""
    theirs = {name: getattr(module, name) for name in _NAMES}
    for name, each in list(sys.modules.items()):
        if name == "nannyml" or name.startswith("nannyml."):
            for key, value in theirs.items():
                if vars(each).get(key) is value:
                    setattr(each, key, getattr(ours, key))


def _passing_on() -> CodeType:
    """The code of a wrapper that only calls what it wraps, with the very same free names."""
    func: Any = None
    logger = metadata = metadata_from_kwargs = metadata_from_self = usage_event = None

    def logging_wrapper(*args: Any, **kwargs: Any) -> Any:
        return func(*args, **kwargs)
        return logger, metadata, metadata_from_kwargs, metadata_from_self, usage_event  # keeps them

    return logging_wrapper.__code__


_PASSING_ON = _passing_on()


def wrapper_code(log_usage: Any) -> Optional[CodeType]:
    """The code of the functions that NannyML's decorator makes, if it is the code known here."""
    for code in _inner(log_usage.__code__):
        for wrapper in _inner(code):
            if wrapper.co_freevars == _PASSING_ON.co_freevars:
                return wrapper
    return None


def _inner(code: CodeType) -> List[CodeType]:
    return [constant for constant in code.co_consts if isinstance(constant, type(code))]


def _replace_wrapper(wrapper: FunctionType, tracker: type) -> None:
    from footfall_nannyml.decorating import Metadata, footfall_logs

    cells: Dict[str, Any] = dict(zip(wrapper.__code__.co_freevars, wrapper.__closure__ or ()))
    held = {name: cell.cell_contents for name, cell in cells.items()}
    if type(held["logger"]) is not tracker:
        return  # somebody's own logger keeps its calls
    metadata = Metadata(held["metadata"], held["metadata_from_self"], held["metadata_from_kwargs"])
    event = str(getattr(held["usage_event"], "value", held["usage_event"]))
    cells["func"].cell_contents = footfall_logs(event, metadata, held["func"])
    wrapper.__code__ = _PASSING_ON
