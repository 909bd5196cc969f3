"""Trends: which segments are shown, then the numbers of each bucket and segment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from footfall_server.insights import periods
from footfall_server.insights.periods import Range
from footfall_server.insights.plan import Source, TrendsPlan, windows
from footfall_server.insights.queries import PERCENTILES, ROLLING_DAYS, Interval
from footfall_server.insights.sql.binder import Binder
from footfall_server.insights.sql.column import OTHER, Dimension, column, dimension, is_list
from footfall_server.insights.sql.events import ONCE, where
from footfall_server.insights.sql.filters import Versions
from footfall_server.insights.sql.measures import Percentiles, approximate, measure
from footfall_server.store import Statement, on_shards

Segment = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """The segments that have a name of their own; `lists`: some value is a list."""

    segments: tuple[Segment, ...] = ()
    lists: bool = False


def ranking(plan: TrendsPlan, versions: Versions) -> Statement:
    """Rows `segment` (key), `lists` (some value is a list), best first, one beyond the limit.

    By weighted events over the whole range, all series together, ties by name. Grouped by code
    first, so that lists are taken apart once a distinct list, not once an event.
    """
    binder = Binder()
    dimensions = [dimension(part, binder) for part in plan.query.breakdown]
    names = [f"c{place}" for place in range(len(dimensions))]
    codes = ", ".join(f"{one.code} AS {name}" for one, name in zip(dimensions, names, strict=True))
    conditions = [
        (len(source.series), _where(plan, plan.within, source, binder, versions))
        for source in plan.sources
    ]
    sources = " UNION ALL ".join(
        "SELECT * FROM "
        + on_shards(
            f"{binder.named()}SELECT {codes}, sum(weight) * {series} AS events FROM {ONCE} "
            f"WHERE {condition} GROUP BY {', '.join(names)}"
        )
        for series, condition in conditions
    )
    limit = binder.bind(plan.query.limit + 1, "UInt32")
    listed = [is_list(name) for one, name in zip(dimensions, names, strict=True) if not one.cut]
    text = (
        "SELECT segment, max(listed) OVER () AS lists FROM (SELECT segment, "
        f"sum(events) AS events, max({' OR '.join(listed) or '0'}) AS listed "
        f"FROM ({sources}) ARRAY JOIN {combinations(dimensions, names)} AS segment "
        "GROUP BY segment) "
        f"ORDER BY round(events, 6) DESC, segment LIMIT {limit}"
    )
    return binder.statement(text)


def numbers(plan: TrendsPlan, shown: Shown, versions: Versions, keep: int) -> Statement:
    """Rows `part`, `bucket` (key), `fold`, `segment_key`, `values`, `counts`.

    `part` is the place in `parts(plan)`; `values` are those of its series, in order; `counts` is on
    how many values percentiles stand: of more than `keep` they are null, see `approximated`.
    Without a breakdown the segment is empty; what isn't shown is `$other`. A rolling part gives
    changes instead, by day (key): summed up to a day, they are the installs of the days that end
    on it.
    """
    binder = Binder()
    split = _split(plan, shown, binder)
    selects = []
    for place, source in enumerate(parts(plan)):
        days = rolling_days(plan, source)
        if days is None:
            selects.append(_plain(place, source, plan, split, binder, versions, keep))
        else:
            selects.append(_rolling(place, source, plan, days, split, binder, versions))
    return binder.statement("\nUNION ALL\n".join(selects))


def approximated(
    plan: TrendsPlan, shown: Shown, versions: Versions, large: Mapping[int, bool]
) -> Statement:
    """As `numbers`, of the percentiles alone, of rounded values.

    `large`: of which parts, each with whether buckets are asked for beside the fold.
    """
    binder = Binder()
    split = _split(plan, shown, binder)
    selects = [
        _plain(place, parts(plan)[place], plan, split, binder, versions, None, whole=not by)
        for place, by in large.items()
    ]
    return binder.statement("\nUNION ALL\n".join(selects))


def parts(plan: TrendsPlan) -> list[Source]:
    """The sources, but each rolling series by itself: it reads a range of its own."""
    found = []
    for source in plan.sources:
        single = [replace(source, series=(one,)) for one in source.series]
        rolling = [one for one in single if rolling_days(plan, one) is not None]
        plain = tuple(one.series[0] for one in single if one not in rolling)
        found += [replace(source, series=plain), *rolling] if plain else rolling
    return found


def bucket_key(interval: Interval, zone: str) -> str:
    """The key of `periods.Bucket` for an event's time."""
    day = f"toDate(time, {zone})"
    if interval == "hour":
        seconds = "toInt64(toUnixTimestamp(time))"
        offset = f"timeZoneOffset(toTimeZone(time, {zone}))"
        return f"{seconds} - ({seconds} + {offset}) % 3600"
    first = {
        "day": day,
        "week": f"toMonday({day})",
        "month": f"toStartOfMonth({day})",
        "quarter": f"toStartOfQuarter({day})",
    }[interval]
    return f"toUInt16({first})"  # the engine groups by small numbers without a table of hashes


def rolling_days(plan: TrendsPlan, source: Source) -> int | None:
    """The days of a rolling part; None for a part of plain series."""
    return ROLLING_DAYS.get(plan.query.series[source.series[0]].measure)


def _where(
    plan: TrendsPlan, within: Range, source: Source, binder: Binder, versions: Versions
) -> str:
    installs = plan.query.installs
    return where(plan.project, within, installs, source.filters, source.events, binder, versions)


@dataclass(frozen=True, slots=True)
class _Split:
    """How rows get their segment: what is selected, what is joined before, what groups them."""

    select: str = "''"
    join: str = ""
    group: tuple[str, ...] = ()
    name: str = "toString(segment)"


def _split(plan: TrendsPlan, shown: Shown, binder: Binder) -> _Split:
    dimensions = [dimension(part, binder) for part in plan.query.breakdown]
    if not dimensions:
        return _Split()
    codes = [one.code for one in dimensions]
    if len(dimensions) == 1 and dimensions[0].kept and shown.segments and not shown.lists:
        return _places(dimensions[0], shown, binder)
    top = binder.texts([key(one) for one in shown.segments])
    other = binder.text(key((OTHER,) * len(dimensions)))
    if shown.lists:
        each = f"arrayMap(s -> if(s IN {top}, s, {other}), {combinations(dimensions, codes)})"
        return _Split("joined", f"ARRAY JOIN arrayDistinct({each}) AS joined", ("segment",))
    segments = [one.segment(code) for one, code in zip(dimensions, codes, strict=True)]
    own = segments[0] if len(segments) == 1 else f"concat({_NUL.join(segments)})"
    return _Split(f"if({own} IN {top}, {own}, {other})", "", ("segment",))


def _places(one: Dimension, shown: Shown, binder: Binder) -> _Split:
    """By a column of codes: segments are numbers until they are counted.

    The engine looks each distinct code up once, where names would be made of codes and compared at
    every event; and it groups by numbers faster than by texts.
    """
    places: dict[str, int] = {}
    rest = len(shown.segments) + 1
    for place, (name,) in enumerate(shown.segments, 1):
        codes = [f"s{name}", f"j{name}", *([""] if name == one.missing else [])]
        places |= dict.fromkeys(codes, rest if name == OTHER else place)
    names = binder.texts([*(name for (name,) in shown.segments), OTHER])
    known, others = binder.texts(list(places)), binder.bind(rest, "UInt16")
    numbers = binder.bind(list(places.values()), "Array(UInt16)")
    number = f"CAST(transform({one.code}, {known}, {numbers}, {others}), 'UInt16')"
    return _Split(number, "", ("segment",), f"{names}[segment]")


# No text has a NUL in it (the door sees to that), and it sorts before everything else: so keys are
# in the order of their parts.
_NUL = ", '\\0', "


def key(segment: Segment) -> str:
    """A segment as one text."""
    return "\0".join(segment)


def segment_of(text: str) -> Segment:
    """The segment of a key."""
    return tuple(text.split("\0"))


def combinations(dimensions: list[Dimension], codes: list[str]) -> str:
    """Every combination of the segments of codes (SQL, one a dimension), as an array of keys."""
    ways = [one.segments(code) for one, code in zip(dimensions, codes, strict=True)]
    found = ways[0]
    for way in ways[1:]:
        longer = f"arrayMap(l -> arrayMap(a -> concat(l{_NUL}a), {way}), {found})"
        found = f"arrayFlatten({longer})"
    return found


def _plain(
    place: int,
    source: Source,
    plan: TrendsPlan,
    split: _Split,
    binder: Binder,
    versions: Versions,
    keep: int | None,
    *,
    whole: bool = False,
) -> str:
    """Without `keep`: percentiles alone, of rounded values. `whole`: the fold alone."""
    read = _read(plan, source, binder, keep)
    bucket = bucket_key(plan.query.interval, binder.text(plan.within.zone.key))
    keys, fold = ", ".join((*split.group, "bucket")), "0"
    if plan.query.fold and whole:
        bucket, fold = "toInt64(0)", "1"
    elif plan.query.fold:
        # The fold is made of the buckets, not of the events again.
        keys += (
            f" WITH ROLLUP HAVING grouping({split.group[0]}) = 0" if split.group else " WITH ROLLUP"
        )
        fold = "toUInt8(grouping(bucket))"
    condition = _where(plan, plan.within, source, binder, versions)
    events = on_shards(
        f"{binder.named()}SELECT {bucket} AS bucket, {split.select} AS segment, "
        f"{', '.join(read.columns)} FROM {ONCE} {split.join} WHERE {condition}"
    )
    counted = (
        f"SELECT bucket, {fold} AS fold, {_segment(split)}, {', '.join(read.aggregates)} "
        f"FROM {events} GROUP BY {keys}"
    )
    for percentiles in read.percentiles:
        counted = percentiles.stepped(counted)
    return (
        f"SELECT {place} AS part, bucket, fold, segment_key, [{', '.join(read.values)}] AS values, "
        f"[{', '.join(read.counts)}] AS counts FROM ({counted})"
    )


def _segment(split: _Split) -> str:
    return f"{split.name} AS segment_key" if split.group else "'' AS segment_key"


@dataclass(frozen=True, slots=True)
class _Read:
    """What a part reads of events, how it is aggregated, the percentiles made of that, and, series
    by series, the values and on how many values a percentile stands."""

    columns: list[str]
    aggregates: list[str]
    percentiles: list[Percentiles]
    values: list[str]
    counts: list[str]


def _read(plan: TrendsPlan, source: Source, binder: Binder, keep: int | None) -> _Read:
    """Without `keep`: percentiles alone, of rounded values."""
    read = _Read(["install_key", "weight", "exception_occurred_code"], [], [], [], [])
    every = [plan.query.series[place] for place in source.series]
    properties = [*dict.fromkeys(one.property for one in every if one.property is not None)]
    exact: dict[str, Percentiles] = {}
    for place, name in enumerate(properties):
        own = column(name, binder)
        read.columns.extend([f"{own.number} AS number{place}", f"{own.code} AS code{place}"])
        measures = {one.measure for one in every if one.property == name}
        levels = [level for measure, level in PERCENTILES.items() if measure in measures]
        if levels and keep is not None:
            exact[name] = Percentiles(levels, keep, str(place))
            read.percentiles.append(exact[name])
            read.aggregates.extend(exact[name].kept(f"number{place}"))
    for place, series in enumerate(every):
        which = properties.index(series.property) if series.property is not None else 0
        number, value, count = f"number{which}", f"value{place}", "0"
        if series.measure in PERCENTILES and keep is not None:
            found = exact[properties[which]]
            level = found.levels.index(PERCENTILES[series.measure])
            value, count = f"{found.values}[{level + 1}]", found.count
        elif series.measure in PERCENTILES:
            read.aggregates.append(f"{approximate(series.measure, number)} AS {value}")
        elif keep is not None:
            aggregate = measure(series.measure, number, f"code{which}")
            read.aggregates.append(f"{aggregate} AS {value}")
        else:
            value = "NULL"
        read.values.append(value)
        read.counts.append(count)
    return read


def _rolling(
    place: int,
    source: Source,
    plan: TrendsPlan,
    days: int,
    split: _Split,
    binder: Binder,
    versions: Versions,
) -> str:
    """An install counts from an active day on, until `days` later or its next active day."""
    first = min(window.first for window in windows(plan, days))
    within = replace(plan.within, start=periods.key_midnight(first, plan.within.zone))
    day = f"toUInt16(toDate(time, {binder.text(plan.within.zone.key)}))"
    # Sorted out once an install: a third of the time of a set that is looked up at every event.
    own = "arrayMap(day -> toInt64(day), arrayCompact(arraySort(groupArray(day))))"
    condition = _where(plan, within, source, binder, versions)
    following = "arrayPushBack(arrayPopFront(days), 1000000)"
    ends = f"arrayMap((d, next) -> least(d + {days}, next), days, {following})"
    installs = on_shards(
        f"SELECT segment, install_key, {own} AS days FROM ("
        f"{binder.named()}SELECT {day} AS day, {split.select} AS segment, install_key "
        f"FROM {ONCE} {split.join} WHERE {condition}) "
        "GROUP BY segment, install_key"
    )
    return (
        f"SELECT {place} AS part, bucket, 0 AS fold, {_segment(split)}, "
        "[toNullable(toFloat64(sum(change)))] AS values, [0] AS counts "
        f"FROM {installs} ARRAY JOIN arrayConcat(days, {ends}) AS bucket, "
        "arrayConcat(arrayWithConstant(length(days), 1), arrayWithConstant(length(days), -1)) "
        "AS change "
        f"GROUP BY {', '.join(('bucket', *split.group))}"
    )
