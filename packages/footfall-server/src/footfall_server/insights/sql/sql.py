"""The `sql` report: one project's events as a table for whoever writes SQL."""

from __future__ import annotations

import re

from footfall_server.insights.periods import Range
from footfall_server.insights.queries.sql import Sql
from footfall_server.insights.sql.binder import Binder
from footfall_server.insights.sql.column import column, quoted
from footfall_server.insights.sql.events import ONCE, where
from footfall_server.insights.sql.filters import Versions
from footfall_server.store import DATABASE_PARAMETER, Statement

_TEXTS = (
    "python_version", "os_type", "runtime_environment", "exception_type",
)  # fmt: skip
_FLAGS = ("ci", "ephemeral", "exception_occurred")
_NUMBERS = ("run_time", "process_run_time")

# What Arrow carries as it is; everything else is asked for as JSON. An instant without a fraction
# would come as a bare number.
_PLAIN = re.compile(
    r"(?:LowCardinality\()?(?:Nullable\()?"
    r"(?:U?Int(?:8|16|32|64)|Float(?:32|64)|String|Bool|Date|Date32|DateTime64\(.*?\))\)*"
)
_SECONDS = re.compile(r"(?:LowCardinality\()?(?:Nullable\()?DateTime(?:\(.*?\))?\)*")


def statement(
    project: int, query: Sql, within: Range, versions: Versions, version: str
) -> Statement:
    """The query, checked, over the events of its project, range and filters.

    `version` is how queries reach the property with the library's version.
    """
    from footfall_server.insights.sql.guest import written  # half a second, for this alone

    checked = written(query.sql, query.parameters)
    binder = Binder()
    condition = where(project, within, query.installs, query.filters, None, binder, versions)
    columns = _columns(version, binder)
    place = f"{{{DATABASE_PARAMETER}:Identifier}}.{ONCE}"
    # Cohorts are subqueries of the same table, which a guest finds by its whole name alone.
    condition = condition.replace(f"FROM {ONCE}", f"FROM {place}")
    source = f"{binder.named()}SELECT {columns} FROM {place} WHERE {condition}"
    return Statement(checked.over(source), {**binder.parameters, **checked.bound}, guest=True)


def described(query: Statement) -> Statement:
    """Rows `name`, `type`: the columns of a query's answer."""
    return Statement(f"DESCRIBE ({query.text})", query.parameters, guest=True)


def readable(query: Statement, types: dict[str, str]) -> tuple[Statement, frozenset[str]]:
    """The query with every column in a form that can be read, and those that are JSON texts."""
    forms = {name: _form(name, kind) for name, kind in types.items()}
    if all(form == quoted(name) for name, form in forms.items()):
        return query, frozenset()
    columns = ", ".join(f"{form} AS {quoted(name)}" for name, form in forms.items())
    text = f"SELECT {columns} FROM ({query.text})"
    odd = frozenset(name for name, form in forms.items() if form.startswith("toJSONString"))
    return Statement(text, query.parameters, guest=True), odd


def _form(name: str, kind: str) -> str:
    if _PLAIN.fullmatch(kind):
        return quoted(name)
    if _SECONDS.fullmatch(kind):
        return f"toDateTime64({quoted(name)}, 0, 'UTC')"
    return f"toJSONString({quoted(name)})"


def _columns(version: str, binder: Binder) -> str:
    texts = {"library_version": version} | {name: name for name in _TEXTS}
    codes = {name: column(own, binder).code for name, own in texts.items()}
    found = [
        "toString(event) AS event",
        "install",
        "time",
        "received_at",
        "if(client_time = toDateTime64(0, 6, 'UTC'), NULL, client_time) AS original_time",
        "message_id",
        "toString(kind) AS kind",
        "toString(time_source) AS time_source",
        "position AS `order`",
        "weight",
        *(f"if({code} = '', NULL, substring({code}, 2)) AS {name}" for name, code in codes.items()),
        *(f"{name}_code = 'jtrue' AS {name}" for name in _FLAGS),
        *(f"{column(name, binder).number} AS {name}" for name in _NUMBERS),
        "properties.session_id.:String AS session_id",
        "properties",
    ]
    return ", ".join(found)
