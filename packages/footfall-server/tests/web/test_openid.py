"""Signing in by OpenID Connect: who comes in, who doesn't, and what an attacker would try."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

import httpx2
import pytest
from footfall_server.model.openid import OpenId
from footfall_server.web import pages
from starlette.testclient import TestClient

from .openid_stand_in import CLIENT_ID, CLIENT_SECRET, StandIn, running

AWAY: Any = {"base_url": "https://usage.example.org", "client": ("203.0.113.5", 50_000)}
PASSWORD = "a few words in a row"
ADA = "ada@example.org"


@pytest.fixture(scope="module")
def one_provider() -> Iterator[StandIn]:
    with running() as made:
        yield made


@pytest.fixture
def provider(one_provider: StandIn, services: Any) -> StandIn:
    """As honest as at the beginning."""
    one_provider.be_honest(lambda: services.clock().timestamp())
    services.openid = OpenId(one_provider.issuer, CLIENT_ID, CLIENT_SECRET, name="Example ID")
    return one_provider


@pytest.fixture
def browser(provider: StandIn, services: Any) -> Iterator[Callable[[], TestClient]]:
    """Opens browsers at one server."""
    opened: list[TestClient] = []
    app = pages(services)

    def open_() -> TestClient:
        opened.append(TestClient(app, follow_redirects=False, **AWAY))
        return opened[-1]

    yield open_
    for one in opened:
        one.close()


def begin(visit: TestClient, path: str = "/openid/start") -> str:
    """Where the provider sends the browser back to."""
    there = visit.get(path).headers["location"]
    return httpx2.get(there).headers["location"]


def sign_in(visit: TestClient) -> Any:
    return visit.get(begin(visit))


def come_in(services: Any, email: str = ADA, **fields: bool) -> None:
    services.users.create(email, PASSWORD, **fields)


def test_an_account_with_the_address_is_signed_in_as_by_password(
    browser: Callable[[], TestClient], services: Any
) -> None:
    come_in(services, admin=True)
    visit = browser()
    login = visit.get("/p/nannyml/setup?x=1").headers["location"]
    page = visit.get(login).text
    assert "Continue with Example ID" in page
    assert 'type="password"' in page
    start = page.split('href="/openid/start')[1].split('"')[0].replace("&amp;", "&")
    answer = visit.get(begin(visit, f"/openid/start{start}"))
    assert answer.headers["location"] == "/p/nannyml/setup?x=1"
    cookie = answer.headers["set-cookie"].lower()
    assert all(
        word in cookie for word in ("footfall_session=", "httponly", "samesite=lax", "secure")
    )
    assert "footfall_openid" not in visit.cookies
    assert visit.get("/p/nannyml/setup").status_code == 200
    act = services.audit.acts(None)[0]
    assert (act.actor, act.action, act.subject) == (ADA, "sign-in", "with Example ID")
    token = visit.get("/account").text.split('name="csrf" value="')[1].split('"')[0]
    assert visit.post("/logout", data={"csrf": token}).status_code == 303
    assert visit.get("/p/nannyml/setup").headers["location"].startswith("/login")


def test_an_invitation_is_enough_and_is_used_up(
    browser: Callable[[], TestClient], services: Any, provider: StandIn
) -> None:
    come_in(services, "owner@example.org", admin=True)
    project = services.accounts.project("nannyml")
    secret = services.users.invite(project, "ada@Example.org", "editor")
    visit = browser()
    assert "Continue with Example ID" in visit.get(f"/invite/{secret}").text
    provider.claims["email"] = "Ada@example.org"
    assert sign_in(visit).headers["location"] == "/"
    assert [(one.user.email, one.role) for one in services.users.members(project)] == [
        (ADA, "editor")
    ]
    assert services.users.invitations(project) == []
    assert visit.get(f"/invite/{secret}").status_code == 404
    # An account without a password opens to no password at all.
    other = browser()
    for password in ("", "None", PASSWORD):
        assert other.post("/login", data={"email": ADA, "password": password}).status_code == 401
    assert "there is no password to change" in visit.get("/account").text


def test_a_role_that_somebody_has_is_not_lowered_by_an_invitation(
    browser: Callable[[], TestClient], services: Any
) -> None:
    come_in(services)
    project = services.accounts.project("nannyml")
    services.users.set_role(project, services.users.all()[0].id, "owner")
    services.users.invite(project, ADA, "viewer")
    assert sign_in(browser()).status_code == 303
    assert services.users.members(project)[0].role == "owner"


@pytest.mark.parametrize("allowed", [ADA, "example.org"])
def test_the_settings_let_addresses_and_domains_in(
    browser: Callable[[], TestClient], services: Any, provider: StandIn, allowed: str
) -> None:
    come_in(services, "owner@example.com", admin=True)
    services.openid = OpenId(
        provider.issuer, CLIENT_ID, CLIENT_SECRET, allowed=frozenset({allowed})
    )
    with TestClient(pages(services), follow_redirects=False, **AWAY) as visit:
        assert sign_in(visit).headers["location"] == "/"
        # In, but in no project, and no administrator.
        assert visit.get("/p/nannyml/setup").status_code == 404
        assert visit.get("/users").status_code == 403
        for stranger in (
            "eve@evil-example.org",
            "ada@example.org.evil.example",
            "ada@sub.example.org",
        ):
            provider.claims = {"sub": "2", "email": stranger, "email_verified": True}
            assert "OPENID_NOT_INVITED" in sign_in(visit).text


def test_the_first_account_is_made_by_an_address_that_is_named_only(
    bare: Any, provider: StandIn
) -> None:
    for allowed, status in ((set(), 403), ({"example.org"}, 403), ({ADA}, 303)):
        bare.openid = OpenId(provider.issuer, CLIENT_ID, CLIENT_SECRET, allowed=frozenset(allowed))
        with TestClient(pages(bare), follow_redirects=False, **AWAY) as visit:
            answer = sign_in(visit)
            assert answer.status_code == status
            assert ("OPENID_NOT_FIRST" in answer.text) == (status == 403)
            assert bare.users.any() == (status == 303)
    assert bare.users.all()[0].admin


def test_strangers_and_the_disabled_stay_outside_and_are_told_what_to_do(
    browser: Callable[[], TestClient], services: Any
) -> None:
    come_in(services, "owner@example.org", admin=True)
    visit = browser()
    answer = sign_in(visit)
    assert answer.status_code == 403
    assert "ask an owner of the project to invite it" in answer.text
    assert "OPENID_NOT_INVITED" in answer.text
    assert len(services.users.all()) == 1
    come_in(services)
    services.users.disable(next(one.id for one in services.users.all() if one.email == ADA))
    assert "ACCOUNT_DISABLED" in sign_in(visit).text
    assert "footfall_session" not in visit.cookies


BAD: dict[str, dict[str, Any]] = {
    "wrong nonce": {"tamper": lambda c: c | {"nonce": "another"}},
    "no nonce": {"tamper": lambda c: {k: v for k, v in c.items() if k != "nonce"}},
    "foreign audience": {"tamper": lambda c: c | {"aud": "another"}},
    "foreign audience, for us": {"tamper": lambda c: c | {"aud": "another", "azp": CLIENT_ID}},
    "one audience of many": {"tamper": lambda c: c | {"aud": [CLIENT_ID, "another"]}},
    "for another": {"tamper": lambda c: c | {"azp": "another"}},
    "wrong issuer": {"tamper": lambda c: c | {"iss": "https://evil.example"}},
    "expired": {"tamper": lambda c: c | {"exp": c["iat"] - 61}},
    "no end": {"tamper": lambda c: {k: v for k, v in c.items() if k != "exp"}},
    "from the future": {"tamper": lambda c: c | {"iat": c["iat"] + 3_600, "nbf": c["iat"] + 3_600}},
    "nobody": {"tamper": lambda c: {k: v for k, v in c.items() if k != "sub"}},
    "alg none": {"sign": "unsigned"},
    "the client's secret for a key": {"sign": "signed_by_the_client"},
    "another's key": {"sign": "signed_by_another"},
    "no JWT": {"sign": lambda claims: "x.y.z"},
}


@pytest.mark.parametrize("name", BAD)
def test_a_token_that_is_not_for_this_sign_in_is_refused(
    browser: Callable[[], TestClient], services: Any, provider: StandIn, name: str, logs: list[Any]
) -> None:
    come_in(services)
    for field, value in BAD[name].items():
        setattr(provider, field, getattr(provider, value) if isinstance(value, str) else value)
    # A provider that lists them as its own ways makes no difference.
    provider.metadata = {"id_token_signing_alg_values_supported": ["RS256", "HS256", "none"]}
    visit = browser()
    back = begin(visit)
    answer = visit.get(back)
    assert (answer.status_code, "OPENID_TOKEN" in answer.text) == (403, True)
    assert "footfall_session" not in visit.cookies
    code = parse_qs(urlsplit(back).query)["code"][0]
    assert not [line for line in logs if code in str(line) or "eyJ" in str(line)]


@pytest.mark.parametrize(
    ("verified", "code"),
    [(False, "OPENID_UNVERIFIED"), (None, "OPENID_UNVERIFIED"), ("no", "OPENID_TOKEN")],
)
def test_an_address_that_is_not_verified_opens_nothing(
    browser: Callable[[], TestClient],
    services: Any,
    provider: StandIn,
    verified: Any,
    code: str,
) -> None:
    come_in(services)
    provider.claims["email_verified"] = verified
    answer = sign_in(browser())
    assert (answer.status_code, code in answer.text) == (403, True)


def test_the_address_may_come_from_the_user_info(
    browser: Callable[[], TestClient], services: Any, provider: StandIn
) -> None:
    come_in(services)
    provider.claims = {"sub": "1"}
    provider.userinfo = {"sub": "1", "email": ADA, "email_verified": True}
    assert sign_in(browser()).status_code == 303
    provider.userinfo["sub"] = "2"  # somebody else's
    assert "OPENID_UNVERIFIED" in sign_in(browser()).text


def with_query(address: str, **changes: str | None) -> str:
    parts = urlsplit(address)
    query = {name: each[0] for name, each in parse_qs(parts.query).items()} | changes
    return urlunsplit(parts._replace(query=urlencode({k: v for k, v in query.items() if v})))


def test_an_answer_counts_once_in_the_browser_that_asked_and_in_time(
    browser: Callable[[], TestClient], services: Any
) -> None:
    come_in(services)
    visit = browser()
    # Login CSRF: an attacker's own answer, opened in the victim's browser.
    theirs = begin(browser())
    assert "OPENID_STATE" in visit.get(theirs).text
    begin(visit)
    assert "OPENID_STATE" in visit.get(theirs).text
    # A state that was guessed, or none.
    for state in ("another", None, "é"):
        assert "OPENID_STATE" in visit.get(with_query(begin(visit), state=state)).text
    # A replay, even with the cookie of the first time.
    back = begin(visit)
    cookie = visit.cookies["footfall_openid"]
    assert visit.get(back).status_code == 303
    again = browser()
    again.cookies.set("footfall_openid", cookie)
    answer = again.get(back)
    assert (answer.status_code, "OPENID_STATE" in answer.text) == (403, True)
    # Too late; a cookie that was changed.
    late = begin(again)
    services.now += timedelta(minutes=10, seconds=1)
    assert "OPENID_STATE" in again.get(late).text
    changed = browser()
    back = begin(changed)
    body, _, signature = changed.cookies["footfall_openid"].partition(".")
    for cookie in (f"{body}.{signature[::-1]}", body, "é", f"{body[::-1]}.{signature}"):
        other = browser()
        answer = other.get(back, headers={"cookie": f"footfall_openid={cookie}".encode()})
        assert "OPENID_STATE" in answer.text


def test_another_site_cannot_begin_a_sign_in(browser: Callable[[], TestClient]) -> None:
    answer = browser().get("/openid/start", headers={"sec-fetch-site": "cross-site"})
    assert answer.headers["location"] == "/login"
    there = browser().get("/openid/start?next=//evil.example")
    assert "evil" not in there.headers["location"]
    assert "form-action 'self'" in there.headers["content-security-policy"]


def test_a_code_of_another_sign_in_is_worth_nothing(
    browser: Callable[[], TestClient], services: Any
) -> None:
    """Injected into the victim's own answer, it fails PKCE at the provider."""
    come_in(services)
    attacker, victim = browser(), browser()
    stolen = parse_qs(urlsplit(begin(attacker)).query)["code"][0]
    answer = victim.get(with_query(begin(victim), code=stolen))
    assert (answer.status_code, "OPENID_REFUSED" in answer.text) == (403, True)


def test_an_answer_that_another_provider_sent_is_refused(
    browser: Callable[[], TestClient], services: Any, provider: StandIn
) -> None:
    come_in(services)
    provider.metadata = {"authorization_response_iss_parameter_supported": True}
    visit = browser()
    assert "OPENID_MIX_UP" in sign_in(visit).text
    provider.answer = {"iss": "https://evil.example"}
    assert "OPENID_MIX_UP" in sign_in(visit).text
    provider.answer = {"iss": provider.issuer}
    assert sign_in(visit).status_code == 303


def test_what_the_provider_says_of_a_refusal_is_shown_as_text(
    browser: Callable[[], TestClient], services: Any
) -> None:
    come_in(services)
    visit = browser()
    answer = visit.get(with_query(begin(visit), code=None, error="access_denied"))
    assert (answer.status_code, "access_denied" in answer.text) == (403, True)
    answer = visit.get(with_query(begin(visit), code=None, error="<script>alert(1)</script>"))
    assert (answer.status_code, "alert" in answer.text) == (403, False)


def test_a_provider_that_is_down_or_wrong_is_a_page(
    browser: Callable[[], TestClient], services: Any, provider: StandIn, logs: list[Any]
) -> None:
    come_in(services)
    visit = browser()
    provider.broken = True
    answer = visit.get("/openid/start")
    assert (answer.status_code, "OPENID_UNAVAILABLE" in answer.text) == (503, True)
    assert answer.headers["retry-after"] == "60"
    provider.broken = False
    for wrong in (
        {"issuer": "https://evil.example"},
        {"token_endpoint": "http://example.org/token"},
        {"jwks_uri": None},
        {"id_token_signing_alg_values_supported": ["none", "HS256"]},
    ):
        provider.metadata = wrong
        answer = visit.get("/openid/start")
        assert (answer.status_code, "OPENID_MISCONFIGURED" in answer.text) == (503, True)
    assert "password" in visit.get("/login").text
    for issuer in ("http://127.0.0.1:1", "http://127.0.0.1:1/x\x00y"):
        services.openid = OpenId(issuer, CLIENT_ID, CLIENT_SECRET)
        with TestClient(pages(services), follow_redirects=False, **AWAY) as other:
            answer = other.get("/openid/start")
            assert (answer.status_code, "OPENID_UNAVAILABLE" in answer.text) == (503, True)
    assert not [line for line in logs if line["event"] == "page failed"]


def test_new_keys_of_the_provider_are_fetched(
    browser: Callable[[], TestClient], services: Any, provider: StandIn
) -> None:
    come_in(services)
    assert sign_in(browser()).status_code == 303
    provider.key = provider.new_key
    assert sign_in(browser()).status_code == 303


def test_passwords_can_be_switched_off(services: Any, provider: StandIn) -> None:
    come_in(services)
    services.openid = OpenId(provider.issuer, CLIENT_ID, CLIENT_SECRET, only=True)
    secret = services.users.invite(services.accounts.project("nannyml"), "b@example.org", "viewer")
    with TestClient(pages(services), follow_redirects=False, **AWAY) as visit:
        for path in ("/login", f"/invite/{secret}"):
            assert 'type="password"' not in visit.get(path).text
            answer = visit.post(path, data={"email": ADA, "password": PASSWORD})
            assert answer.status_code == 403
            assert "footfall_session" not in visit.cookies
        assert sign_in(visit).status_code == 303
        assert 'type="password"' not in visit.get("/account").text


def test_without_a_provider_there_is_no_trace_of_it(client: TestClient, services: Any) -> None:
    come_in(services)
    assert "openid" not in client.get("/login").text
    for path in ("/openid/start", "/openid/callback?code=x&state=y"):
        assert client.get(path).status_code == 404
