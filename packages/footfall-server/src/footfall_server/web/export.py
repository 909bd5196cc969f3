"""The view as a file: its rows as CSV or JSON, its chart as SVG or PNG, its query as Python."""

from __future__ import annotations

from collections.abc import Mapping
from pprint import pformat
from typing import Any
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from footfall_server.insights import Result
from footfall_server.insights.picture import Form, draw, standalone
from footfall_server.insights.table import to_csv
from footfall_server.model.project import Project
from footfall_server.web.charts import Chart

SCRIPT = '''\
"""Ask Footfall for the rows of a view. Needs pandas and an API token in FOOTFALL_TOKEN."""

import json
import os
import urllib.request

import pandas

query = {query}

request = urllib.request.Request(
    {address!r},
    data=json.dumps(query).encode(),
    headers={{
        "Authorization": f"Bearer {{os.environ['FOOTFALL_TOKEN']}}",
        "Content-Type": "application/json",
    }},
)
with urllib.request.urlopen(request) as answer:
    rows = pandas.DataFrame(json.load(answer)["rows"])
print(rows)
'''


async def export(result: Result, chart: Chart, form: str, name: str) -> Response:
    """An answer in the form `csv`, `json`, `svg` or `png`, with `name` for the file."""
    if form == "csv":
        return attachment(to_csv(result.rows), "text/csv; charset=utf-8", f"{name}.csv")
    if form == "json":
        return attachment(result.to_json(), "application/json", f"{name}.json")
    picture: Form = "svg" if form == "svg" else "png"
    spec = standalone(dict(chart.spec), chart.title, chart.subtitle)
    body = await run_in_threadpool(draw, spec, picture)
    media_type = {"svg": "image/svg+xml", "png": "image/png"}[picture]
    return attachment(body, media_type, f"{name}.{form}")


def script(project: Project, query: Mapping[str, Any], base_url: str, name: str) -> Response:
    """A Python file that asks the API the same and makes a table of the answer."""
    address = f"{base_url}/api/v1/projects/{quote(project.name, safe='')}/query"
    text = SCRIPT.format(query=pformat(dict(query), sort_dicts=False), address=address)
    return attachment(text.encode(), "text/x-python; charset=utf-8", f"{name}.py")


def attachment(body: bytes, media_type: str, filename: str) -> Response:
    safe = "".join(c if c.isascii() and (c.isalnum() or c in "-._") else "-" for c in filename)
    headers = {"content-disposition": f'attachment; filename="{safe}"'}
    return Response(body, media_type=media_type, headers=headers)
