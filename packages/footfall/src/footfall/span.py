"""A block of code as an event."""

from __future__ import annotations

from footfall.call import Measurement
from footfall.declaration import bounded_properties

TYPE_CHECKING = False
if TYPE_CHECKING:
    from contextvars import Token
    from types import TracebackType
    from typing import Any, Dict, Mapping, Optional, Type

    from footfall.call import Tracer
    from footfall.declaration import Declaration


class Span:
    """Times the block of a `with` or `async with` statement and logs it as one event."""

    def __init__(
        self, tracer: Tracer, declaration: Declaration, properties: Optional[Mapping[str, Any]]
    ) -> None:
        self._tracer = tracer
        self._declaration = declaration
        self._properties: Dict[str, Any] = dict(properties or {})
        self._measured: Optional[Measurement] = None
        self._token: Optional[Token[Optional[str]]] = None

    def set(self, **properties: Any) -> None:
        """Add properties that are only known inside the block."""
        self._properties.update(properties)

    def _values(self) -> Dict[str, Any]:
        return bounded_properties(self._properties)

    def __enter__(self) -> Span:
        if self._tracer.admits():
            self._measured = Measurement(self._tracer, self._declaration, self._values)
            self._token = self._tracer.current.set(self._declaration.event)
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        if self._measured is not None and self._token is not None:
            self._tracer.leave(self._token)
            self._measured.end(error)
            self._measured = None

    async def __aenter__(self) -> Span:
        return self.__enter__()

    async def __aexit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self.__exit__(kind, error, trace)
