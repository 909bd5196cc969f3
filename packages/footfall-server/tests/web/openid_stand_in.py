"""A stand-in for a provider of OpenID Connect: it signs real tokens with a key of its own, checks
what a provider has to check, and can be made to say what no honest one would.

It is written beside the client that it tests; no provider of others has been tried.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode

import uvicorn
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

CLIENT_ID, CLIENT_SECRET = "footfall", "a secret of the client"


class StandIn:
    """Whoever comes is `claims`. `tamper` changes an ID token's claims, `sign` signs them."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self.old_key, self.new_key, self.foreign_key = (
            RSAKey.generate_key(2048, {"kid": kid}, private=True) for kid in ("one", "two", "one")
        )
        self.be_honest(time.time)

    def be_honest(self, now: Callable[[], float]) -> None:
        """Forget what a test made of it."""
        self.now, self.key = now, self.old_key
        self.claims: dict[str, Any] = {
            "sub": "1", "email": "ada@example.org", "email_verified": True,
        }  # fmt: skip
        self.userinfo: dict[str, Any] | None = None
        self.metadata: dict[str, Any] = {}
        self.tamper: Callable[[dict[str, Any]], dict[str, Any]] = dict
        self.sign: Callable[[dict[str, Any]], str] = self.signed
        self.broken = False
        self.answer: dict[str, str] = {}
        """More in the answer's address."""
        self._codes: dict[str, dict[str, str]] = {}

    def routes(self) -> list[Route]:
        return [
            Route("/.well-known/openid-configuration", self.discovery),
            Route("/authorize", self.authorize),
            Route("/token", self.token, methods=["POST"]),
            Route("/jwks", self.jwks),
            Route("/userinfo", self.of_user),
        ]

    async def discovery(self, request: Request) -> Response:
        if self.broken:
            return Response("<h1>502</h1>", 502)
        endpoints = {
            "authorization_endpoint": "authorize", "token_endpoint": "token",
            "jwks_uri": "jwks", "userinfo_endpoint": "userinfo",
        }  # fmt: skip
        found: dict[str, Any] = {name: f"{self.issuer}/{path}" for name, path in endpoints.items()}
        found |= {"issuer": self.issuer, "id_token_signing_alg_values_supported": ["RS256"]}
        return JSONResponse(found | self.metadata)

    async def authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        assert asked["client_id"] == CLIENT_ID
        code = secrets.token_urlsafe(16)
        self._codes[code] = asked
        back = {"code": code, "state": asked["state"], **self.answer}
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode(back)}", 302)

    async def token(self, request: Request) -> Response:
        form = {name: each[0] for name, each in parse_qs((await request.body()).decode()).items()}
        asked = self._codes.pop(form.get("code", ""), None)
        if asked is None or not self._proven(request, form, asked):
            return JSONResponse({"error": "invalid_grant"}, 400)
        now = int(self.now())
        claims = {"iss": self.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 300}
        claims |= {"nonce": asked["nonce"], **self.claims}
        token = self.sign(self.tamper(claims))
        return JSONResponse({"access_token": "at", "token_type": "Bearer", "id_token": token})

    def _proven(self, request: Request, form: dict[str, str], asked: dict[str, str]) -> bool:
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        basic = base64.b64decode(request.headers.get("authorization", "").partition(" ")[2])
        client, _, secret = basic.decode().partition(":")
        return (
            challenge == asked["code_challenge"]
            and form.get("redirect_uri") == asked["redirect_uri"]
            and (unquote(client), unquote(secret)) == (CLIENT_ID, CLIENT_SECRET)
        )

    async def jwks(self, request: Request) -> Response:
        return JSONResponse({"keys": [self.key.as_dict(private=False)]})

    async def of_user(self, request: Request) -> Response:
        assert request.headers["authorization"] == "Bearer at"
        return JSONResponse(self.userinfo or {"sub": self.claims["sub"]})

    def signed(self, claims: dict[str, Any]) -> str:
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, self.key)

    def unsigned(self, claims: dict[str, Any]) -> str:
        """`alg` none."""
        parts = (json.dumps(part).encode() for part in ({"alg": "none", "kid": "one"}, claims))
        return (
            ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts) + "."
        )

    def signed_by_the_client(self, claims: dict[str, Any]) -> str:
        """With the client's own secret, as if that were the provider's key."""
        key = OctKey.import_key(CLIENT_SECRET)
        return jwt.encode({"alg": "HS256", "kid": "one"}, claims, key)

    def signed_by_another(self, claims: dict[str, Any]) -> str:
        """With somebody else's key, under the name of the provider's."""
        return jwt.encode({"alg": "RS256", "kid": "one"}, claims, self.foreign_key)


@contextmanager
def running() -> Iterator[StandIn]:
    """On a free port of this machine."""
    listener = socket.create_server(("127.0.0.1", 0))
    made = StandIn(f"http://127.0.0.1:{listener.getsockname()[1]}")
    server = uvicorn.Server(uvicorn.Config(Starlette(routes=made.routes()), log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield made
    finally:
        server.should_exit = True
        thread.join()
        listener.close()
