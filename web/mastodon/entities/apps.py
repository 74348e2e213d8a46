"""Client programs and their tokens, as Mastodon's Application, CredentialApplication and Token."""

from social.apps import Issued, NewApp
from storage.queries.tokens import AppRow
from web.mastodon.entities.accounts import JsonDict


def application(app: AppRow) -> JsonDict:
    """A registered app, without its secret. Name and addresses are as they came."""
    uris = app.redirect_uris.split("\n")
    return {
        "id": str(app.id),
        "name": app.name,
        "website": app.website,
        "scopes": app.scopes.split(),
        "redirect_uris": uris,
        # Deprecated, but typed clients still decode it.
        "redirect_uri": app.redirect_uris,
        "vapid_key": "",
    }


def credential_application(new: NewApp) -> JsonDict:
    """The answer to a registration: the only time that the secret is shown."""
    return {
        **application(new.app),
        "client_id": new.app.client_id,
        "client_secret": new.client_secret,
        "client_secret_expires_at": 0,  # never
    }


def token(issued: Issued) -> JsonDict:
    """An access token; `scope` names every scope that was granted."""
    return {
        "access_token": issued.token,
        "token_type": "Bearer",
        "scope": issued.scopes,
        "created_at": issued.created_at,
    }
