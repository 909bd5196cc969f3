"""The view as a file: its rows as CSV or JSON, its chart as SVG or PNG, its query as Python."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pprint import pformat
from typing import Any
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from footfall_server.insights import Result
from footfall_server.model.project import Project
from footfall_server.web.charts import Chart
from footfall_server.web.tokens import picture

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
FORMULA = ("=", "+", "-", "@", "\t", "\r")


async def export(result: Result, chart: Chart, form: str, name: str) -> Response:
    """An answer in the form `csv`, `json`, `svg` or `png`, with `name` for the file."""
    if form == "csv":
        return attachment(table(result.rows), "text/csv; charset=utf-8", f"{name}.csv")
    if form == "json":
        return attachment(result.to_json(), "application/json", f"{name}.json")
    body = await run_in_threadpool(draw, chart, form)
    media_type = {"svg": "image/svg+xml", "png": "image/png"}[form]
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


def table(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """The rows as CSV, one column a key; a list of one is its element."""
    out = io.StringIO()
    if rows:
        writer = csv.DictWriter(out, list(rows[0]), extrasaction="ignore", lineterminator="\r\n")
        writer.writeheader()
        writer.writerows({key: cell(value) for key, value in row.items()} for row in rows)
    return out.getvalue().encode()


def cell(value: Any) -> Any:
    """A value as spreadsheets may read it: text that would be run as a formula is quoted."""
    if isinstance(value, list):
        value = value[0] if len(value) == 1 else json.dumps(value) if value else ""
    if isinstance(value, str) and value.startswith(FORMULA):
        return f"'{value}"
    return value


def draw(chart: Chart, form: str) -> bytes:
    """The chart as a picture in the light theme, without a browser and without the network."""
    import vl_convert  # 90 MB, and needed for pictures alone

    spec = picture(chart)
    options: dict[str, Any] = {"vl_version": "6.4", "allowed_base_urls": []}
    if form == "svg":
        return str(vl_convert.vegalite_to_svg(spec, **options)).encode()
    png: bytes = vl_convert.vegalite_to_png(spec, scale=2, **options)
    return png
