"""A drop-in for `nannyml.usage_logging`: its names and signatures, on top of Footfall.

    from footfall_nannyml.usage_logging import *   # all that nannyml/usage_logging.py need be

Nothing is loaded from a `.env`, no client of another service is touched, and a call neither waits
for the network nor is changed in what it returns or raises.
"""

from __future__ import annotations

import logging
import os
from abc import ABC, abstractmethod

from footfall_nannyml.decorating import Metadata, footfall_logs, logger_logs
from footfall_nannyml.events import UsageEvent
from footfall_nannyml.project import OPT_OUT, usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, List, Optional, TypeVar

    F = TypeVar("F", bound=Callable[..., Any])

__all__ = [
    "DEFAULT_USAGE_LOGGER",
    "SegmentUsageTracker",
    "UsageEvent",
    "UsageLogger",
    "disable_usage_logging",
    "enable_usage_logging",
    "get_logger",
    "log_usage",
    "usage",
]


def disable_usage_logging() -> None:
    """Stop logging at once, in this process and in those that it starts; drop what waits."""
    os.environ[OPT_OUT] = "1"
    usage.disable()


def enable_usage_logging() -> None:
    """Log again, whatever the environment said."""
    os.environ.pop(OPT_OUT, None)
    usage.enable()


class UsageLogger(ABC):
    """What `log_usage` hands events to."""

    @property
    def _logger(self) -> logging.Logger:
        return logging.getLogger(__name__)

    def log(self, usage_event: UsageEvent, metadata: Optional[Dict[str, Any]] = None) -> None:
        """Log one event, unless the user opted out by NannyML's variable."""
        if OPT_OUT in os.environ:
            self._logger.debug(f"found {OPT_OUT} in the environment: {usage_event} not logged.")
            return
        self._log(usage_event, dict(metadata or {}))
        self._logger.debug(f"logged usage for event {usage_event} with metadata {metadata}")

    @abstractmethod
    def _log(self, usage_event: UsageEvent, metadata: Dict[str, Any]) -> None:
        raise NotImplementedError(f"'{self.__class__.__name__}' does not implement '_log' yet.")


class SegmentUsageTracker(UsageLogger):
    """NannyML's logger by its old name; it is Footfall that it logs to.

    `write_key`: the project's key at the collector, if it is to be another than the one installed.
    `machine_metadata` is taken and never sent: what an event says about the machine is the SDK's.
    """

    def __init__(
        self, write_key: Optional[str] = None, machine_metadata: Optional[Dict[str, Any]] = None
    ) -> None:
        if write_key is not None:
            usage.given_write_key = write_key

    @property
    def write_key(self) -> str:
        """The project's key at the collector."""
        return usage.given_write_key

    def _log(self, usage_event: UsageEvent, metadata: Dict[str, Any]) -> None:
        usage.record(_name(usage_event), metadata)


DEFAULT_USAGE_LOGGER = SegmentUsageTracker()


def get_logger() -> UsageLogger:
    """The logger that `log_usage` uses unless another is named."""
    return DEFAULT_USAGE_LOGGER


def log_usage(
    usage_event: UsageEvent,
    metadata: Optional[Dict[str, Any]] = None,
    metadata_from_self: Optional[List[str]] = None,
    metadata_from_kwargs: Optional[List[str]] = None,
    logger: UsageLogger = DEFAULT_USAGE_LOGGER,
) -> Callable[[F], F]:
    """Decorate a function, so that every call of it is logged.

    `metadata`: constants. `metadata_from_self`: attributes of `self`, sent as their texts.
    `metadata_from_kwargs`: parameters, by position, by keyword or by default. A `logger` of another
    class gets each call at once, with the figures in its metadata.
    """

    def logging_decorator(func: F) -> F:
        event = _name(usage_event)
        declared = Metadata(metadata, metadata_from_self, metadata_from_kwargs)
        if type(logger) is SegmentUsageTracker:
            logged: F = footfall_logs(event, declared, func)
        else:
            logged = logger_logs(
                lambda handed: logger.log(usage_event, handed), event, declared, func
            )
        return logged

    return logging_decorator


def _name(usage_event: UsageEvent) -> str:
    return str(getattr(usage_event, "value", usage_event))
