"""Numbered SQL files, applied in order and recorded in the table `migrations`.

Every statement can be run again (`IF NOT EXISTS`, `ADD COLUMN IF NOT EXISTS`): the engine has no
transactions over tables, so a kill in the middle of a file is repaired by running it anew at the
next start. `$local`, `$replicated` and `$on_cluster` are where a cluster's words go (`layout.py`);
they are empty for one engine without others.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from string import Template

from footfall_server.store.layout import Layout, quoted_text

_ONE_ENGINE = Layout()
_NAME = re.compile(r"^(\d{4})_(\w+)\.sql$")
_CREATE = """CREATE TABLE IF NOT EXISTS migrations$local $on_cluster (
    number UInt16, name String, applied_at DateTime DEFAULT now('UTC')
) ENGINE = ${replicated}ReplacingMergeTree ORDER BY number"""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: its number, its name, its text with placeholders."""

    number: int
    name: str
    text: str

    def statements(self, words: dict[str, str]) -> list[str]:
        """The statements in order, comments taken out, placeholders filled."""
        lines = [line for line in self.text.splitlines() if not line.lstrip().startswith("--")]
        parts = re.split(r";[ \t]*$", "\n".join(lines), flags=re.MULTILINE)
        return [Template(part).substitute(words).strip() for part in parts if part.strip()]


def migrations() -> list[Migration]:
    """Every migration of this version, by number."""
    return sorted(
        (
            Migration(int(match[1]), match[2], entry.read_text("utf-8"))
            for entry in files(__package__).iterdir()
            if (match := _NAME.match(entry.name))
        ),
        key=lambda migration: migration.number,
    )


def migrate(
    execute: Callable[[str], object],
    numbers: Callable[[str], set[int]],
    layout: Layout = _ONE_ENGINE,
) -> list[int]:
    """Applies what is missing and returns its numbers.

    `execute(sql)` runs one statement; `numbers(sql)` returns the numbers that a query gives. Where
    a server of the cluster has no table yet, since it joined later, everything is applied again.
    """
    execute(Template(_CREATE).substitute(layout.words))
    many = layout.cluster is not None
    if many:
        execute(layout.over_shards("migrations"))
    done = numbers("SELECT DISTINCT number FROM migrations")
    if many and numbers(_lacking(layout)) != {0}:
        done = set()
    new = [migration for migration in migrations() if migration.number not in done]
    for migration in new:
        for statement in migration.statements(layout.words):
            execute(statement)
    if many and new:
        for table in ("events", "rejected"):
            execute(layout.over_shards(table))
    for migration in new:
        execute(
            "INSERT INTO migrations (number, name) SETTINGS async_insert = 0"
            f"{', distributed_foreground_insert = 1' if many else ''} "
            f"VALUES ({migration.number}, '{migration.name}')"
        )
    return [migration.number for migration in new]


def _lacking(layout: Layout) -> str:
    """How many tables the servers of the cluster lack, all together."""
    tables = ("events", "events_local", "rejected", "rejected_local")
    named = ", ".join(map(quoted_text, tables))
    return (
        f"SELECT {len(tables)} * (SELECT count() FROM {layout.system('one')}) - count() AS number "
        f"FROM {layout.system('tables')} "
        f"WHERE database = {quoted_text(layout.database)} AND name IN ({named})"
    )
