"""Signing in, the first account, roles, settings: in a browser without JavaScript."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from footfall_server.web import pages
from starlette.testclient import TestClient

from .conftest import LOCAL

PASSWORD = "a few words in a row"
AWAY: Any = {"base_url": "https://usage.example", "client": ("203.0.113.5", 50_000)}
SAME = {"sec-fetch-site": "same-origin"}


@pytest.fixture
def browser(services: Any) -> Iterator[Callable[..., TestClient]]:
    """Opens a browser somewhere else; with an address, signed in."""
    opened: list[TestClient] = []

    def open_(email: str = "", role: str | None = None, **fields: bool) -> TestClient:
        made = TestClient(pages(services), follow_redirects=False, **AWAY)
        opened.append(made)
        if email:
            made.cookies.update(services.sign_in(email, role, **fields))
        return made

    yield open_
    for one in opened:
        one.close()


def token_of(page: str) -> str:
    return page.split('name="csrf" value="')[1].split('"')[0]


def test_first_run_makes_the_admin_and_closes_the_door(client: TestClient, services: Any) -> None:
    assert "/first" in client.get("/").text
    page = client.get("/first").text
    weak = client.post("/first", data={"csrf": token_of(page), "email": "a@b.c", "password": "x"})
    assert weak.status_code == 422
    assert "A password has" in weak.text
    fields = {"csrf": token_of(page), "email": "ada@example.org", "password": PASSWORD}
    answer = client.post("/first", data=fields)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "open to this machine only" not in client.get("/").text
    # Another browser on the same machine has to sign in now.
    with TestClient(pages(services), follow_redirects=False, **LOCAL) as other:
        assert other.get("/").headers["location"] == "/login"
        assert other.get("/first").headers["location"] == "/login?next=%2Ffirst"
        assert other.post("/first", data=fields).headers["location"].startswith("/login")


def test_signing_in_leads_to_where_one_wanted_to_go(
    browser: Callable[..., TestClient], services: Any
) -> None:
    services.users.create("ada@example.org", PASSWORD, admin=True)
    visit = browser()
    login = visit.get("/p/nannyml/setup?x=1").headers["location"]
    assert login == "/login?next=%2Fp%2Fnannyml%2Fsetup%3Fx%3D1"
    answer = visit.post(login, data={"email": " Ada@example.org", "password": PASSWORD})
    assert answer.headers["location"] == "/p/nannyml/setup?x=1"
    cookie = answer.headers["set-cookie"].lower()
    assert all(word in cookie for word in ("httponly", "samesite=lax", "secure"))
    assert visit.get("/p/nannyml/setup").status_code == 200
    page = visit.get("/account").text
    assert visit.post("/logout", data={"csrf": token_of(page)}).status_code == 303
    assert visit.get("/p/nannyml/setup").headers["location"].startswith("/login")


@pytest.mark.parametrize("away", ["https://evil.example/", "//evil.example", "/\\evil.example", ""])
def test_signing_in_never_leads_elsewhere(
    browser: Callable[..., TestClient], services: Any, away: str
) -> None:
    services.users.create("ada@example.org", PASSWORD)
    answer = browser().post(
        "/login", params={"next": away}, data={"email": "ada@example.org", "password": PASSWORD}
    )
    assert answer.headers["location"] == "/"


def test_a_wrong_password_says_the_same_for_every_address(
    browser: Callable[..., TestClient], services: Any
) -> None:
    services.users.create("ada@example.org", PASSWORD)
    answers = [
        browser().post("/login", data={"email": email, "password": "wrong, all of it"})
        for email in ("ada@example.org", "nobody@example.org")
    ]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert all("address or the password is wrong" in answer.text for answer in answers)
    assert all("set-cookie" not in answer.headers for answer in answers)


def test_guessing_is_slowed_down(browser: Callable[..., TestClient], services: Any) -> None:
    services.users.create("ada@example.org", PASSWORD)
    visit = browser()
    wrong = {"email": "ada@example.org", "password": "wrong, all of it"}
    right = {"email": "ada@example.org", "password": PASSWORD}
    statuses = [visit.post("/login", data=wrong).status_code for _ in range(6)]
    assert statuses == [401] * 5 + [429]
    blocked = visit.post("/login", data=right)
    assert blocked.status_code == 429
    assert int(blocked.headers["retry-after"]) <= 16
    services.now += timedelta(seconds=16)
    assert visit.post("/login", data=right).status_code == 303


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "same-origin"}, 303),
        ({"origin": "https://usage.example"}, 303),
    ],
)
def test_forms_of_other_sites_do_nothing(
    browser: Callable[..., TestClient], services: Any, headers: dict[str, str], status: int
) -> None:
    visit = browser("ada@example.org", admin=True)
    fields = {"do": "timezone", "timezone": "Europe/Brussels"}
    answer = visit.post("/p/nannyml/settings", data=fields, headers=headers)
    assert answer.status_code == status
    changed = services.accounts.project("nannyml").timezone == "Europe/Brussels"
    assert changed == (status == 303)


def test_a_forms_token_is_no_help_to_another_site(browser: Callable[..., TestClient]) -> None:
    visit = browser("ada@example.org", admin=True)
    token = token_of(visit.get("/p/nannyml/settings").text)
    fields = {"do": "timezone", "timezone": "UTC", "csrf": token}
    assert visit.post("/p/nannyml/settings", data=fields).status_code == 303
    evil = {"origin": "https://evil.example"}
    assert visit.post("/p/nannyml/settings", data=fields, headers=evil).status_code == 403
    other = browser("eve@example.org", admin=True)
    assert other.post("/p/nannyml/settings", data=fields).status_code == 403


def test_who_has_no_role_sees_no_project(browser: Callable[..., TestClient]) -> None:
    visit = browser("eve@example.org")
    assert "nannyml" not in visit.get("/").text
    for path in ("overview", "setup", "settings"):
        assert visit.get(f"/p/nannyml/{path}").status_code == 404
    same = visit.get("/p/nannyml/setup").text.split("For the log")[0]
    other = visit.get("/p/nothing/setup").text.split("For the log")[0]
    assert same.replace("nannyml", "nothing") == other


@pytest.mark.parametrize(("role", "status"), [("viewer", 403), ("editor", 403), ("owner", 200)])
def test_settings_are_the_owners(
    browser: Callable[..., TestClient], role: str, status: int
) -> None:
    visit = browser("ada@example.org", role)
    assert visit.get("/p/nannyml/setup").status_code == 200
    assert visit.get("/p/nannyml/settings").status_code == status
    assert visit.get("/users").status_code == 403
    assert visit.get("/new").status_code == 403


def test_a_token_is_shown_once_and_opens_what_its_scope_says(
    browser: Callable[..., TestClient], services: Any
) -> None:
    visit = browser("ada@example.org", "owner")
    fields = {"do": "token.create", "name": "<b>notebook</b>", "scope": "read"}
    page = visit.post("/p/nannyml/settings", data=fields, headers=SAME).text
    secret = page.split('id="made-token">')[1].split("<")[0]
    grant = services.tokens.grant(secret)
    assert (grant.scope, grant.name) == ("read", "<b>notebook</b>")
    page = visit.get("/p/nannyml/settings").text
    assert secret not in page
    assert "&lt;b&gt;notebook&lt;/b&gt;" in page
    assert "token.create" in page
    id_ = services.tokens.all(services.accounts.project("nannyml"))[-1].id
    fields = {"do": "token.revoke", "id": id_}
    assert visit.post("/p/nannyml/settings", data=fields, headers=SAME).status_code == 303
    assert services.tokens.grant(secret) is None


def test_somebody_is_invited_accepts_and_is_taken_out(
    browser: Callable[..., TestClient], services: Any
) -> None:
    owner = browser("ada@example.org", "owner")
    fields = {"do": "member.invite", "email": "bob@example.org", "role": "viewer"}
    page = owner.post("/p/nannyml/settings", data=fields, headers=SAME).text
    link = page.split('id="made-invitation">')[1].split("<")[0]
    path = "/invite/" + link.split("/invite/")[1]
    guest = browser()
    assert "bob@example.org becomes viewer" in guest.get(path).text
    assert guest.post(path, data={"password": "short"}).status_code == 422
    assert guest.post(path, data={"password": PASSWORD}).status_code == 303
    assert guest.get("/p/nannyml/setup").status_code == 200
    assert guest.get(path).status_code == 404
    user = services.users.check("bob@example.org", PASSWORD)
    fields = {"do": "member.role", "user": str(user.id), "role": "none"}
    assert owner.post("/p/nannyml/settings", data=fields, headers=SAME).status_code == 303
    assert guest.get("/p/nannyml/setup").status_code == 404


def test_an_admin_makes_projects_and_accounts(
    browser: Callable[..., TestClient], services: Any
) -> None:
    visit = browser("ada@example.org", admin=True)
    bad = visit.post("/new", data={"name": "No Such", "timezone": "UTC"}, headers=SAME)
    assert bad.status_code == 422
    page = visit.post("/new", data={"name": "lib", "timezone": "UTC"}, headers=SAME).text
    secret = page.split('id="api-token">')[1].split("<")[0]
    assert services.tokens.grant(secret).project.name == "lib"
    fields = {"do": "create", "email": "bob@example.org", "password": PASSWORD}
    assert visit.post("/users", data=fields, headers=SAME).status_code == 303
    assert visit.post("/users", data=fields, headers=SAME).status_code == 422
    bob = services.users.check("bob@example.org", PASSWORD)
    fields = {"do": "disable", "user": str(bob.id)}
    assert visit.post("/users", data=fields, headers=SAME).status_code == 303
    assert services.users.check("bob@example.org", PASSWORD) is None
    assert "user.disable" in visit.get("/users").text


def test_a_changed_password_ends_the_other_sessions(
    browser: Callable[..., TestClient], services: Any
) -> None:
    one = browser("ada@example.org", "viewer")
    two = browser()
    two.cookies.update({"footfall_session": services.sessions.begin(1)})
    assert two.get("/account").status_code == 200
    new = "some other words in a row"
    wrong = one.post("/account", data={"current": "no", "password": new}, headers=SAME)
    assert wrong.status_code == 422
    right = one.post("/account", data={"current": PASSWORD, "password": new}, headers=SAME)
    assert right.headers["location"] == "/account?saved=1"
    assert "The password was changed" in one.get("/account?saved=1").text
    assert two.get("/account").status_code == 303
    assert services.users.check("ada@example.org", new) is not None


@pytest.mark.parametrize("path", ["/login", "/first", "/account", "/p/nannyml/settings"])
def test_pages_around_secrets_stay_out_of_caches(
    browser: Callable[..., TestClient], path: str
) -> None:
    answer = browser("ada@example.org", admin=True).get(path)
    assert answer.status_code in (200, 303)
    assert answer.headers["cache-control"] in ("no-store", "private, no-cache")
