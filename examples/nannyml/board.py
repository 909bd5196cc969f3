"""The board for NannyML: `board.json`, whose queries get the range of days that they ask about."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("board.json")
DAYS = 90


def board(today: date, days: int = DAYS) -> dict[str, Any]:
    """The document of the board, as the API takes it, for the `days` that end today."""
    document: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    span = {"from": (today - timedelta(days=days - 1)).isoformat(), "to": today.isoformat()}
    for card in document["cards"]:
        if "query" in card:
            card["query"] = {**card["query"], **span}
    return document
