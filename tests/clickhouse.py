"""A stand-in for ClickHouse's HTTP interface, answered by the engine embedded in this process.

`python -m tests.clickhouse --path DIR [--port N]` prints its address and serves until it is killed.
It takes what clickhouse-connect sends: a statement in the body, the URL or a form, `param_…` for
bound values, a user and password, `database`, `query_id`; and answers with the engine's own codes
of errors. It is no ClickHouse server: there is no Keeper, no second server, no compression, and
settings in the URL are left aside (the statements bring their own). With `--cluster NAME` the
engine believes in a cluster of one shard, which it is itself; `ON CLUSTER` is taken out of
statements, since there is nobody else to tell.
"""

from __future__ import annotations

import argparse
import base64
import email
import email.policy
import hmac
import json
import re
import secrets
import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

import chdb
from footfall_server.store.layout import quoted_name, quoted_text

USER, PASSWORD = "footfall", "stand-in"

_CODE = re.compile(r"Code: (\d+)\.")
_FORMAT = re.compile(r"\bFORMAT\s+(\w+)\s*$")
_INSERT = re.compile(rb"^INSERT INTO .+? FORMAT JSONEachRow\n", re.DOTALL)
_ON_CLUSTER = re.compile(r" ON CLUSTER `[^`]*`")
_CONFIGURATION = (
    "<clickhouse><tcp_port>{port}</tcp_port><remote_servers><{name}><shard><replica>"
    "<host>127.0.0.1</host><port>{port}</port></replica></shard></{name}></remote_servers>"
    "</clickhouse>"
)


class Engine:
    """One engine, a connection a thread; one that saw an error is closed."""

    def __init__(self, path: Path, cluster: str | None, port: int) -> None:
        path.mkdir(parents=True, exist_ok=True)
        self._incoming = path / "incoming"
        self._incoming.mkdir(exist_ok=True)
        self._address = str(path / "engine")
        if cluster is not None:
            file = path / "cluster.xml"
            file.write_text(_CONFIGURATION.format(name=cluster, port=port))
            self._address += f"?config-file={file}"
        self._local = threading.local()
        self._first = chdb.connect(self._address)  # keeps the engine open between threads

    def run(self, text: str, database: str, values: dict[str, str], format_: str) -> Any:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = chdb.connect(self._address)
        try:
            connection.query(f"USE {quoted_name(database)}")
            return connection.query(text, format_, params=values)
        except Exception:
            self._local.connection = None
            connection.close()
            raise

    def insert(self, statement: str, lines: bytes, database: str) -> Any:
        """Lines reach the engine by a file."""
        file = self._incoming / secrets.token_hex(8)
        file.write_bytes(lines)
        try:
            head, _, settings = statement.removesuffix("FORMAT JSONEachRow\n").partition(
                " SETTINGS "
            )
            text = f"{head} FROM INFILE {quoted_text(str(file))} SETTINGS {settings}"
            return self.run(f"{text} FORMAT JSONEachRow", database, {}, "TabSeparated")
        finally:
            file.unlink()

    def close_thread(self) -> None:
        connection = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()


class Handler(BaseHTTPRequestHandler):
    """One connection, in a thread."""

    protocol_version = "HTTP/1.1"
    server: StandIn

    def do_GET(self) -> None:
        if self.path == "/ping":
            self._answer(200, b"Ok.\n", {})
        else:
            self._serve(b"")

    def do_POST(self) -> None:
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = b"".join(iter(self._chunk, b""))
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self._serve(body)

    def finish(self) -> None:
        super().finish()
        self.server.engine.close_thread()

    def _chunk(self) -> bytes:
        size = int(self.rfile.readline(), 16)
        data = self.rfile.read(size)
        self.rfile.readline()
        return data

    def _serve(self, body: bytes) -> None:
        asked = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        kind = self.headers.get("Content-Type", "")
        if kind.startswith("multipart/form-data"):
            asked |= _form(kind, body)
            body = b""
        if not self._let_in():
            return self._refuse(
                401, 516, f"{USER}: Authentication failed: password is incorrect, or there is no "
                "user with such name. (AUTHENTICATION_FAILED)",
            )  # fmt: skip
        try:
            result, format_ = self._run(asked, body)
        except Exception as error:
            found = _CODE.search(str(error))
            text = str(error)
            return self._refuse(500, int(found[1]) if found else 1002, text[text.find("Code: ") :])
        summary = {"read_rows": str(result.storage_rows_read()), "written_rows": "0"}
        headers = {
            "X-ClickHouse-Summary": json.dumps(summary),
            "X-ClickHouse-Query-Id": asked.get("query_id", ""),
            "X-ClickHouse-Timezone": "UTC",
        }
        if result.bytes():
            headers["X-ClickHouse-Format"] = format_
        return self._answer(200, result.bytes(), headers)

    def _run(self, asked: dict[str, str], body: bytes) -> tuple[Any, str]:
        engine, database = self.server.engine, asked.get("database") or "default"
        whole = asked["query"].encode() + b"\n" + body if "query" in asked else body
        if found := _INSERT.match(whole):
            lines = whole[found.end() :]
            return engine.insert(found[0].decode(), lines, database), "TabSeparated"
        text = _ON_CLUSTER.sub("", whole.decode()) if self.server.cluster else whole.decode()
        values = {k.removeprefix("param_"): v for k, v in asked.items() if k.startswith("param_")}
        format_ = found[1] if (found := _FORMAT.search(text)) else "TabSeparated"
        return engine.run(text, database, values, format_), format_

    def _let_in(self) -> bool:
        expected = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        return hmac.compare_digest(self.headers.get("Authorization", ""), expected)

    def _refuse(self, status: int, code: int, text: str) -> None:
        message = text if text.startswith("Code: ") else f"Code: {code}. DB::Exception: {text}"
        self._answer(status, message.encode(), {"X-ClickHouse-Exception-Code": str(code)})

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"X-Stand-In": "chDB", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Nothing is logged."""


class StandIn(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, path: Path, port: int, cluster: str | None) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.cluster = cluster
        # Nobody listens for the engine's own protocol: a shard that it is itself needs none.
        self.engine = Engine(path, cluster, self.server_port)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Silent where the client has gone: tests kill clients."""
        if not isinstance(sys.exception(), ConnectionError | ssl.SSLError):
            super().handle_error(request, client_address)


def _form(kind: str, body: bytes) -> dict[str, str]:
    message = email.message_from_bytes(
        b"Content-Type: " + kind.encode() + b"\r\n\r\n" + body, policy=email.policy.HTTP
    )
    return {
        cast(str, part.get_param("name", header="content-disposition")): cast(
            bytes, part.get_payload(decode=True)
        ).decode()
        for part in cast(Any, message).iter_parts()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--path", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--cluster")
    parser.add_argument("--certificate", type=Path, help="with its key, in one file: TLS")
    given = parser.parse_args()
    server = StandIn(given.path, given.port, given.cluster)
    if given.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(given.certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    print(
        "a stand-in for ClickHouse's HTTP interface, answered by chDB, at "
        f"http://127.0.0.1:{server.server_port}",
        flush=True,
    )
    server.serve_forever()


if __name__ == "__main__":
    main()
