"""What can be asked of a store: insert durably, query within bounds, check, maintain."""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, Protocol

import pyarrow as pa
from clickhouse_connect.driver.exceptions import ClickHouseError

from footfall_server.model.event import EPOCH
from footfall_server.store.changes import OTHERS_SECONDS, Changes, Span, Version
from footfall_server.store.erase import Eraser
from footfall_server.store.errors import error_code, insert_error, query_error
from footfall_server.store.layout import Layout, quoted_text
from footfall_server.store.parts import rows_by_month, rows_by_table, waiting_partitions
from footfall_server.store.statement import DATABASE_PARAMETER, Limits, Statement

Table = Literal["events", "rejected"]

# Explicit, because an insert without a list would leave out the ephemeral columns.
_COLUMNS: Mapping[Table, str] = {
    "events": "project, kind, event, install, message_id, client_time, skew, time, "
    "received, received_at, time_source, `order`, properties, raw",
    "rejected": "project, id, received_at, dialect, reason, message, body, word, sent_at, rekeyed",
}

# Text that looks like a date stays a text; {"a.b": 1, "a": {"b": 2}} is no conflict; [true, "a"]
# and [true, 1] stay what they are (else they come back as ["true", "a"] and [1, 1]).
_INSERT = (
    "input_format_try_infer_dates = 0, input_format_try_infer_datetimes = 0, "
    "input_format_json_read_bools_as_strings = 0, input_format_json_read_bools_as_numbers = 0, "
    "json_type_escape_dots_in_keys = 1, date_time_input_format = 'best_effort', "
    "output_format_json_escape_forward_slashes = 0, output_format_json_quote_64bit_integers = 0, "
    "input_format_skip_unknown_fields = 0, max_partitions_per_insert_block = 0, async_insert = 0"
)

# FINAL per partition is right because the partition is a function of the key. The skip index on
# `time` must not hide the row that wins: exact mode reads every competitor of what it kept.
# Conditions on columns of the key hold for all copies of an event, so they may come before FINAL:
# the engine moves no others. Machine code is made of an expression when it is met the fourth time,
# which takes 40 to 250 ms and gains nothing that could be measured on ten million events.
_READ: Mapping[str, str | int | float] = {
    "do_not_merge_across_partitions_select_final": 1,
    "use_skip_indexes_if_final": 1,
    "use_skip_indexes_if_final_exact_mode": 1,
    "optimize_move_to_prewhere_if_final": 1,
    "compile_expressions": 0,
    "compile_aggregate_expressions": 0,
    "compile_sort_description": 0,
    "json_type_escape_dots_in_keys": 1,
    "output_format_json_escape_forward_slashes": 0,
    "output_format_json_quote_64bit_integers": 0,
    "output_format_arrow_string_as_string": 1,
    "output_format_arrow_low_cardinality_as_dictionary": 0,
}

# Read-only forbids every table function that reaches out of the engine; it comes last.
_GUEST: Mapping[str, str | int | float] = {
    "allow_suspicious_types_in_group_by": 1,
    "allow_suspicious_types_in_order_by": 1,
    "readonly": 1,
}

_CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

_MERGE_QUIET_SECONDS = 600


class Engine(Protocol):
    """What a store needs of an engine; see `embedded.Engine` and `server.Engine`.

    Raises the client's `ClickHouseError` where nothing else is said.
    """

    @property
    def layout(self) -> Layout: ...
    @property
    def reading(self) -> Mapping[str, int]: ...
    @property
    def path(self) -> Path | None: ...
    def execute(self, text: str, parameters: Mapping[str, Any] | None = None) -> None: ...
    def arrow(
        self, text: str, parameters: Mapping[str, Any], *, guest: bool = False, mark: str = ""
    ) -> pa.Table: ...
    def insert(self, into: str, settings: str, lines: bytes) -> None: ...
    def stop(self, mark: str) -> None: ...
    def check(self) -> None: ...
    def backup(self, folder: Path, base: Path | None) -> None: ...
    def close(self) -> None: ...


class Store:
    """The events of every project. Made by `open_store`; safe to call from any thread.

    `clock` counts seconds.
    """

    def __init__(
        self, engine: Engine, threads: int = 4, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="footfall-store")
        self._stoppers = ThreadPoolExecutor(1, thread_name_prefix="footfall-store-stop")
        # Orders are microseconds since 1970: all that is there was acknowledged before.
        self._changes = Changes(clock, time.time_ns() // 1000, shared=engine.layout.shared)
        self._running = 0
        self._months: tuple[dict[str, int], float] = {}, -math.inf
        self._lock = threading.Lock()

    @property
    def layout(self) -> Layout:
        """Where tables and rows are."""
        return self._engine.layout

    @property
    def path(self) -> Path | None:
        """Where the embedded engine has its files; None for servers."""
        return self._engine.path

    def insert(self, table: Table, lines: bytes, token: str) -> None:
        """Stores canonical JSON lines; when it returns, they survive a kill or a power cut.

        The same token again stores nothing, so a block may be replayed. Raises `StoreRefused` for
        lines that can't be read (nothing of the block is stored), `StoreUnavailable` otherwise.
        """
        if not lines.strip():
            return
        settings = f"{_INSERT}, insert_deduplication_token = {quoted_text(token)}"
        try:
            self._engine.insert(f"{table} ({_COLUMNS[table]})", settings, lines)
        except ClickHouseError as error:
            raise insert_error(error_code(error), str(error)) from error
        except OSError as error:
            raise insert_error(None, str(error)) from error
        finally:
            if table == "events":
                self._changes.inserted(lines)

    def version(self) -> Version:
        """This moment of the data, to be asked about later."""
        return self._changes.version()

    def changed_since(self, version: Version, project: int, spans: Sequence[Span] | None) -> bool:
        """Whether what was read since then of a project's events, of these spans of their time
        (None: of all of it), may be different now. Where others write to the store as well, it is
        after `OTHERS_SECONDS` at the latest."""
        return self._changes.since(version, project, spans)

    def changed(self, *projects: int) -> None:
        """To be called when a write to these projects' data has ended, well or not."""
        self._changes.projects(*projects)

    async def run(self, statement: Statement, limits: Limits | None = None) -> pa.Table:
        """`query` on the store's own threads; the event loop stays free.

        A cancelled call stops the engine's work for it, and ends when that has ended.
        """
        mark = secrets.token_hex(8)
        work = self._pool.submit(self.query, statement, limits, mark)
        try:
            return await asyncio.wrap_future(work)
        except asyncio.CancelledError:
            await self._stop(work, mark)
            raise

    async def rows_within(self, start: datetime, end: datetime) -> int:
        """About how many rows of events there are in the months of a range, of all projects: as
        cheap as reading no row. At most `OTHERS_SECONDS` old."""
        months, age = self._months
        if self._clock() - age > OTHERS_SECONDS:
            found = await self.run(rows_by_month(self.layout))
            months = {row["partition"]: row["rows"] for row in found.to_pylist()}
            self._months = months, self._clock()
        first, last = (f"{day.astimezone(UTC):%Y%m}" for day in (start, end))
        return sum(rows for month, rows in months.items() if first <= month <= last)

    async def _stop(self, work: Future[pa.Table], mark: str) -> None:
        """It may not have begun in the engine yet when it is told to stop: so tell it again."""
        pause = 0.05
        while not work.cancel() and not work.done():
            kill = self._stoppers.submit(self._kill, mark)
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait({asyncio.wrap_future(kill)})
                await asyncio.sleep(pause)
            pause = min(pause * 2, 1.0)

    def _kill(self, mark: str) -> None:
        with contextlib.suppress(ClickHouseError):
            self._engine.stop(mark)

    def query(self, statement: Statement, limits: Limits | None = None, mark: str = "") -> pa.Table:
        """The answer as Arrow; `table.schema.metadata[b"rows_read"]` counts what the engine read.

        `mark` is what the engine's list of running queries shows for it.

        Raises `Unprocessable` (QUERY_TOO_SLOW, QUERY_TOO_LARGE) beyond the limits.
        """
        settings = {**_READ, **self.layout.reading, **self._engine.reading}
        settings |= (limits or Limits()).settings()
        settings["log_comment"] = mark
        text = statement.text if statement.guest else self.layout.spread(statement.text)
        try:
            with self._threads() as threads:
                settings |= {**threads, **(_GUEST if statement.guest else {})}
                clause = ", ".join(f"{name} = {_literal(each)}" for name, each in settings.items())
                return self._engine.arrow(
                    f"{text}\nSETTINGS {clause}",
                    self._parameters(statement),
                    guest=statement.guest,
                    mark=mark,
                )
        except ClickHouseError as error:
            raise query_error(error_code(error), str(error), guest=statement.guest) from error

    @contextlib.contextmanager
    def _threads(self) -> Iterator[Mapping[str, int]]:
        """The cores of this machine, shared among the queries that run on it: every thread has
        tables of its own, which cost time to merge."""
        with self._lock:
            self._running += 1
            share = max(1, _CORES // self._running)
        try:
            yield {} if self.path is None else {"max_threads": share}
        finally:
            with self._lock:
                self._running -= 1

    def _parameters(self, statement: Statement) -> Mapping[str, Any]:
        """Those that the text names: given others, the client would format it, `%` and all."""
        given = {**statement.parameters, DATABASE_PARAMETER: self.layout.database}
        return {name: value for name, value in given.items() if f"{{{name}:" in statement.text}

    def delete_rejected(self, project: int, ids: Sequence[str]) -> None:
        """Takes these out of the rejected store, at once: about 50 ms, whatever their number."""
        self._delete(
            "rejected",
            "project = {project:UInt32} AND id IN {ids:Array(UUID)}",
            {"project": project, "ids": list(ids)},
        )

    def expire_rejected(self, before: datetime, *, but: Mapping[int, datetime]) -> bool:
        """Deletes what was refused before an instant, or before its project's own in `but`.

        Cheap when there is nothing to delete. True if something was deleted.
        """
        return self._expire("rejected", before, but)

    def expire_events(self, before: datetime, *, but: Mapping[int, datetime]) -> bool:
        """As `expire_rejected`. The rows are hidden at once; `eraser().purge` makes it final."""
        return self._expire("events", before, but)

    def age_of_events(self, project: int, before: datetime) -> tuple[datetime | None, int]:
        """When the project's oldest event was received, and how many were before an instant."""
        found = self.query(
            Statement(
                "SELECT minOrNull(received_at) AS oldest,"
                " countIf(received_at < {before:DateTime64(6, 'UTC')}) AS overdue"
                " FROM events WHERE project = {project:UInt32}",
                {"project": project, "before": _instant(before)},
            )
        ).to_pylist()[0]
        return found["oldest"], int(found["overdue"])

    def _expire(self, table: Table, before: datetime, but: Mapping[int, datetime]) -> bool:
        projects = [*but]
        # As a number: a deletion can't take an instant before September 2001 as a parameter.
        older = "received_at < fromUnixTimestamp64Micro({{{}:Int64}}, 'UTC')"
        rules = f"(project NOT IN {{others:Array(UInt32)}} AND {older.format('before')})"
        parameters: dict[str, Any] = {"others": projects, "before": _micros(before)}
        for place, project in enumerate(projects):
            if but[project] <= EPOCH:
                continue  # for ever
            of_project = f"project = {{p{place}:UInt32}}"
            rules += f" OR ({of_project} AND {older.format(f't{place}')})"
            parameters |= {f"p{place}": project, f"t{place}": _micros(but[project])}
        found = self.query(
            Statement(f"SELECT 1 AS found FROM {table} WHERE {rules} LIMIT 1", parameters)
        )
        if found.num_rows:
            self._delete(table, rules, parameters)
            self._changes.everything()
        return bool(found.num_rows)

    def _delete(self, table: Table, rules: str, parameters: Mapping[str, Any]) -> None:
        place = f"{self.layout.rows_of(table)}{self.layout.on_cluster}"
        self._execute(f"DELETE FROM {place} WHERE {rules}", parameters)

    def eraser(self) -> Eraser:
        """What takes installs out of the tables; its calls block for as long as that takes."""
        return Eraser(self.query, self._execute, self.layout)

    def _execute(self, text: str, parameters: Mapping[str, Any] | None = None) -> None:
        try:
            self._engine.execute(text, parameters)
        except ClickHouseError as error:
            raise query_error(error_code(error), str(error)) from error

    def check(self) -> None:
        """Raises `StoreUnavailable` with a reason unless the store answers and can write."""
        self._engine.check()

    def maintain(self, quiet_seconds: int = _MERGE_QUIET_SECONDS) -> int:
        """Merges a few quiet partitions in which parts wait; returns how many.

        Reading with FINAL costs nothing in a partition that is one merged part, twice as much with
        a few parts and several times with dozens. Bounded: at most 4 partitions of at most 20 GiB,
        untouched for `quiet_seconds` (10 minutes). A few late events don't have a large partition
        written anew: fewer than 4 parts wait until they hold a tenth of it.
        """
        waiting = self.query(waiting_partitions(self.layout, quiet_seconds))
        partitions: list[str] = waiting.column("partition_id").to_pylist()
        for partition in partitions:
            self._merge(partition)
        return len(partitions)

    def _merge(self, partition: str) -> None:
        place = f"{self.layout.rows_of('events')}{self.layout.on_cluster}"
        self._execute(f"OPTIMIZE TABLE {place} PARTITION ID {quoted_text(partition)} FINAL")

    def backup(self, folder: Path, base: Path | None = None) -> None:
        """Writes all that the store has at this moment into a new folder, without what `base`, an
        earlier one, holds already. Inserts and queries go on. Blocks; absolute paths.

        Raises `StoreUnavailable` BACKUP_FAILED, `Unprocessable` BACKUP_ELSEWHERE.
        """
        self._engine.backup(folder, base)

    def figures(self) -> dict[str, int]:
        """Events and refused events that the tables hold, and the active parts of the events."""
        row = self.query(rows_by_table(self.layout)).to_pylist()[0]
        return {name: int(count) for name, count in row.items()}

    def newest_receipt(self) -> datetime | None:
        """When the newest event of all was received."""
        found = self.query(Statement("SELECT maxOrNull(received_at) AS newest FROM events"))
        return found.to_pylist()[0]["newest"]  # type: ignore[no-any-return]

    def close(self) -> None:
        """Waits for running queries, then closes the engine. Nothing may be called afterwards."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._stoppers.shutdown(wait=True, cancel_futures=True)
        self._engine.close()


def _micros(instant: datetime) -> int:
    return (instant - EPOCH) // timedelta.resolution


def _instant(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def _literal(value: str | int | float) -> str:
    return quoted_text(value) if isinstance(value, str) else str(value)
