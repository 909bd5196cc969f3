"""Chains: for every event of an install, which events do the steps that follow it.

Found from the last step back. Let `next` be, at each event, what comes after it once step s is
done. Then what comes after step s − 1 is: the following event and its own `next` if that event does
step s, and else what that event has. So each step is one fill of an array from its end: linear,
however many events an install has, and nothing is looked up.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

from footfall_server.insights.queries import Funnel
from footfall_server.insights.queries.funnel import Step
from footfall_server.insights.sql.walk import Keys, Marked
from footfall_server.model.errors import Unprocessable

MAX_OVERLAPPING = 6


@dataclass(frozen=True, slots=True)
class Arrays:
    """How an install's events stand in arrays: their keys and, if asked for, held values, codes."""

    query: Funnel
    marks: Marked
    keys: Keys
    end: int

    @property
    def held(self) -> bool:
        return bool(self.query.hold)

    @property
    def parted(self) -> bool:
        """Whether an array holds one held value after the other."""
        return self.held and (self.query.count == "total" or self.query.interval is not None)

    @property
    def coded(self) -> bool:
        return bool(self.query.breakdown)

    @property
    def plain(self) -> bool:
        """Whether nothing ends an entry, and it has no value of its own."""
        return not (self.held or self.coded or self.marks.exclusions)

    @property
    def names(self) -> tuple[str, ...]:
        """The parts of an element, in the order that it is sorted by."""
        found = ("event_key", *(("held",) if self.held else ()), *(("code",) if self.coded else ()))
        return ("held", "event_key", *found[2:]) if self.parted else found

    @property
    def collected(self) -> str:
        """The elements of a group of events: the engine collects parts faster than tuples."""
        arrays = [f"groupArray({name})" for name in self.names]
        return f"arrayZip({', '.join(arrays)})" if len(arrays) > 1 else arrays[0]

    def part(self, element: str, name: str) -> str:
        if name not in self.names:
            return "0" if name == "held" else "''"
        return f"{element}.{self.names.index(name) + 1}" if len(self.names) > 1 else element

    def key(self, element: str) -> str:
        return self.part(element, "event_key")

    def tuple_of(self, key: str, held: str, code: str) -> str:
        given = {"event_key": key, "held": f"toUInt64({held})", "code": code}
        parts = [given[name] for name in self.names]
        return f"({', '.join(parts)})" if len(parts) > 1 else parts[0]

    def begins(self, key: str) -> str:
        """Whether an entry may begin at an event."""
        any_ = self.query.order == "any"
        mask = self.marks.every_step if any_ else self.marks.steps[0]
        return f"({self.keys.meets(key, mask)} AND {key} < {self.keys.before(self.end)})"

    def unzipped(self, source: str) -> str:
        """An array of each part: columns `keys`, `helds`, `codes`; and `tied`."""
        if len(self.names) == 1:
            return f"SELECT seen AS keys, tied FROM ({source})"
        parts = ", ".join(f"seen.{i} AS {_PLURAL[name]}" for i, name in enumerate(self.names, 1))
        return f"SELECT {parts}, tied FROM ({source})"

    def tied(self, seen: str) -> str:
        """Whether an install's events, sorted, may be in another order than they happened in.

        Equal elements can stand for each other, unless the install may enter with each.
        """
        if not self.keys.short:
            return "0"
        moments = f"arrayCompact(x -> {self.keys.instant(self.key('x'))}, {seen})"
        different = seen if self.query.count == "total" else f"arrayCompact({seen})"
        return f"length({moments}) < length({different})"

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(_PLURAL[name] for name in self.names)

    @property
    def lambda_names(self) -> tuple[str, ...]:
        return tuple(_SHORT[name] for name in self.names)

    def in_order(self, entries: str) -> str:
        return f"arraySort(e -> e.1, {entries})" if self.parted else entries


_PLURAL = {"event_key": "keys", "held": "helds", "code": "codes"}
_SHORT = {"event_key": "k", "held": "h", "code": "c"}


def strict_order(source: str, arrays: Arrays) -> str:
    """Columns `entries`: (key, end, code, keys of steps) of each event that could begin one; and
    `tied`.

    `end` is the key of the event that converts or excludes, `never` if there is none; a step that
    isn't done has the key `never`.
    """
    query, kept = arrays.query, ", ".join((*arrays.columns, "tied"))
    last, following = len(query.steps), _Link(arrays, len(query.steps) + 1)
    for step in range(last, 1, -1):
        link = _Link(arrays, step)
        cases = [f"{arrays.keys.meets('k', arrays.marks.steps[step - 1])}, {link.done(following)}"]
        if ending := arrays.marks.excluding(query, step - 1):
            cases.insert(0, f"{arrays.keys.meets('k', ending)}, {link.over()}")
        value = f"multiIf({', '.join(cases)}, {link.none()})"
        names = ", ".join((*arrays.lambda_names, *(("d",) if step < last else ())))
        given = ", ".join((*arrays.columns, *(("next",) if step < last else ())))
        after = _shifted(_filled(f"arrayMap(({names}) -> {value}, {given})"), link.none())
        if arrays.parted:
            own = f"if(d.{link.place('held')} = h, d, {link.none()})"
            after = f"arrayMap((d, h) -> {own}, {after}, helds)"
        source = f"SELECT {kept}, {after} AS next FROM ({source})"
        following = link
    code = f"d.{following.place('code')}" if "code" in following.fields else "c"
    steps = ", ".join(f"d.{following.place(f'k{step}')}" for step in range(2, last + 1))
    found = f"k, d.{following.place('end')}, {code if arrays.coded else _NO_CODE}, [k, {steps}]"
    return _entries(source, arrays, found, ("next",))


_NO_CODE = "''"


@dataclass(frozen=True, slots=True)
class _Link:
    """What comes after an event from a step on, as a tuple with these fields."""

    arrays: Arrays
    step: int

    @property
    def fields(self) -> tuple[str, ...]:
        """The code is known from the breakdown's own step back."""
        query = self.arrays.query
        found = ["hit", "end"]
        if self.arrays.parted:
            found.append("held")
        if self.arrays.coded and query.breakdown_step > 1 and self.step <= query.breakdown_step:
            found.append("code")
        return (*found, *(f"k{place}" for place in range(self.step, len(query.steps) + 1)))

    def place(self, field: str) -> int:
        return self.fields.index(field) + 1

    def done(self, following: _Link) -> str:
        """An event that does the step, and what `d` says comes after it."""
        if self.step == len(self.arrays.query.steps):
            return self._values({"end": "k", f"k{self.step}": "k", "code": "c"})
        given = {f: f"d.{place}" for place, f in enumerate(following.fields, 1)}
        return self._values({"code": "c"} | given | {f"k{self.step}": "k"})

    def over(self) -> str:
        """An event that ends the entry."""
        return self._values({"end": "k"})

    def none(self) -> str:
        """No such event."""
        return self._values({}, hit="toUInt8(0)", held="toUInt64(0)")

    def _values(self, given: dict[str, str], hit: str = "toUInt8(1)", held: str = "h") -> str:
        known = {"code": _NO_CODE} | given | {"hit": hit, "held": held}
        never = self.arrays.keys.never
        return f"({', '.join(known.get(field, never) for field in self.fields)})"


def any_order(source: str, arrays: Arrays) -> str:
    """The same where steps come in any order: the key of row k is when k distinct steps are done.

    Each event does one step. Of the events from one on, k distinct steps can be done when for every
    set of steps enough events do one of its steps: all but those steps that may be left out
    (Hall's theorem, whose sets need only be looked for among steps that share events).
    """
    kept = ", ".join((*arrays.columns, "tied"))
    ranks: list[str] = []
    chains: list[str] = []
    for group in _overlapping(arrays):
        total = sum(group.values())
        lists: list[tuple[str, int]] = []
        for size in range(1, len(group) + 1):
            for chosen in combinations(group, size):
                mask = sum(chosen)
                many = sum(group[one] for one in chosen)
                source = _soonest(source, arrays, mask, many, (kept, *chains))
                chains.append(f"n{len(chains)}")
                lists.append((chains[-1], many))
        for rank in range(1, total + 1):
            keys = [(chain, rank - (total - many)) for chain, many in lists if rank > total - many]
            ranks.append(_latest([f"{chain}.{place + 1}" for chain, place in keys]))
    in_time = f"arraySort([{', '.join(ranks)}])"
    code = "c" if arrays.coded else _NO_CODE
    found = f"k, {in_time}[{len(ranks)}], {code}, {in_time}"
    return _entries(source, arrays, found, tuple(chains))


def _latest(keys: list[str]) -> str:
    return keys[0] if len(keys) == 1 else f"greatest({', '.join(keys)})"


def _soonest(source: str, arrays: Arrays, mask: int, many: int, kept: tuple[str, ...]) -> str:
    """One more column: from each event on (itself included), the keys of the first `many` events
    that do a step of the mask: (hit, key 1, key 2, …).
    """
    never, name = arrays.keys.never, f"n{len(kept) - 1}"
    fits = arrays.keys.meets("k", mask)
    for length in range(1, many + 1):
        none = f"(toUInt8(0), {', '.join([never] * length)})"
        rest = ", ".join(["k", *(f"d.{place + 1}" for place in range(1, length))])
        one = f"if({fits}, (toUInt8(1), {rest}), {none})"
        if length == 1:
            filled = _filled(f"arrayMap(k -> {one}, keys)")
        else:
            before = _shifted(name, f"(toUInt8(0), {', '.join([never] * (length - 1))})")
            filled = _filled(f"arrayMap((k, d) -> {one}, keys, {before})")
        source = f"SELECT {', '.join(kept)}, {filled} AS {name} FROM ({source})"
    return source


def _overlapping(arrays: Arrays) -> list[dict[int, int]]:
    """Groups of steps that may share an event: bit → how many steps are this one.

    Raises `Unprocessable` TOO_MANY_OVERLAPPING beyond `MAX_OVERLAPPING` different ones in a group.
    """
    groups: list[tuple[set[str] | None, dict[int, int]]] = []
    for step, bit in zip(arrays.query.steps, arrays.marks.steps, strict=True):
        names = _names(step)
        merged = {bit: 1}
        apart = []
        for others, bits in groups:
            if names is None or others is None or names & others:
                names = None if names is None or others is None else names | others
                merged = {one: bits.get(one, 0) + merged.get(one, 0) for one in (*bits, *merged)}
            else:
                apart.append((others, bits))
        groups = [*apart, (names, merged)]
    for _, bits in groups:
        if len(bits) > MAX_OVERLAPPING:
            raise Unprocessable(
                "TOO_MANY_OVERLAPPING",
                f"In any order, at most {MAX_OVERLAPPING} different steps may be of the same "
                "event; take fewer, or the strict order.",
                path="/steps",
            )
    return [bits for _, bits in groups]


def _names(step: Step) -> set[str] | None:
    if step.event is None:
        return None
    return {step.event} if isinstance(step.event, str) else set(step.event)


def _filled(array: str) -> str:
    """Where an element is no hit, the next one that is."""
    return f"arrayReverseFill(d -> d.1, {array})"


def _shifted(array: str, none: str) -> str:
    """At each place, what the place after it has."""
    return f"arrayPushBack(arrayPopFront({array}), {none})"


def _entries(source: str, arrays: Arrays, entry: str, chains: tuple[str, ...]) -> str:
    only = arrays.query.count == "unique" and arrays.query.interval is None
    names = ", ".join((*arrays.lambda_names, *(("d",) if chains == ("next",) else chains)))
    columns = [*arrays.columns, *chains]
    if only:
        columns = [f"arraySlice({one}, 1, 1)" for one in columns]
    found = f"arrayMap(({names}) -> ({entry}), {', '.join(columns)})"
    if not only:
        found = f"arrayFilter(e -> {arrays.begins('e.1')}, {found})"
    return f"SELECT {found} AS entries, tied FROM ({source})"
