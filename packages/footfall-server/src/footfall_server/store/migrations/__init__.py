"""Numbered SQL files, applied in order and recorded in the table `migrations`.

Every statement can be run again (`IF NOT EXISTS`, `ADD COLUMN IF NOT EXISTS`): the engine has no
transactions over tables, so a kill in the middle of a file is repaired by running it anew at the
next start. `$replicated` and `$on_cluster` are where a cluster's words go; both are empty for the
embedded store.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from string import Template

_NAME = re.compile(r"^(\d{4})_(\w+)\.sql$")
_CREATE = """CREATE TABLE IF NOT EXISTS migrations $on_cluster (
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


def migrate(execute: Callable[[str], object], applied: Callable[[str], set[int]]) -> list[int]:
    """Applies what is missing and returns its numbers.

    `execute(sql)` runs one statement; `applied(sql)` returns the numbers that a query gives.
    """
    words = {"replicated": "", "on_cluster": ""}
    execute(Template(_CREATE).substitute(words))
    done = applied("SELECT DISTINCT number FROM migrations")
    new = [migration for migration in migrations() if migration.number not in done]
    for migration in new:
        for statement in migration.statements(words):
            execute(statement)
        execute(
            "INSERT INTO migrations (number, name) SETTINGS async_insert = 0 "
            f"VALUES ({migration.number}, '{migration.name}')"
        )
    return [migration.number for migration in new]
