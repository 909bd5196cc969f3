"""A collector for every dialect of the peers: it counts the marks that arrive."""

from __future__ import annotations

import gzip
import re
import socket
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote_plus

ANSWER = b'{"success": true, "status": 1, "error": null}'
MARK = re.compile(r"mark-(\d+)-")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    collector: Collector

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers.get("content-length") or 0))
        if content[:2] == b"\x1f\x8b":
            content = gzip.decompress(content)
        text = content.decode("utf-8", "replace")
        self.collector.take(text if "mark-" in text else unquote_plus(text))
        self._answer(ANSWER)

    def do_HEAD(self) -> None:
        self.collector.take(unquote_plus(self.path) + str(self.headers))
        self._answer(b"")

    do_GET = do_HEAD

    def _answer(self, content: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        return


class _Server(ThreadingHTTPServer):
    request_queue_size = 128

    def handle_error(self, *_: object) -> None:
        """A client that went away is what is measured here, not an error."""


class Collector:
    """Listens on a free port; `marks` counts how often each numbered event arrived."""

    def __init__(self) -> None:
        self.marks: Counter[int] = Counter()
        handler = type("Handler", (_Handler,), {"collector": self})
        self._server = _Server(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def take(self, text: str) -> None:
        self.marks.update(int(number) for number in MARK.findall(text))


_holes: list[BlackHole] = []


class BlackHole:
    """Accepts and never answers, until this process ends."""

    def __init__(self) -> None:
        _holes.append(self)  # who only takes its `url` would have it closed, and so refusing
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self._socket.listen(512)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"


def refused() -> str:
    """The URL of a port that has just been closed."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"
