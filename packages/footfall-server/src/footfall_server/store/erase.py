"""Taking installs out of the tables, so that no byte of them is left on disk.

A lightweight DELETE hides the rows at once, APPLY DELETED MASK writes the parts that had them anew,
and when the engine has removed the old parts, the rows are gone. Installs are found by their marks
(HMAC-SHA-256 by a key), and named in the engine's mutations by digests: these texts stay on disk
for a while, and must not hold what they erase.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from footfall_server.store.errors import StoreUnavailable
from footfall_server.store.layout import Layout, quoted_text
from footfall_server.store.statement import Limits, Statement

_CHUNK = 2_000  # of digests in one statement: the engine reads texts of at most 256 KB
_LIMITS = Limits(seconds=3600, memory_bytes=4 * 1024**3, rows=10_000_000)
_OLD_PARTS_SECONDS = 300.0  # a running query holds its parts for as long as it may run
_POLL_SECONDS = 0.25

# Every text and every whole number of a JSON document, as texts.
_TOKENS = r"""arrayMap(
    t -> if(startsWith(t, '"'), JSONExtractString(concat('[', t, ']'), 1), t),
    extractAll({document}, '"(?:[^"\\\\]|\\\\.)*"|-?[0-9]+'))"""

# The rows of the installs themselves, and those of other kinds that name them (an alias).
_OWN_EVENTS = """
SELECT lower(hex(HMAC('sha256', install, unhex({secret:String})))) AS mark,
    hex(sipHash128(install)) AS digest, sipHash64(install) AS key, rows FROM (
    SELECT install, count() AS rows FROM events WHERE project = {project:UInt32} GROUP BY install
) WHERE mark IN ({marks})"""
_NAMING_EVENTS = f"""
SELECT DISTINCT lower(hex(HMAC('sha256', token, unhex({{secret:String}})))) AS mark,
    hex(sipHash128(install, message_id)) AS digest FROM (
    SELECT install, message_id,
        arrayJoin({_TOKENS.replace("{document}", "concat(toJSONString(properties), raw)")}) AS token
    FROM events WHERE project = {{project:UInt32}} AND kind != 'track'
) WHERE mark IN ({{marks}})"""
_REJECTED = f"""
SELECT DISTINCT lower(hex(HMAC('sha256', token, unhex({{secret:String}})))) AS mark,
    toString(id) AS digest FROM (
    SELECT id, arrayJoin({_TOKENS.replace("{document}", "body")}) AS token
    FROM rejected WHERE project IN ({{project:UInt32}}, 0)
) WHERE mark IN ({{marks}})"""


@dataclass(frozen=True, slots=True)
class Marks:
    """Installs of a project by their marks: HMAC-SHA-256 of the id by `secret`, hexadecimal."""

    project: int
    secret: bytes
    marks: Sequence[str]


class Eraser:
    """Works on an engine's tables; `query` and `execute` are the store's own."""

    def __init__(
        self,
        query: Callable[[Statement, Limits], Any],
        execute: Callable[[str], None],
        layout: Layout,
    ) -> None:
        self._query, self._execute, self._layout = query, execute, layout

    def events(self, marks: Marks) -> Counter[str]:
        """Hide all events of these installs; how many rows, by mark. `purge` makes it final."""
        found = self._found(_OWN_EVENTS, marks)
        for part in _chunks(found):
            keys = ", ".join(str(int(row["key"])) for row in part)
            self._delete(
                "events",
                f"project = {marks.project:d} AND install_key IN ({keys})"
                f" AND hex(sipHash128(install)) IN ({_digests(part)})",
            )
        naming = self._found(_NAMING_EVENTS, marks)
        for part in _chunks(naming):
            self._delete(
                "events",
                f"project = {marks.project:d} AND kind != 'track'"
                f" AND hex(sipHash128(install, message_id)) IN ({_digests(part)})",
            )
        rows = Counter({row["mark"]: int(row["rows"]) for row in found})
        rows.update(row["mark"] for row in naming)
        return rows

    def properties(self, project: int, names: Sequence[str]) -> None:
        """Take top-level properties out of every event of a project; `purge` makes it final.

        A JSON column keeps no null, so a merge that makes them null takes them out.
        """
        patch = quoted_text(msgspec.json.encode(dict.fromkeys(names)).decode())
        gone = ", ".join(map(quoted_text, names))
        kept = f"arrayFilter(kv -> kv.1 NOT IN ({gone}), JSONExtractKeysAndValuesRaw(raw))"
        pairs = f"arrayMap(kv -> concat(toJSONString(kv.1), ':', kv.2), {kept})"
        self._execute(
            f"ALTER TABLE {self._place('events')} UPDATE "
            f"properties = CAST(jsonMergePatch(toJSONString(properties), {patch}) AS JSON), "
            f"raw = if(empty({kept}), '', concat('{{', arrayStringConcat({pairs}, ','), '}}')) "
            f"WHERE project = {project:d} SETTINGS mutations_sync = 2, "
            "json_type_escape_dots_in_keys = 1, input_format_try_infer_dates = 0, "
            "input_format_try_infer_datetimes = 0"
        )

    def rejected(self, marks: Marks) -> Counter[str]:
        """As `events`: all refused events that name these installs."""
        found = self._found(_REJECTED, marks)
        for part in _chunks(found):
            self._delete(
                "rejected",
                f"project IN ({marks.project:d}, 0) AND toString(id) IN ({_digests(part)})",
            )
        return Counter(row["mark"] for row in found)

    def purge(self, table: str) -> None:
        """Return when nothing on disk holds what was hidden in a table.

        Raises StoreUnavailable when a query holds the old parts for minutes.
        """
        # `_state` lists those too whose files are being removed right now; `active` doesn't.
        parts = self._layout.everywhere(
            "SELECT name, active, has_lightweight_delete, _state AS state FROM system.parts"
            " WHERE database = {database:String} AND table = {table:String}"
        )
        names = {"database": self._layout.database, "table": self._layout.rows_of(table)}
        masked = self._count(
            f"SELECT count() AS n FROM {parts} WHERE active AND has_lightweight_delete", names
        )
        if masked:
            self._execute(
                f"ALTER TABLE {self._place(table)} APPLY DELETED MASK SETTINGS mutations_sync = 2"
            )
        old = self._query(
            Statement(f"SELECT DISTINCT name FROM {parts} WHERE state != 'Active'", names), _LIMITS
        )
        waiting = old.column("name").to_pylist()
        deadline = time.monotonic() + _OLD_PARTS_SECONDS
        while waiting and self._count(
            f"SELECT count() AS n FROM {parts} WHERE state != 'Active'"
            " AND name IN {waiting:Array(String)}",
            {**names, "waiting": waiting},
        ):
            if time.monotonic() > deadline:
                raise StoreUnavailable(
                    "OLD_PARTS_HELD",
                    f"The engine still holds old parts of {table}: a long query reads them; this"
                    " goes on when it has ended.",
                )
            time.sleep(_POLL_SECONDS)

    def _found(self, text: str, marks: Marks) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        for start in range(0, len(marks.marks), _CHUNK):
            wanted = ", ".join(
                f"'{bytes.fromhex(mark).hex()}'" for mark in marks.marks[start : start + _CHUNK]
            )
            parameters = {"project": marks.project, "secret": marks.secret.hex()}
            statement = Statement(text.replace("{marks}", wanted), parameters)
            rows += self._query(statement, _LIMITS).to_pylist()
        return rows

    def _delete(self, table: str, condition: str) -> None:
        self._execute(
            f"DELETE FROM {self._place(table)} WHERE {condition}"
            " SETTINGS lightweight_deletes_sync = 2"
        )

    def _place(self, table: str) -> str:
        """A table that has rows, on every server."""
        return f"{self._layout.rows_of(table)}{self._layout.on_cluster}"

    def _count(self, text: str, parameters: Mapping[str, Any]) -> int:
        return int(self._query(Statement(text, parameters), _LIMITS).column("n")[0].as_py())


def _chunks(rows: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    for start in range(0, len(rows), _CHUNK):
        yield rows[start : start + _CHUNK]


def _digests(rows: list[dict[str, Any]]) -> str:
    """Digests as literals: the engine made them, of hexadecimal digits and dashes alone."""
    texts = [row["digest"] for row in rows]
    if not all(text.replace("-", "").isalnum() for text in texts):
        raise ValueError("a digest isn't one")
    return ", ".join(f"'{text}'" for text in texts)
