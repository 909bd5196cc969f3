"""Templates: Jinja2 with autoescape, no undefined names, and the page's ways to write numbers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

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
        "dimension": view.words,
        "segment": breakdown.label,
        "seen": seen,
        "json": compact,
        "literal": literal,
    }
    return made


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
