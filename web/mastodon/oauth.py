"""OAuth for client programs: registration, tokens, revocation, who somebody is, metadata.

RFC 6749, 7009, 7591 in Mastodon's shape, 8414, OpenID Connect's userinfo. The page on which a
person consents is `web/pages`. Decisions are `social.apps`.
"""

import base64
import binascii
from typing import Final, NamedTuple
from urllib.parse import unquote_plus

from aiohttp import hdrs
from aiohttp.web import Response, StreamResponse

from social import apps
from social.apps import Issued, OAuthProblem
from social.attempts import pace_of
from storage.views.people import person
from web.call import Call
from web.mastodon.entities import apps as entities
from web.mastodon.entities.apps import Application, CredentialApplication, Token
from web.mastodon.entities.formats import Nothing
from web.responses import empty, error, json
from web.routes import Access, Route, get, post

NO_CACHE: Final = {"Cache-Control": "no-store", "Pragma": "no-cache"}  # RFC 6749 §5.1


class _Client(NamedTuple):
    id: str
    secret: str | None


async def register(call: Call) -> StreamResponse:
    """POST /api/v1/apps."""
    params = call.params
    new = await apps.register_app(
        call.services.db,
        name=params.text("client_name"),
        redirect_uris="\n".join(params.many("redirect_uris")),
        wanted=" ".join(params.many("scopes")),
        website=params.maybe("website"),
        address=call.address,
        pace=pace_of(call.services.rates["apps"]),
    )
    return json(entities.credential_application(new, call.node.push_key))


async def verify_app(call: Call) -> StreamResponse:
    """GET /api/v1/apps/verify_credentials, with any token."""
    if call.identity is None:
        return error(401, "The access token is invalid")
    app = await call.read(apps.app_of, identity=call.identity) or entities.COMMAND_LINE
    return json(entities.application(app, call.node.push_key))


async def issue_token(call: Call) -> StreamResponse:
    """POST /oauth/token: `authorization_code` with PKCE, or `client_credentials`."""
    try:
        issued = await _issued(call, _client(call))
    except OAuthProblem as problem:
        return _refused(problem)
    return json(entities.token(issued), headers=NO_CACHE)


async def _issued(call: Call, client: _Client) -> Issued:
    params = call.params
    grant = params.text("grant_type")
    if grant == "authorization_code":
        return await apps.redeem_code(
            call.services.db,
            client_id=client.id,
            client_secret=client.secret,
            code=params.text("code"),
            redirect_uri=params.text("redirect_uri"),
            verifier=params.maybe("code_verifier"),
        )
    if grant == "client_credentials":
        if client.secret is None:
            raise OAuthProblem("invalid_client", "This grant needs the app's secret")
        return await call.services.db.write(
            apps.client_credentials,
            client_id=client.id,
            client_secret=client.secret,
            wanted=params.text("scope"),
        )
    raise OAuthProblem("unsupported_grant_type", "This way to a token is not offered here")


def _client(call: Call) -> _Client:
    """The app that asks, by Basic (RFC 6749 §2.3.1) or by parameters."""
    scheme, _, encoded = call.request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    if scheme.lower() == "basic":
        return _from_basic(encoded)
    return _Client(call.params.text("client_id"), call.params.maybe("client_secret"))


def _from_basic(encoded: str) -> _Client:
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise OAuthProblem("invalid_client", "The app's credentials cannot be read") from None
    # Decoded twice, so zero bytes are looked for last.
    name, _, secret = text.partition(":")
    return _Client(*(unquote_plus(part).replace("\0", "") for part in (name, secret)))


def _refused(problem: OAuthProblem) -> Response:
    status = 401 if problem.error == "invalid_client" else 400
    response = json(
        {"error": problem.error, "error_description": problem.message}, status, NO_CACHE
    )
    if status == 401:
        response.headers[hdrs.WWW_AUTHENTICATE] = 'Basic realm="OAuth"'
    return response


async def revoke(call: Call) -> StreamResponse:
    """POST /oauth/revoke: an unknown token is as good as revoked (RFC 7009 §2.2)."""
    try:
        client = _client(call)
        await call.services.db.write(
            apps.revoke,
            client_id=client.id,
            client_secret=client.secret,
            token=call.params.text("token"),
        )
    except OAuthProblem as problem:
        return _refused(problem)
    return empty()


async def userinfo(call: Call) -> StreamResponse:
    """GET /oauth/userinfo: the claims that Mastodon gives."""
    me = await call.read(person, call.viewer, call.person.actor_id)
    return json(entities.user_info(me, call.node))


async def metadata(call: Call) -> StreamResponse:
    """GET /.well-known/oauth-authorization-server (RFC 8414)."""
    return json(entities.server_metadata(call.node))


_METADATA: Final = "/.well-known/oauth-authorization-server"
_USERINFO: Final = ("/oauth/userinfo", userinfo, Access.ACCOUNT, "profile|read:accounts")

ROUTES: list[Route] = [
    post("/api/v1/apps", register, Access.OPEN, answers=CredentialApplication),
    get("/api/v1/apps/verify_credentials", verify_app, Access.APP, answers=Application),
    post("/oauth/token", issue_token, Access.OPEN, answers=Token),
    post("/oauth/revoke", revoke, Access.OPEN, answers=Nothing),
    get(*_USERINFO, answers=entities.UserInfo),
    post(*_USERINFO, answers=entities.UserInfo),
    get(_METADATA, metadata, Access.OPEN, answers=entities.ServerMetadata),
]
