"""Client programs and their tokens, as Mastodon's Application, CredentialApplication and Token."""

from typing import Final, Literal, TypedDict

from domain.node import Node
from social.apps import OUT_OF_BAND, Issued, NewApp
from social.scopes import KNOWN
from storage.queries.tokens import AppRow
from storage.views.actors import ActorView
from web.mastodon.entities.formats import Address, Count, Id


class Application(TypedDict):
    """A client program."""

    id: Id
    name: str
    website: Address | None
    scopes: list[str]
    redirect_uris: list[str]
    redirect_uri: str
    vapid_key: str


class CredentialApplication(Application):
    """A client program with its secret."""

    client_id: str
    client_secret: str
    client_secret_expires_at: Count


class Token(TypedDict):
    """An access token; `created_at` in seconds."""

    access_token: str
    token_type: Literal["Bearer"]
    scope: str
    created_at: Count


COMMAND_LINE: Final = AppRow(1, "", b"", "Command line", None, OUT_OF_BAND, "", 0)
"""What a token was made for that no app asked for: the operator's own commands made it."""


def application(app: AppRow, push_key: str) -> Application:
    """A registered app, without its secret. Name and addresses are as they came.

    `push_key`: by which the app knows this node's pushes.
    """
    uris = app.redirect_uris.split("\n")
    return {
        "id": str(app.id),
        "name": app.name,
        "website": app.website,
        "scopes": app.scopes.split(),
        "redirect_uris": uris,
        # Deprecated, but typed clients still decode it.
        "redirect_uri": app.redirect_uris,
        "vapid_key": push_key,
    }


def credential_application(new: NewApp, push_key: str) -> CredentialApplication:
    """The answer to a registration: the only time that the secret is shown."""
    return {
        **application(new.app, push_key),
        "client_id": new.app.client_id,
        "client_secret": new.client_secret,
        "client_secret_expires_at": 0,  # never
    }


def token(issued: Issued) -> Token:
    """An access token; `scope` names every scope that was granted."""
    return {
        "access_token": issued.token,
        "token_type": "Bearer",
        "scope": issued.scopes,
        "created_at": issued.created_at,
    }


class UserInfo(TypedDict):
    """The claims about a person that Mastodon gives (OpenID Connect's names)."""

    iss: Address
    sub: Address
    name: str
    preferred_username: str
    profile: Address
    picture: Address


def user_info(me: ActorView, node: Node) -> UserInfo:
    """GET /oauth/userinfo."""
    return {
        "iss": f"{node.origin}/",
        "sub": me.uri,
        "name": me.name or me.handle,
        "preferred_username": me.handle,
        "profile": me.url,
        "picture": me.avatar or f"{node.origin}/static/avatar.png",
    }


class ServerMetadata(TypedDict):
    """What an app may ask of this node's OAuth (RFC 8414)."""

    issuer: Address
    service_documentation: Address
    authorization_endpoint: Address
    token_endpoint: Address
    app_registration_endpoint: Address
    revocation_endpoint: Address
    userinfo_endpoint: Address
    scopes_supported: list[str]
    response_types_supported: list[str]
    response_modes_supported: list[str]
    grant_types_supported: list[str]
    token_endpoint_auth_methods_supported: list[str]
    code_challenge_methods_supported: list[str]


def server_metadata(node: Node) -> ServerMetadata:
    """GET /.well-known/oauth-authorization-server."""
    origin = node.origin
    return {
        "issuer": f"{origin}/",
        "service_documentation": f"{origin}/about",
        "authorization_endpoint": f"{origin}/oauth/authorize",
        "token_endpoint": f"{origin}/oauth/token",
        "app_registration_endpoint": f"{origin}/api/v1/apps",
        "revocation_endpoint": f"{origin}/oauth/revoke",
        "userinfo_endpoint": f"{origin}/oauth/userinfo",
        "scopes_supported": list(KNOWN),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "client_credentials"],
        "token_endpoint_auth_methods_supported": [
            *("client_secret_basic", "client_secret_post", "none"),
        ],
        "code_challenge_methods_supported": ["S256"],
    }
