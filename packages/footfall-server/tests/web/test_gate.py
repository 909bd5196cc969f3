"""Who may see the pages."""

from __future__ import annotations

from typing import Any

import pytest
from footfall_server.web import pages
from starlette.testclient import TestClient

from .conftest import LOCAL


def visit(services: Any, headers: dict[str, str], client: str = "127.0.0.1") -> Any:
    local = {**LOCAL, "client": (client, 50_000)}
    return TestClient(pages(services), **local).get("/", headers=headers)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.0.0.1:8000", "[::1]:8000"])
def test_the_machine_itself_may(services: Any, host: str) -> None:
    answer = visit(services, {"host": host})
    assert answer.status_code == 200
    assert "open to this machine only" in answer.text


@pytest.mark.parametrize(
    ("headers", "client"),
    [
        ({}, "203.0.113.5"),
        ({"host": "rebound.example"}, "127.0.0.1"),
        ({"host": "127.0.0.1.rebound.example"}, "127.0.0.1"),
        ({"x-forwarded-for": "203.0.113.5"}, "127.0.0.1"),
        ({"forwarded": "for=203.0.113.5"}, "127.0.0.1"),
        ({"via": "1.1 proxy"}, "127.0.0.1"),
        ({"cookie": "footfall_session=made-up"}, "203.0.113.5"),
    ],
)
def test_others_are_told_how(services: Any, headers: dict[str, str], client: str) -> None:
    answer = visit(services, headers, client)
    assert answer.status_code == 401
    assert "footfall-server sign-in-link" in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_a_signed_in_browser_may_from_anywhere(services: Any) -> None:
    secret = services.sessions.create_link()
    away: Any = {"base_url": "https://usage.example", "client": ("203.0.113.5", 50_000)}
    with TestClient(pages(services), **away) as browser:
        answer = browser.get(f"/sign-in/{secret}")
        assert answer.status_code == 200
        assert "open to this machine only" not in answer.text
        cookie = answer.history[0].headers["set-cookie"].lower()
        assert all(word in cookie for word in ("httponly", "samesite=lax", "secure"))
        assert browser.get(f"/sign-in/{secret}").status_code == 401


def test_what_the_closed_page_is_drawn_with_is_open(services: Any) -> None:
    import re

    answer = visit(services, {}, "203.0.113.5")
    away: Any = {"base_url": "http://usage.example", "client": ("203.0.113.5", 50_000)}
    with TestClient(pages(services), **away) as browser:
        files = re.findall(r'(?:href|src)="(/static/[^"#]+)', answer.text)
        assert files
        assert {browser.get(file).status_code for file in files} == {200}
