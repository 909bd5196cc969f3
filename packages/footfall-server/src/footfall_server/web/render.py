"""Templates: Jinja2 with autoescape, no undefined names, and the page's ways to write numbers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup
from starlette.responses import HTMLResponse

from footfall_server.web import breakdown, formats, view
from footfall_server.web.assets import Assets


def environment(assets: Assets) -> Environment:
    made = Environment(
        loader=PackageLoader("footfall_server.web", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["asset"] = assets.url
    made.filters |= {
        "count": formats.count,
        "share": formats.share,
        "rate": formats.rate,
        "duration": formats.duration,
        "day": formats.day,
        "date": date_of,
        "points": points,
        "dimension": view.words,
        "inline": view.inline,
        "segment": breakdown.label,
        "seen": seen,
        "moment": moment,
        "json": compact,
        "literal": literal,
    }
    return made


def date_of(value: str) -> str:
    """A day that is kept as a text."""
    return formats.day(date.fromisoformat(value))


def points(value: float | None) -> str:
    """A difference of shares: "+1.52 pt"."""
    return formats.points(value, 0) or formats.NOTHING


@pass_context
def moment(context: Context, value: Any) -> str:
    """A time to the second, by the timezone of the page."""
    found = formats.instant(value)
    if found is None:
        return formats.NOTHING
    local = found.astimezone(ZoneInfo(context["project"].timezone))
    return f"{formats.day(local.date())} {local:%H:%M:%S}"


@pass_context
def seen(context: Context, value: Any) -> str:
    """When something came, by the clock and the timezone of the page."""
    return formats.seen(value, context["now"], context["project"].timezone)


def compact(value: Any) -> Markup:
    """JSON that is safe inside a script element: no `<` survives."""
    return htmlsafe_json_dumps(value, separators=(",", ":"), ensure_ascii=False)


def literal(text: str) -> str:
    """The text as a Python string literal."""
    return json.dumps(text, ensure_ascii=False)


class Templates:
    """Turns a template and its values into an answer."""

    def __init__(self, assets: Assets) -> None:
        self.environment = environment(assets)

    def page(self, template: str, values: Mapping[str, Any], status: int = 200) -> HTMLResponse:
        return HTMLResponse(self.environment.get_template(template).render(values), status)
