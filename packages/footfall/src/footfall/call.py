"""The hot path: what a decorated call does beyond the call itself.

Two clocks before, two after, one tuple appended to a list; the rest is the sender's work. The
process's CPU clock is a system call that costs more than all the rest together, so it is left out
where it could tell nothing: a call shorter than `FINEST` is taken to have used the CPU all along,
and a reading that is younger than `FINEST` is used again. Hence CPU times are good to 10 µs.
"""

from __future__ import annotations

import functools
from contextvars import ContextVar
from time import perf_counter_ns, process_time_ns

from footfall.declaration import LONGEST_TEXT
from footfall.errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from contextvars import Token
    from typing import Any, AsyncGenerator, Callable, Dict, Generator, List, Optional, Tuple

    from footfall.buffer import Buffer, Call, Lane
    from footfall.declaration import Declaration

FINEST = 10_000
_LONG_AGO = (-(2**62), 0)
last_reading: List[Tuple[int, int]] = [_LONG_AGO]  # of the wall clock and the CPU clock
_GENERATOR, _COROUTINE, _ASYNC_GENERATOR = 0x20, 0x80, 0x200


def forget_clocks() -> None:
    """A forked child's CPU clock starts anew."""
    last_reading[0] = _LONG_AGO


class Gate:
    """Whether calls are logged. `open` is None until the user's consent has been asked for."""

    __slots__ = ("ask", "limit", "open")

    def __init__(self, ask: Callable[[], bool], limit: int) -> None:
        self.open: Optional[bool] = None
        self.ask = ask
        self.limit = limit  # of a lane's length, before it is folded


class Tracer:
    """What the wrappers of one library share: its gate, its buffer, and the enclosing event."""

    __slots__ = ("buffer", "current", "gate")

    def __init__(self, gate: Gate, buffer: Buffer) -> None:
        self.gate = gate
        self.buffer = buffer
        self.current: ContextVar[Optional[str]] = ContextVar("footfall_event", default=None)

    def admits(self) -> bool:
        """Whether a call that starts now is logged; asks for consent the first time."""
        gate = self.gate
        return bool(gate.open or (gate.open is None and gate.ask()))

    def append(self, call: Call) -> None:
        """Log a call that has ended; for everything but the hot path."""
        lane = self.buffer.lane(call[0].event, call[6])
        lane.append(call)
        if len(lane) > self.gate.limit:
            self.buffer.fold(lane)

    def leave(self, token: Token[Optional[str]]) -> None:
        """End an enclosing event; a generator or coroutine may end in another context."""
        try:
            self.current.reset(token)
        except ValueError:
            return


class Measurement:
    """One call from its start to its end, for calls whose wrapper can't keep it in local names."""

    __slots__ = ("_cpu", "_start", "declaration", "parent", "tracer", "values")

    def __init__(self, tracer: Tracer, declaration: Declaration, values: Any = None) -> None:
        self.tracer = tracer
        self.declaration = declaration
        self.values = values
        self.parent = tracer.current.get()
        self._start = perf_counter_ns()
        self._cpu = cpu_before(self._start)

    def end(self, error: Optional[BaseException] = None) -> None:
        """Log the call; closing a generator before its end is no error."""
        end = perf_counter_ns()
        kind = None if error is None or isinstance(error, GeneratorExit) else type(error)
        try:
            values = self.values() if callable(self.values) else self.values
            cpu = cpu_after(self._start, end, self._cpu)
            self.tracer.append(
                (self.declaration, end, end - self._start, cpu, self.parent, values, kind)
            )
        except Exception as problem:
            _report(problem)


def cpu_before(start: int) -> int:
    """The CPU clock (ns) at the start of a call."""
    reading = last_reading[0]
    if start - reading[0] > FINEST:
        reading = last_reading[0] = (start, process_time_ns())
    return reading[1]


def cpu_after(start: int, end: int, before: int) -> int:
    """The CPU time (ns) that the process used during a call."""
    if end - start <= FINEST:
        return end - start
    now = process_time_ns()
    last_reading[0] = (end, now)
    return now - before


def _report(error: BaseException) -> None:
    from footfall.debug import report

    report("a call could not be logged", error)


def decorate(tracer: Tracer, declare: Callable[[Any], Declaration], function: Any) -> Any:
    """The function with its calls logged: the same kind of function, told apart by nothing."""
    if isinstance(function, (staticmethod, classmethod)):
        return type(function)(decorate(tracer, declare, function.__func__))
    if isinstance(function, type):
        raise ConfigurationError(
            "NOT_A_FUNCTION", f"decorate {function.__name__}.__init__, not the class"
        )
    if not callable(function):
        raise ConfigurationError("NOT_A_FUNCTION", f"{function!r} can't be called, so not logged")
    declaration = declare(function)
    plain = function
    while isinstance(plain, functools.partial):
        plain = plain.func
    plain = getattr(plain, "__func__", plain)
    flags = getattr(getattr(plain, "__code__", None), "co_flags", 0)
    if flags & _COROUTINE or hasattr(plain, "_is_coroutine_mark"):
        return _coroutine(tracer, declaration, function)
    if flags & _ASYNC_GENERATOR:
        return _async_generator(tracer, declaration, function)
    if flags & _GENERATOR:
        return _generator(tracer, declaration, function)
    if declaration.reads:
        return _function_with_values(tracer, declaration, function)
    return _function(tracer, declaration, function)


def _function(tracer: Tracer, declaration: Declaration, function: Callable[..., Any]) -> Any:
    gate, clock, reading = tracer.gate, perf_counter_ns, last_reading
    enter, leave, event = tracer.current.set, tracer.current.reset, declaration.event
    lane: Lane = tracer.buffer.lane(event)
    append, fold = lane.append, tracer.buffer.fold

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        opened = gate.open
        if not opened and (opened is False or not gate.ask()):
            return function(*args, **kwargs)
        token = enter(event)
        start = clock()
        before = reading[0]
        if start - before[0] > FINEST:
            before = reading[0] = (start, process_time_ns())
        try:
            result = function(*args, **kwargs)
        except BaseException as error:
            _failed(tracer, declaration, start, before[1], token, error, None)
            raise
        end = clock()
        leave(token)
        cpu = time = end - start
        if time > FINEST:
            cpu = cpu_after(start, end, before[1])
        append((declaration, end, time, cpu, token.old_value, None, None))
        if len(lane) > gate.limit:
            fold(lane)
        return result

    return call


def _function_with_values(
    tracer: Tracer, declaration: Declaration, function: Callable[..., Any]
) -> Any:
    gate, clock, reading, read = tracer.gate, perf_counter_ns, last_reading, _reader(declaration)
    enter, leave, event = tracer.current.set, tracer.current.reset, declaration.event
    lane: Lane = tracer.buffer.lane(event)
    append, fold = lane.append, tracer.buffer.fold

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        opened = gate.open
        if not opened and (opened is False or not gate.ask()):
            return function(*args, **kwargs)
        token = enter(event)
        start = clock()
        before = reading[0]
        if start - before[0] > FINEST:
            before = reading[0] = (start, process_time_ns())
        try:
            result = function(*args, **kwargs)
        except BaseException as error:
            _failed(tracer, declaration, start, before[1], token, error, (args, kwargs))
            raise
        end = clock()
        leave(token)
        cpu = time = end - start
        if time > FINEST:
            cpu = cpu_after(start, end, before[1])
        try:
            values = read(args, kwargs)
        except Exception as problem:
            values = None
            _report(problem)
        append((declaration, end, time, cpu, token.old_value, values, None))
        if len(lane) > gate.limit:
            fold(lane)
        return result

    return call


def _reader(
    declaration: Declaration,
) -> Callable[[Tuple[Any, ...], Dict[str, Any]], Optional[Dict[str, Any]]]:
    """`declaration.values`, shortened for what is most common: one parameter with a short text."""
    values = declaration.values
    if declaration.attributes or declaration.compute or len(declaration.parameters) != 1:
        return values
    name, position, default = declaration.parameters[0]
    if position is None:
        return values
    place = position

    def read(args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> Optional[Dict[str, Any]]:
        if kwargs:
            return values(args, kwargs)
        value = args[place] if len(args) > place else default
        if value is None or (type(value) is str and len(value) <= LONGEST_TEXT):
            return {name: value}
        return values(args, kwargs)

    return read


def _failed(
    tracer: Tracer,
    declaration: Declaration,
    start: int,
    before: int,
    token: Token[Optional[str]],
    error: BaseException,
    arguments: Optional[Tuple[Tuple[Any, ...], Dict[str, Any]]],
) -> None:
    end = perf_counter_ns()
    tracer.leave(token)
    try:
        cpu = cpu_after(start, end, before)
        values = None if arguments is None else declaration.values(*arguments)
        kind = type(error)
        tracer.append((declaration, end, end - start, cpu, token.old_value, values, kind))
    except Exception as problem:
        _report(problem)


def _coroutine(tracer: Tracer, declaration: Declaration, function: Callable[..., Any]) -> Any:
    @functools.wraps(function)
    async def call(*args: Any, **kwargs: Any) -> Any:
        if not tracer.admits():
            return await function(*args, **kwargs)
        measured = Measurement(tracer, declaration, _later(declaration, args, kwargs))
        token = tracer.current.set(declaration.event)
        try:
            result = await function(*args, **kwargs)
        except BaseException as error:
            tracer.leave(token)
            measured.end(error)
            raise
        tracer.leave(token)
        measured.end()
        return result

    return call


def _generator(tracer: Tracer, declaration: Declaration, function: Callable[..., Any]) -> Any:
    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        inner = function(*args, **kwargs)
        if not tracer.admits():
            return (yield from inner)
        measured = Measurement(tracer, declaration, _later(declaration, args, kwargs))
        resume, sent = inner.send, None
        while True:
            # The event encloses only what the generator itself does, not what its consumer does.
            token = tracer.current.set(declaration.event)
            try:
                item = resume(sent)
            except StopIteration as stop:
                tracer.leave(token)
                measured.end()
                return stop.value
            except BaseException as error:
                tracer.leave(token)
                measured.end(error)
                raise
            tracer.leave(token)
            try:
                sent, resume = (yield item), inner.send
            except BaseException as error:
                sent, resume = error, inner.throw

    return call


def _async_generator(tracer: Tracer, declaration: Declaration, function: Callable[..., Any]) -> Any:
    @functools.wraps(function)
    async def call(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        inner = function(*args, **kwargs)
        measured = None
        if tracer.admits():
            measured = Measurement(tracer, declaration, _later(declaration, args, kwargs))
        resume, sent = inner.asend, None
        while True:
            token = tracer.current.set(declaration.event) if measured else None
            try:
                item = await resume(sent)
            except StopAsyncIteration:
                _end(measured, token, None)
                return
            except BaseException as error:
                _end(measured, token, error)
                raise
            if token is not None:
                tracer.leave(token)
            try:
                sent, resume = (yield item), inner.asend
            except BaseException as error:
                sent, resume = error, inner.athrow

    return call


def _end(
    measured: Optional[Measurement],
    token: Optional[Token[Optional[str]]],
    error: Optional[BaseException],
) -> None:
    if measured is not None and token is not None:
        measured.tracer.leave(token)
        measured.end(error)


def _later(
    declaration: Declaration, args: Tuple[Any, ...], kwargs: Dict[str, Any]
) -> Optional[Callable[[], Any]]:
    """Read the declared values when the call has ended, as for a plain function."""
    return (lambda: declaration.values(args, kwargs)) if declaration.reads else None
