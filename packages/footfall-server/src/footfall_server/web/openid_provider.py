"""The provider, asked: where it sends people to sign in, and who came back from there.

Authlib speaks the protocol and checks the claims, joserfc the signature. What is stricter here than
there: a token has to be for this client, and its signature has to be made with a key of the
provider's that isn't a secret (neither `none` nor one that is made with the client's secret).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

import httpx2
import msgspec
import structlog
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet, KeySetSerialization
from joserfc.jws import JWSRegistry

from footfall_server.model.errors import Forbidden, Unavailable
from footfall_server.model.openid import OpenId, is_safe

log = structlog.get_logger(__name__)

ALGORITHMS = frozenset(
    f"{family}{bits}" for family in ("RS", "PS", "ES") for bits in (256, 384, 512)
) | {"EdDSA", "Ed25519"}
SCOPE = "openid email"
LEEWAY = 60
"""Seconds by which the provider's clock and this one may differ."""
_KEPT = timedelta(hours=1)
_SECONDS = 10.0
T = TypeVar("T")


class Metadata(msgspec.Struct, frozen=True):
    """What a provider says of itself, as far as it is needed."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    id_token_signing_alg_values_supported: tuple[str, ...] = ("RS256",)
    authorization_response_iss_parameter_supported: bool = False


class _Claims(msgspec.Struct, frozen=True):
    sub: str
    email: str | None = None
    email_verified: bool | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody for whom the provider vouches; `email` is verified by it."""

    subject: str
    email: str


class Provider:
    """One provider; what it says of itself is kept for an hour."""

    def __init__(self, settings: OpenId, clock: Callable[[], datetime]) -> None:
        self.settings, self._clock = settings, clock
        self._metadata: tuple[datetime, Metadata] | None = None
        self._keys: tuple[datetime, KeySet] | None = None

    async def authorization(self, redirect_uri: str, state: str, nonce: str, verifier: str) -> str:
        """The address where the reader signs in. Raises Unavailable."""
        async with self._client(redirect_uri) as client:
            metadata = await self.metadata(client)
            address, _ = client.create_authorization_url(
                metadata.authorization_endpoint, state=state, nonce=nonce, code_verifier=verifier
            )
        return str(address)

    async def check_sender(self, issuer: str | None) -> None:
        """That an answer comes from this provider, as far as it says (RFC 9207).

        Raises Forbidden OPENID_MIX_UP, Unavailable.
        """
        async with self._client("") as client:
            metadata = await self.metadata(client)
        expected = metadata.authorization_response_iss_parameter_supported
        if (issuer is None and expected) or (issuer is not None and issuer != metadata.issuer):
            raise Forbidden(
                "OPENID_MIX_UP", "This answer came from another provider: sign in again from here."
            )

    async def identity(self, redirect_uri: str, code: str, nonce: str, verifier: str) -> Identity:
        """Who signed in. Raises Forbidden (OPENID_REFUSED, …_TOKEN, …_UNVERIFIED), Unavailable."""
        async with self._client(redirect_uri) as client:
            metadata = await self.metadata(client)
            methods = metadata.token_endpoint_auth_methods_supported
            if self.settings.client_secret and "client_secret_basic" not in methods:
                client.token_endpoint_auth_method = "client_secret_post"  # noqa: S105 - a method
            token = await self._token(client, metadata, code, verifier)
            claims = await self._verified(client, metadata, token, nonce)
            if claims.email is None and metadata.userinfo_endpoint is not None:
                claims = await self._userinfo(client, metadata.userinfo_endpoint, claims)
        if claims.email is None or claims.email_verified is not True:
            raise Forbidden(
                "OPENID_UNVERIFIED",
                f"{self.settings.name} didn't say that an e-mail address of yours is verified: "
                "verify it there, then sign in again.",
            )
        return Identity(claims.sub, claims.email)

    def _client(self, redirect_uri: str) -> Any:
        return AsyncOAuth2Client(
            self.settings.client_id,
            self.settings.client_secret,
            scope=SCOPE,
            redirect_uri=redirect_uri,
            code_challenge_method="S256",
            timeout=_SECONDS,
            follow_redirects=False,
        )

    async def metadata(self, client: Any) -> Metadata:
        """Raises Unavailable (OPENID_UNAVAILABLE, OPENID_MISCONFIGURED)."""
        now = self._clock()
        if self._metadata is not None and now - self._metadata[0] < _KEPT:
            return self._metadata[1]
        address = f"{self.settings.issuer.rstrip('/')}/.well-known/openid-configuration"
        found = _decoded(await _get(client, address), Metadata)
        if found.issuer != self.settings.issuer:
            raise _misconfigured("calls itself by another name than FOOTFALL_OIDC_ISSUER")
        endpoints = [found.authorization_endpoint, found.token_endpoint, found.jwks_uri]
        endpoints += [found.userinfo_endpoint] if found.userinfo_endpoint else []
        if not all(is_safe(each) for each in endpoints):
            raise _misconfigured("has an endpoint that isn't https")
        if not ALGORITHMS.intersection(found.id_token_signing_alg_values_supported):
            raise _misconfigured("signs in no way that is understood here")
        self._metadata = (now, found)
        return found

    async def _token(
        self, client: Any, metadata: Metadata, code: str, verifier: str
    ) -> dict[str, Any]:
        try:
            token = await client.fetch_token(
                metadata.token_endpoint,
                grant_type="authorization_code",
                code=code,
                code_verifier=verifier,
            )
        except OAuthError as error:
            log.warning("openid code refused", error=str(error.error)[:100])
            raise Forbidden(
                "OPENID_REFUSED",
                f"{self.settings.name} doesn't accept this sign-in (any more): begin again.",
            ) from None
        except (httpx2.HTTPError, ValueError) as error:
            raise _unavailable(error) from None
        return dict(token)

    async def _verified(
        self, client: Any, metadata: Metadata, token: dict[str, Any], nonce: str
    ) -> _Claims:
        """The claims of an ID token, when all is as it should be; Forbidden OPENID_TOKEN."""
        settings = self.settings
        wanted = {
            "iss": {"essential": True, "value": metadata.issuer},
            "aud": {"essential": True, "value": settings.client_id},
        }
        params = {"nonce": nonce, "client_id": settings.client_id}
        params["access_token"] = token.get("access_token", "")
        signed = token.get("id_token")
        algorithms = ALGORITHMS.intersection(metadata.id_token_signing_alg_values_supported)
        registry = JWSRegistry(algorithms=sorted(algorithms), strict_check_header=False)
        try:
            if not isinstance(signed, str):
                raise ValueError("no ID token")
            try:
                decoded = jwt.decode(
                    signed, await self._key_set(client, metadata), registry=registry
                )
            except InvalidKeyIdError:  # the provider has new keys
                keys = await self._key_set(client, metadata, anew=True)
                decoded = jwt.decode(signed, keys, registry=registry)
            claims = CodeIDToken(decoded.claims, decoded.header, wanted, params)
            claims.validate(now=int(self._clock().timestamp()), leeway=LEEWAY)
            return msgspec.convert(dict(claims), _Claims)
        except (JoseError, ValueError, TypeError) as error:
            # The kind of the error alone: its text may hold what the token said.
            log.warning("openid token refused", error=type(error).__name__)
            raise Forbidden(
                "OPENID_TOKEN",
                f"What {settings.name} said of you can't be relied on: begin again. If it happens "
                "again, whoever runs this server finds why in its log.",
            ) from None

    async def _key_set(self, client: Any, metadata: Metadata, anew: bool = False) -> KeySet:
        now = self._clock()
        if self._keys is not None and not anew and now - self._keys[0] < _KEPT:
            return self._keys[1]
        keys = KeySet.import_key_set(
            _decoded(await _get(client, metadata.jwks_uri), KeySetSerialization)
        )
        self._keys = (now, keys)
        return keys

    async def _userinfo(self, client: Any, address: str, claims: _Claims) -> _Claims:
        """Some providers say the address there only; it has to be about the same person."""
        try:
            found = _decoded(await _get(client, address, withhold_token=False), _Claims)
        except OAuthError:
            return claims
        return found if found.sub == claims.sub else claims


async def _get(client: Any, address: str, *, withhold_token: bool = True) -> bytes:
    try:
        answer = await client.request("GET", address, withhold_token=withhold_token)
        answer.raise_for_status()
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise _unavailable(error) from None
    return bytes(answer.content)


def _decoded(content: bytes, type_: type[T]) -> T:
    try:
        return msgspec.json.decode(content, type=type_)
    except msgspec.MsgspecError:
        raise _misconfigured("answers with something else than OpenID Connect") from None


def _unavailable(error: Exception) -> Unavailable:
    log.warning("openid provider unavailable", error=type(error).__name__)
    return Unavailable(
        "OPENID_UNAVAILABLE",
        "The service that signs people in doesn't answer as it should: try again in a minute.",
        retry_after=60,
    )


def _misconfigured(what: str) -> Unavailable:
    log.error("openid provider misconfigured", what=what)
    return Unavailable(
        "OPENID_MISCONFIGURED",
        f"The service that signs people in {what}: whoever runs this server has to look at it.",
        retry_after=600,
    )
