"""What a library declares about one event: its name, and which values of a call are sent.

The decorator itself is the declaration: the hot path reads values by it, the manifest lists it.
"""

from __future__ import annotations

from footfall.errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Iterable, Mapping, Optional, Tuple, Union

    from typing_extensions import TypeGuard

    Names = Union[Iterable[str], Mapping[str, str]]
    Properties = Union[Mapping[str, Any], Callable[..., Mapping[str, Any]], None]

LONGEST_TEXT = 200
LONGEST_LIST = 50
LARGEST_INTEGER = 2**63
MOST_PROPERTIES = 100
_MISSING = object()


def bounded(value: Any) -> Any:
    """The value as it may be sent: a scalar, a list of at most 50 scalars, or its type's name.

    Scalars are None, booleans, finite numbers (integers of at most 64 bits) and strings of up to
    200 characters; a subclass is reduced to its base, so nothing of the host's own code is kept.
    """
    scalar = _scalar(value)
    if scalar is not _MISSING:
        return scalar
    if isinstance(value, list) and len(value) <= LONGEST_LIST:
        items = [_scalar(item) for item in value]
        if not any(item is _MISSING for item in items):
            return items
    return type(value).__name__


def _scalar(value: Any) -> Any:
    if value is None or value is True or value is False:
        return value
    if isinstance(value, str):
        text = str.__str__(value)
        return text if len(text) <= LONGEST_TEXT else _MISSING
    if isinstance(value, int):
        number = int.__int__(value)
        return number if -LARGEST_INTEGER <= number < LARGEST_INTEGER else _MISSING
    if isinstance(value, float):
        real = float.__float__(value)
        return real if real - real == 0 else _MISSING  # neither infinite nor NaN
    return _MISSING


def bounded_properties(properties: Mapping[str, Any]) -> Dict[str, Any]:
    """The first 100 properties whose names are strings of up to 200 characters, values bounded."""
    kept: Dict[str, Any] = {}
    for name, value in dict(properties).items():
        if isinstance(name, str) and len(name) <= LONGEST_TEXT and len(kept) < MOST_PROPERTIES:
            kept[str.__str__(name)] = bounded(value)
    return kept


class Declaration:
    """One event of a library, as a decorator, a span or `declare` names it. Never changes."""

    __slots__ = (
        "attributes",
        "compute",
        "constants",
        "declares",
        "event",
        "fragments",
        "parameters",
        "types",
        "why",
        "whys",
    )

    def __init__(
        self,
        event: str,
        arguments: Names = (),
        attributes: Names = (),
        properties: Properties = None,
        why: str = "",
        declares: Optional[Mapping[str, str]] = None,
        function: Any = None,
    ) -> None:
        if not isinstance(event, str) or not event or len(event) > LONGEST_TEXT:
            raise ConfigurationError(
                "EVENT_NAME", f"an event's name is a text of 1 to 200 characters, not {event!r}"
            )
        for what, names in (("arguments", arguments), ("attributes", attributes)):
            if isinstance(names, str):
                raise ConfigurationError(
                    "NAMES", f'{what} of "{event}" is a list of names: write {what}=["{names}"]'
                )
        self.event = event
        self.why = why
        self.parameters = tuple(_parameter(event, function, name) for name in arguments)
        self.attributes = tuple(attributes)
        self.compute: Optional[Callable[..., Mapping[str, Any]]] = (
            properties if callable(properties) else None
        )
        constants = {} if properties is None or callable(properties) else properties
        self.constants = bounded_properties(constants)
        self.declares = dict(declares or {})
        self.types = {name: _type(function, name) for name in arguments}
        self.whys: Dict[str, str] = {}
        for names in (arguments, attributes):
            self.whys.update({name: str(names[name]) for name in names} if _named(names) else {})
        # The constant parts of its JSON, made by the sender.
        self.fragments: Optional[Tuple[str, str]] = None

    @property
    def reads(self) -> bool:
        """Whether anything of a call is read at all."""
        return bool(self.parameters or self.attributes or self.compute)

    def values(self, args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> Optional[Dict[str, Any]]:
        """The declared values of one call, bounded. What can't be read is left out."""
        values: Dict[str, Any] = {}
        for name, position, default in self.parameters:
            if name in kwargs:
                values[name] = kwargs[name]
            elif position is not None and position < len(args):
                values[name] = args[position]
            elif default is not _MISSING:
                values[name] = default
        if self.attributes and args:
            for name in self.attributes:
                try:
                    values[name] = getattr(args[0], name)
                except Exception:  # noqa: S112 - a property of the host's; its failure isn't ours
                    continue
        raw = None if self.compute is None else dict(values)
        for name, value in values.items():
            if value is not None and (type(value) is not str or len(value) > LONGEST_TEXT):
                values[name] = _safely(bounded, value)
        if self.compute is not None and raw is not None:
            try:
                values.update(bounded_properties(self.compute(**raw)))
            except Exception as error:
                from footfall.debug import report

                report(f"the properties of {self.event!r} failed", error)
        return values


def _named(names: Names) -> TypeGuard[Mapping[str, str]]:
    return hasattr(names, "items")


def _type(function: Any, name: str) -> str:
    """The JSON type that an annotation promises, or `any`."""
    annotation = getattr(function, "__annotations__", {}).get(name)
    text = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", "")
    types = {"str": "string", "int": "number", "float": "number", "bool": "boolean"}
    return types.get(text, "array" if text.lower().startswith("list") else "any")


def _safely(function: Callable[[Any], Any], value: Any) -> Any:
    try:
        return function(value)
    except Exception:
        return "object"


def _parameter(event: str, function: Any, name: str) -> Tuple[str, Optional[int], Any]:
    """(name, position or None, default or missing) of a parameter, read without `inspect`.

    `inspect` alone would cost four times what the whole package may at import.
    """
    target = function
    while hasattr(target, "__wrapped__"):
        target = target.__wrapped__
    code = getattr(target, "__code__", None)
    if code is None:
        return name, None, _MISSING
    count = code.co_argcount
    positional = code.co_varnames[:count]
    if name in positional:
        position = positional.index(name)
        defaults = target.__defaults__ or ()
        first = count - len(defaults)
        default = defaults[position - first] if position >= first else _MISSING
        return name, position, default
    if name in code.co_varnames[count : count + code.co_kwonlyargcount]:
        return name, None, (target.__kwdefaults__ or {}).get(name, _MISSING)
    if code.co_flags & 0x08:  # it takes **kwargs, so the name may come that way
        return name, None, _MISSING
    raise ConfigurationError(
        "NO_SUCH_PARAMETER",
        f'"{event}" declares the argument {name!r}, which {target.__qualname__} does not have',
    )
