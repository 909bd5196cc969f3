"""The board for NannyML: `board.json`, whose queries are of the days that end when it is opened."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("board.json")
DAYS = 90


def board(days: int = DAYS) -> dict[str, Any]:
    """The document of the board, as the API takes it."""
    document: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    for card in document["cards"]:
        if "query" in card:
            card["days"] = days
    return document


def dated(query: dict[str, Any], today: date, days: int = DAYS) -> dict[str, Any]:
    """A card's query with the days that end today, as the board asks it."""
    since = today - timedelta(days=days - 1)
    return {**query, "from": since.isoformat(), "to": today.isoformat()}
