"""A chart's specification as a picture: with the light theme, without a browser or the network."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import altair as alt

from footfall_server.insights.plot import Spec

FONT = "Inter, Noto Sans, DejaVu Sans, Helvetica, Arial, sans-serif"
WIDTH = 760  # CSS pixels of a picture's plot

Form = Literal["svg", "png"]

# Where data stand, and where names that came with the data do: "@scope/package" is no token.
_DATA = frozenset({"values", "datasets"})
_NAMES = frozenset({"domain", "sort", "title", "text", "subtitle"})


@cache
def light() -> dict[str, str]:
    """Every token of the light theme by its name, without the dashes: the pages' own file."""
    css = files("footfall_server").joinpath("web", "static", "tokens.css").read_text("utf-8")
    block = re.search(r":root \{(.*?)\n\}", css, re.DOTALL)
    assert block is not None
    return dict(re.findall(r"--([\w-]+):\s*([^;]+);", block.group(1)))


def resolve(node: Any, tokens: dict[str, str]) -> Any:
    """Replace "@name" by the token's value, as the page's script does; data and their names are
    left alone."""
    if isinstance(node, str):
        return tokens[node[1:]] if node.startswith("@") else node
    if isinstance(node, list):
        return [resolve(item, tokens) for item in node]
    if isinstance(node, dict):
        return {
            key: value if _is_data(key, value) else resolve(value, tokens)
            for key, value in node.items()
        }
    return node


def _is_data(key: str, value: Any) -> bool:
    return key in _DATA or (key in _NAMES and not isinstance(value, dict))


def standalone(spec: Spec, title: str = "", subtitle: str = "") -> dict[str, Any]:
    """The specification with the light theme, a size and a title of its own."""
    heading = {
        "text": title,
        "subtitle": subtitle,
        "anchor": "start",
        "offset": 12,
        "color": "@text",
        "subtitleColor": "@text-3",
        "font": FONT,
        "subtitleFont": FONT,
    }
    whole = {"$schema": alt.SCHEMA_URL, **spec, "width": WIDTH, "config": theme()}
    if title or subtitle:
        whole["title"] = heading
    resolved: dict[str, Any] = resolve(whole, light())
    return resolved


def draw(spec: dict[str, Any], form: Form) -> bytes:
    """A standalone specification as SVG text or as PNG at twice its size."""
    import vl_convert  # 90 MB, and needed for pictures alone

    options: dict[str, Any] = {"vl_version": "6.4", "allowed_base_urls": []}
    if form == "svg":
        return str(vl_convert.vegalite_to_svg(spec, **options)).encode()
    png: bytes = vl_convert.vegalite_to_png(spec, scale=2, **options)
    return png


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
        "legend": {"labelFont": FONT, "labelFontSize": 11, "labelColor": "@text-2"},
        "line": {"strokeWidth": 1.75, "strokeCap": "round", "strokeJoin": "round"},
    }
