"""SQL beside the files in `snapshots/`.

`FOOTFALL_SNAPSHOTS=write pytest …` writes the files anew.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from footfall_server.store import Statement


def readable(statement: Statement) -> str:
    """A statement line by line, with its values."""
    words = "SELECT|FROM|WHERE|GROUP BY|ORDER BY|UNION ALL|ARRAY JOIN|LEFT JOIN"
    text = re.sub(rf" ?\b({words})\b", r"\n\1", statement.text).strip()
    text = re.sub(r" AND (?=[a-z(])", r"\n  AND ", text)
    bound = "\n".join(f"-- {name} = {value!r}" for name, value in statement.parameters.items())
    return f"{text}\n{bound}\n"


def compare(name: str, statements: list[Statement]) -> None:
    """Whether a report's statements are those of its file."""
    file = Path(__file__).parent / "snapshots" / f"{name}.sql"
    found = "\n".join(map(readable, statements))
    if os.environ.get("FOOTFALL_SNAPSHOTS") == "write":
        file.parent.mkdir(exist_ok=True)
        file.write_text(found)
    assert found == file.read_text()
