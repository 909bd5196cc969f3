"""Design tokens outside the browser: the same file, read for pictures."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from footfall_server.web.assets import FOLDER
from footfall_server.web.charts import Chart

FONT = "Inter, Noto Sans, DejaVu Sans, Helvetica, Arial, sans-serif"
WIDTH = 760  # CSS pixels of a picture's plot


@cache
def light() -> dict[str, str]:
    """Every token of the light theme by its name, without the dashes."""
    css = (FOLDER / "tokens.css").read_text()
    block = re.search(r":root \{(.*?)\n\}", css, re.DOTALL)
    assert block is not None
    return dict(re.findall(r"--([\w-]+):\s*([^;]+);", block.group(1)))


def resolve(node: Any, tokens: dict[str, str]) -> Any:
    """Replace "@name" by the token's value, as the page's script does; data are left alone."""
    if isinstance(node, str):
        return tokens[node[1:]] if node.startswith("@") else node
    if isinstance(node, list):
        return [resolve(item, tokens) for item in node]
    if isinstance(node, dict):
        return {
            key: value if key in ("values", "datasets") else resolve(value, tokens)
            for key, value in node.items()
        }
    return node


def picture(chart: Chart) -> dict[str, Any]:
    """The chart's specification with the light theme, a size and a title of its own."""
    tokens = light()
    title = {
        "text": chart.title,
        "subtitle": chart.subtitle,
        "anchor": "start",
        "offset": 12,
        "color": "@text",
        "subtitleColor": "@text-3",
        "font": FONT,
        "subtitleFont": FONT,
    }
    whole = {**chart.spec, "width": WIDTH, "title": title, "config": theme()}
    resolved: dict[str, Any] = resolve(whole, tokens)
    return resolved


def theme() -> dict[str, Any]:
    """What `charts.js` gives a chart in the page, and a surface to stand on."""
    return {
        "background": "@surface",
        "padding": 16,
        "font": FONT,
        "view": {"stroke": None},
        "axis": {
            "labelFont": FONT,
            "labelFontSize": 11,
            "labelColor": "@text-3",
            "title": None,
            "domain": False,
            "ticks": False,
            "labelPadding": 8,
            "gridColor": "@line",
            "gridWidth": 1,
        },
        "axisX": {"grid": False, "domain": True, "domainColor": "@line-strong"},
        "axisY": {"tickCount": 4, "minExtent": 34},
        "line": {"strokeWidth": 1.75, "strokeCap": "round", "strokeJoin": "round"},
    }
