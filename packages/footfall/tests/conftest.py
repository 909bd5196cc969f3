"""A clean home for every test, a collector that can fail in every way, and scripts to run."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import textwrap
import threading
import zlib
from pathlib import Path

import footfall
import pytest

SOURCE = Path(footfall.__file__).resolve().parent.parent
SPEAKING = ("FOOTFALL_", "DO_NOT_TRACK", "CI", "GITHUB_ACTIONS", "GITLAB_CI", "BUILD_NUMBER")


class Collector:
    """A collector on a real socket. `answer` is how it answers:

    good, refused, black hole, slow, garbage, portal, a status, or a list of these, one a request
    (the last one stays).
    """

    def __init__(self):
        self.answer = "good"
        self.headers = {}
        self.body = b'{"success": true}'
        self.requests = []
        self.events = []
        self.released = threading.Event()
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.url = "http://127.0.0.1:%d" % self.port
        self._lock = threading.Lock()
        self._listening = False
        self.listen()

    def listen(self):
        if not self._listening:
            self._socket.listen(64)
            self._listening = True
            threading.Thread(target=self._accept, args=(self._socket,), daemon=True).start()

    def refuse(self):
        """Close the port, so that connections are refused."""
        if self._listening:
            self._listening = False
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
            self._socket.close()

    def accept_again(self):
        if not self._listening:
            self._socket = socket.socket()
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._socket.bind(("127.0.0.1", self.port))
            self.listen()

    def close(self):
        self.released.set()
        self.refuse()

    @property
    def weight(self):
        return round(sum(event["properties"]["weight"] for event in self.events), 6)

    @property
    def ids(self):
        return [event["messageId"] for event in self.events]

    def _accept(self, listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection, connection.makefile("rb") as stream, contextlib.suppress(OSError):
            while self._one(connection, stream):
                pass

    def _one(self, connection, stream):
        first = stream.readline().decode("latin-1").split()
        if len(first) < 3 or not first[2].startswith("HTTP/"):
            return False
        headers = {}
        for line in iter(stream.readline, b"\r\n"):
            if not line.endswith(b"\n"):
                return False  # the client ended halfway
            name, _, value = line.decode().partition(":")
            headers[name.strip().lower()] = value.strip()
        length = int(headers.get("content-length", 0))
        content = stream.read(length)
        if len(content) < length:
            return False
        if headers.get("content-encoding") == "gzip":
            content = zlib.decompress(content, 31)
        with self._lock:
            self.requests.append((first[1], headers, content))
            answer = self.answer
            if isinstance(answer, list):
                answer = answer.pop(0) if len(answer) > 1 else answer[0]
        return self._reply(connection, answer, content)

    def _reply(self, connection, answer, content):
        if answer == "black hole":
            self.released.wait(30)
            return False
        if answer == "slow":
            self.released.wait(0.3)
        if answer == "garbage":
            connection.sendall(b"\x00\x01 this is not HTTP\r\n\r\n")
            return False
        status = answer if isinstance(answer, int) else 200
        body = self.body
        if answer == "portal":
            body = b"<html>Welcome to our wireless network</html>"
        if status == 200 and answer != "portal":
            with self._lock:
                self.events += json.loads(content).get("batch", [])
        lines = ["HTTP/1.1 %d Answer" % status, "Content-Length: %d" % len(body)]
        lines += ["%s: %s" % pair for pair in self.headers.items()]
        connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        return True


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


@pytest.fixture(autouse=True)
def clean(tmp_path, home, monkeypatch):
    """No test reads or leaves anything of the machine that it runs on."""
    for name in list(os.environ):
        if name.startswith(SPEAKING) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("FOOTFALL_HOME", str(home))
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)


@pytest.fixture
def collector():
    collector = Collector()
    yield collector
    collector.close()


@pytest.fixture
def make_usage(collector):
    """Make a Usage that talks to the collector; turned off at the end of the test."""
    made = []

    def make(library="lib", **options):
        options.setdefault("endpoint", collector.url)
        usage = footfall.Usage(library, "1.2.3", write_key="wk_test", **options)
        made.append(usage)
        return usage

    yield make
    for usage in made:
        usage.disable()


@pytest.fixture
def usage(make_usage):
    return make_usage()


@pytest.fixture
def run(tmp_path, collector):
    """Run a script in a process of its own, with `usage` made for it; its CompletedProcess."""

    def run(script, *, env=None, options="", timeout=60, check=True, arguments=()):
        text = 'import footfall\nusage = footfall.Usage("lib", "1.2.3", %r, "wk_test"%s)\n' % (
            collector.url,
            options and ", " + options,
        )
        path = tmp_path / "script.py"
        path.write_text(text + textwrap.dedent(script))
        environment = dict(os.environ, PYTHONPATH=str(SOURCE), **(env or {}))
        environment = {k: v for k, v in environment.items() if v is not None}
        done = subprocess.run(
            [sys.executable, str(path), *arguments],
            env=environment,
            capture_output=True,
            text=True,
            timeout=timeout,
        )
        if check:
            assert done.returncode == 0, done.stderr
            assert done.stderr == ""
        return done

    return run
