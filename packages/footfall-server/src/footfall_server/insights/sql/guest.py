"""SQL that somebody else wrote: understood, checked against what is allowed, and written anew.

What runs is never the text that was sent, but what was understood of it: a tree whose every node is
of an allowed class, over `events` and the query's own `WITH` names alone, with functions of a
closed list (`functions.txt`), and with every text that isn't plain bound as a parameter. `events`
itself is replaced by one project's. The engine holds it in as well (`Statement.guest`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from footfall_server.model.errors import Unprocessable

EVENTS = "events"
_SOURCE = "footfall_events"
_DIALECT = "clickhouse"
_MAX_NODES = 5_000

_NODES: tuple[type[exp.Expr], ...] = (
    exp.Select, exp.SetOperation, exp.Subquery, exp.With, exp.CTE, exp.TableAlias, exp.Table,
    exp.From, exp.Join, exp.Where, exp.Group, exp.Having, exp.Qualify, exp.Order, exp.Ordered,
    exp.Limit, exp.LimitOptions, exp.Offset, exp.Distinct, exp.Rollup, exp.Cube, exp.GroupingSets,
    exp.Identifier, exp.Column, exp.Star, exp.Literal, exp.Boolean, exp.Null, exp.Var,
    exp.Alias, exp.Aliases, exp.Tuple, exp.Array, exp.Paren, exp.Bracket, exp.Slice, exp.Dot,
    exp.Binary, exp.Unary, exp.In, exp.Between, exp.Predicate, exp.Case, exp.If, exp.Interval,
    exp.Lambda, exp.Placeholder, exp.Window, exp.WindowSpec, exp.Filter, exp.IgnoreNulls,
    exp.RespectNulls, exp.WithinGroup, exp.Cast, exp.JSONCast, exp.DataType, exp.DataTypeParam,
    exp.Func, exp.Condition, exp.Final,
)  # fmt: skip
_NEVER: tuple[type[exp.Expr], ...] = (
    exp.Parameter, exp.SessionParameter, exp.Values, exp.Lateral, exp.Unnest, exp.TableSample,
    exp.DDL, exp.DML, exp.Command, exp.ReadCSV, exp.Into,
)  # fmt: skip
_CLAUSES = {
    "settings": "SETTINGS", "format": "FORMAT", "into": "INTO", "hint": "a hint", "sample":
    "SAMPLE", "locks": "FOR", "laterals": "LATERAL", "prewhere": "PREWHERE", "connect": "CONNECT",
}  # fmt: skip

_PLAIN_TEXT = re.compile(r"[\w %:./+,\-]*", re.ASCII)
_PLAIN_NUMBER = re.compile(r"[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?|\.[0-9]+")
_PLAIN_NAME = re.compile(r"[^\"`\\\x00-\x1f]{1,200}")
_PARAMETER_NAME = re.compile(r"[A-Za-z_]\w{0,60}", re.ASCII)
_SCALAR = (
    r"(?:String|Bool|U?Int(?:8|16|32|64)|Float(?:32|64)|Date|DATE|DateTime|DateTime64(?:\(\d\))?)"
)
_PARAMETER_TYPE = re.compile(rf"{_SCALAR}|Array\({_SCALAR}\)|Nullable\({_SCALAR}\)")

_WHOLE = re.compile(r"\b(U?)Int(8|16|32|64)\b")

# What may stand before a bracket that isn't a call.
_WORDS = frozenset(
    {
        "and", "any", "array", "as", "asc", "between", "by", "case", "cube", "desc", "distinct",
        "div", "else", "end", "escape", "except", "exists", "filter", "following", "from",
        "global", "grouping", "having", "if", "ilike", "in", "intersect", "interval", "is",
        "join", "like", "limit", "mod", "not", "null", "offset", "on", "or", "order", "over",
        "partition", "preceding", "qualify", "range", "recursive", "rollup", "rows", "select",
        "semi", "sets", "then", "ties", "union", "using", "when", "where", "window", "with",
        "xor", "all", "inner", "left", "right", "full", "outer", "cross", "anti", "asof",
        "unbounded", "current", "row",
    }
)  # fmt: skip
_TYPES = frozenset(
    {
        "array", "nullable", "lowcardinality", "tuple", "map", "fixedstring", "datetime",
        "datetime64", "decimal", "decimal32", "decimal64", "decimal128", "enum8", "enum16",
        "nested", "variant",
    }
)  # fmt: skip
_COMBINATORS = re.compile(
    r"(?:if|array|distinct|ornull|ordefault|foreach|map|argmin|argmax|resample)$"
)


class Written:
    """`text` with `_SOURCE` filled in by `over`; `texts` are bound under their names."""

    def __init__(self, text: str, bound: Mapping[str, Any]) -> None:
        self._text = text
        self.bound = bound

    def over(self, source: str) -> str:
        """The statement, reading events from a `SELECT`."""
        return re.sub(rf"\b{_SOURCE}\b", lambda _: f"({source})", self._text)


def written(sql: str, parameters: Mapping[str, Any]) -> Written:
    """What may run. Raises Unprocessable INVALID_SQL or SQL_NOT_ALLOWED at `/sql`, and
    UNKNOWN_PARAMETER or MISSING_PARAMETER at `/parameters`."""
    try:
        statements = [each for each in sqlglot.parse(sql, read=_DIALECT) if each is not None]
        if len(statements) != 1 or not isinstance(statements[0], exp.Query):
            raise _not_allowed("anything but one SELECT")
        tree: exp.Expr = statements[0]
        _check(tree)
        bound = _parameters(tree, parameters)
        bound |= _texts(tree)
        _scope(tree)
        text = tree.sql(dialect=_DIALECT, comments=False)
        _check_calls(text)
    except SqlglotError as error:
        raise _invalid(str(error)) from None
    except RecursionError:
        raise _invalid("it is nested too deeply") from None
    return Written(text, bound)


def _invalid(why: str) -> Unprocessable:
    # The parser underlines places for terminals.
    plain = re.sub(r"\x1b\[[0-9;]*m", "", why).strip().split("\n")[0].rstrip(".")
    return Unprocessable("INVALID_SQL", f"The SQL can't be read: {plain[:300]}.", path="/sql")


def _not_allowed(what: str) -> Unprocessable:
    return Unprocessable(
        "SQL_NOT_ALLOWED",
        f"{what[:1].upper()}{what[1:200]} isn't allowed here: one SELECT may read {EVENTS} and "
        "what it defines by WITH, and call functions of values.",
        path="/sql",
    )


def _check(tree: exp.Expr) -> None:
    """Every node is of an allowed class, and every table is `events` or a name of the query's."""
    own = set()
    for count, node in enumerate(tree.walk()):
        if count > _MAX_NODES:
            raise _invalid("it is too long")
        if isinstance(node, exp.CTE):
            own.add(node.alias)
    if EVENTS in {name.lower() for name in own}:
        raise _not_allowed(f"another {EVENTS}")
    for node in tree.walk():
        _check_node(node)
        if isinstance(node, exp.Table):
            _check_table(node, own)
        if isinstance(node, exp.In):
            _check_in(node)


def _check_node(node: exp.Expr) -> None:
    if not isinstance(node, _NODES) or isinstance(node, _NEVER):
        raise _not_allowed(type(node).__name__)
    for name, clause in _CLAUSES.items():
        if isinstance(node, exp.Query | exp.Table) and node.args.get(name):
            raise _not_allowed(clause)
    if isinstance(node, exp.Identifier):
        name = node.name
        if not _PLAIN_NAME.fullmatch(name) or name.lower().startswith("footfall"):
            raise _not_allowed(f"the name {name!r}")
    number = isinstance(node, exp.Literal) and not node.is_string
    if number and not _PLAIN_NUMBER.fullmatch(node.name):
        raise _not_allowed(f"the number {node.name!r}")


def _check_table(table: exp.Table, own: set[str]) -> None:
    if not isinstance(table.this, exp.Identifier):
        raise _not_allowed("a table function")
    if table.args.get("db") or table.args.get("catalog"):
        raise _not_allowed(f"the table {table.sql(dialect=_DIALECT)}")
    if table.name != EVENTS and table.name not in own:
        raise _not_allowed(f"the table {table.name!r}")


def _check_in(node: exp.In) -> None:
    """The engine takes a bare name after IN for a table's."""
    if node.args.get("unnest"):
        raise _not_allowed("UNNEST")
    for each in [node.args.get("field"), *node.expressions]:
        inner = each
        while isinstance(inner, exp.Paren):
            inner = inner.this
        for part in inner.expressions if isinstance(inner, exp.Tuple) else [inner]:
            if isinstance(part, exp.Column | exp.Identifier | exp.Dot | exp.Table):
                raise _not_allowed("a name after IN; use has(…) for arrays")


def _parameters(tree: exp.Expr, values: Mapping[str, Any]) -> dict[str, Any]:
    """The query's own parameters, under names that are no others'."""
    bound: dict[str, Any] = {}
    named = set()
    for node in list(tree.find_all(exp.Placeholder)):
        name = str(node.this or "")
        kind = node.args.get("kind")
        text = kind.sql(dialect=_DIALECT) if isinstance(kind, exp.Expr) else str(kind or "")
        if not _PARAMETER_NAME.fullmatch(name) or not _PARAMETER_TYPE.fullmatch(text):
            raise _not_allowed(f"the parameter {{{name}:{text}}}")
        if name not in values:
            raise Unprocessable(
                "MISSING_PARAMETER", f"The SQL names {name!r}: give it a value.",
                path=f"/parameters/{name}",
            )  # fmt: skip
        named.add(name)
        _check_whole(name, values[name], text)
        bound[f"own_{name}"] = values[name]
        node.set("this", f"own_{name}")
    for name in values:
        if name not in named:
            raise Unprocessable(
                "UNKNOWN_PARAMETER", f"The SQL doesn't name {name[:60]!r}.",
                path=f"/parameters/{name.replace('~', '~0').replace('/', '~1')}",
            )  # fmt: skip
    return bound


def _check_whole(name: str, value: Any, kind: str) -> None:
    """Of a number that is too large for its type the engine would take what is left of it."""
    whole = _WHOLE.search(kind)
    if whole is None:
        return
    signed, bits = not whole[1], int(whole[2])
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    for one in value if isinstance(value, list) else [value]:
        try:
            fits = low <= int(one) <= high
        except ValueError:
            continue  # the engine says what is wrong with it
        if not fits:
            raise Unprocessable(
                "INVALID_SQL", f"{str(one)[:60]} is beyond {whole[0]}: {low} to {high}.",
                path=f"/parameters/{name}",
            )  # fmt: skip


def _texts(tree: exp.Expr) -> dict[str, Any]:
    """Binds every text that isn't plain, so that no two readers can disagree where it ends."""
    bound: dict[str, Any] = {}
    for node in list(tree.find_all(exp.Literal)):
        if node.is_string and not _PLAIN_TEXT.fullmatch(node.name):
            name = f"text_{len(bound)}"
            bound[name] = node.name
            node.replace(
                exp.Placeholder(this=name, kind=exp.DataType.build("TEXT", nullable=False))
            )
    return bound


def _scope(tree: exp.Expr) -> None:
    """`events` becomes the project's own; FINAL is in it already."""
    for final in list(tree.find_all(exp.Final)):
        final.replace(final.this)
    for table in list(tree.find_all(exp.Table)):
        if table.name == EVENTS:
            if not table.alias:
                table.set("alias", exp.TableAlias(this=exp.to_identifier(EVENTS)))
            table.set("this", exp.to_identifier(_SOURCE))


def _check_calls(text: str) -> None:
    """In what will run, only allowed functions, types and words stand before a bracket."""
    for token in _before_brackets(sqlglot.tokenize(text, read=_DIALECT)):
        name = token.text.lower()
        known = _functions()
        base = name
        while base not in known and _COMBINATORS.search(base):
            base = _COMBINATORS.sub("", base, count=1)
        if base not in known and name not in _WORDS and name not in _TYPES:
            raise _not_allowed(f"the function {token.text}")


def _before_brackets(tokens: list[Token]) -> Iterator[Token]:
    for token, following in pairwise(tokens):
        called = following.token_type is TokenType.L_PAREN and token.token_type != TokenType.STRING
        if called and (token.text[:1].isalpha() or token.text[:1] == "_"):
            yield token


@cache
def _functions() -> frozenset[str]:
    text = files(__package__).joinpath("functions.txt").read_text("utf-8")
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    return frozenset(name.lower() for line in lines for name in line.split())
