"""No link of any page is dead: a reader who follows them all never meets an error."""

from __future__ import annotations

import uuid
from collections import deque
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import pytest

from .conftest import Server, http

MOST = 160


class Links(HTMLParser):
    """The addresses that a page leads to, and the anchors that it has."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if given.get("id"):
            self.anchors.add(f"#{given['id']}")
        for name in ("href", "src"):
            if given.get(name):
                self.targets.append(str(given[name]))


@pytest.mark.timeout(600)
def test_every_link_leads_somewhere(server: Server) -> None:
    project = server.create_project("links")
    now = datetime.now(UTC)
    assert project.send(
        [
            {
                "type": "track",
                "event": name,
                "userId": f"install-{place % 4}",
                "messageId": str(uuid.uuid4()),
                "timestamp": (now - timedelta(days=place)).isoformat(),
                "properties": {"run_time": 0.1, "library_version": f"1.{place % 3}.0",
                               "python_version": "3.12.1", "os_type": "Linux",
                               "runtime_environment": "script",
                               "exception_occurred": place % 5 == 0,
                               "exception_type": "ValueError"},
            }
            for place in range(20)
            for name in ("fit", "plot <b>&amp;\"'?#/%")
        ]
    ).status == 200  # fmt: skip
    assert project.query({"report": "events_table", "from": "2026-01-01", "to": "2026-01-01"})
    waiting, seen, kinds = deque(["/p/links/overview"]), {"/p/links/overview"}, set[str]()
    while waiting and len(kinds) < MOST:
        path = waiting.popleft()
        answer = http("GET", f"{server.url}{path}")
        assert answer.status == 200, (path, answer.status, answer.body[-500:])
        if not answer.headers["content-type"].startswith("text/html"):
            continue
        page = Links(answer.body.decode())
        for target in page.targets:
            if target.startswith("#"):
                assert target in page.anchors, (path, target)
                continue
            url = urlsplit(urljoin(f"{server.url}{path}", target))
            assert url.netloc == urlsplit(server.url).netloc, (path, target)
            # Every page, and of each page every parameter that links set, once.
            names = sorted(each.split("=")[0] for each in url.query.split("&"))
            kind = f"{url.path}?{'&'.join(names)}"
            if kind in kinds or "format=" in url.query or url.path.startswith("/static/"):
                continue
            if url.path.startswith("/p/") and not url.path.startswith("/p/links"):
                continue
            kinds.add(kind)
            following = url._replace(scheme="", netloc="", fragment="").geturl()
            if following not in seen:
                seen.add(following)
                waiting.append(following)
    assert len(seen) > 40
