"""An HTTP server that destinations send to: keeps what it gets, answers as it is told."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Receiver:
    """`status` is what it answers; `events` what it answered 200 to."""

    def __init__(self, secret: str = "", port: int = 0) -> None:
        self.status = 200
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.events: list[dict[str, Any]] = []
        self.forged = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                outer.requests.append((headers, body))
                if outer.status == 200:
                    signed = headers["footfall-timestamp"].encode() + b"." + body
                    made = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
                    outer.forged += headers["footfall-signature"] != f"v1={made}"
                    outer.events += json.loads(body)["events"]
                self.send_response(outer.status)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}/hook"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def ids(self) -> list[str]:
        return [each["message_id"] for each in self.events]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
