"""Actors as Mastodon's Account, CredentialAccount, Role and Relationship."""

from typing import Final

import orjson

from domain.audience import Viewer
from domain.kinds import ActorType, Limit, Role
from domain.node import Node
from domain.text import to_plain
from social.files import proxied
from storage.queries.accounts import AccountRow
from storage.views.actors import ActorView
from storage.views.people import as_seen
from storage.views.relationships import Relationship
from web.mastodon.entities import emojis
from web.mastodon.entities.times import day, midnight

JsonDict = dict[str, object]

ROLE_NAMES: Final = {
    Role.GUEST: "Guest",
    Role.MEMBER: "",
    Role.MODERATOR: "Moderator",
    Role.ADMIN: "Admin",
}
# Bit 0 is Mastodon's "administrator", bit 4 "manage reports".
PERMISSIONS: Final = {Role.ADMIN: 1, Role.MODERATOR: 16}
MACHINES: Final = frozenset({ActorType.SERVICE, ActorType.APPLICATION})


def account(actor: ActorView, node: Node, viewer: Viewer) -> JsonDict:
    """An Account, with the figures that this viewer may see.

    Every documented field is present: typed clients fail on a missing one.
    """
    shown = as_seen(viewer, actor)
    avatar = proxied(node, shown.avatar or f"{node.origin}/static/avatar.png")
    header = proxied(node, shown.header or f"{node.origin}/static/header.png")
    return {
        "id": str(shown.id),
        "username": shown.handle,
        "acct": shown.acct,
        "display_name": shown.name or shown.handle,
        "locked": shown.locked,
        "bot": shown.type in MACHINES,
        "group": shown.type is ActorType.GROUP,
        "discoverable": shown.discoverable,
        "indexable": shown.indexable,
        "noindex": not shown.indexable,
        "created_at": midnight(shown.created_at),
        "note": shown.summary,
        "url": shown.url,
        "uri": shown.uri,
        "avatar": avatar,
        "avatar_static": avatar,
        "avatar_description": "",
        "header": header,
        "header_static": header,
        "header_description": "",
        "followers_count": shown.followers_count,
        "following_count": shown.following_count,
        # Only what is public to the world: nobody's diligence is shown (protocol §8).
        "statuses_count": shown.posts_count,
        "last_status_at": None if shown.last_post_at is None else day(shown.last_post_at),
        "hide_collections": False,
        "emojis": emojis.shown(shown.emojis, node),
        "fields": _fields(shown),
        "roles": [],
        "moved": None,
        "suspended": shown.is_hidden,
        "limited": shown.limited is Limit.SILENCED,
        "memorial": False,
    }


def _fields(actor: ActorView) -> list[JsonDict]:
    return [
        {"name": name, "value": value, "verified_at": None}
        for name, value in orjson.loads(actor.fields or b"[]")
    ]


def credential_account(
    actor: ActorView, node: Node, viewer: Viewer, own: AccountRow, requests: int
) -> JsonDict:
    """A person's own account with its settings; `requests` is how many ask to follow."""
    return {
        **account(actor, node, viewer),
        "role": role(own.role),
        "source": {
            "privacy": own.default_visibility,
            "sensitive": own.default_sensitive,
            "language": own.default_language or "",
            "quote_policy": own.default_quote_policy,
            "note": actor.summary_source,
            "fields": [
                {**field, "value": to_plain(str(field["value"]))} for field in _fields(actor)
            ],
            "follow_requests_count": requests,
            "hide_collections": False,
            "discoverable": actor.discoverable,
            "indexable": actor.indexable,
            "attribution_domains": [],
        },
    }


def mention(actor: ActorView) -> JsonDict:
    """The short form inside a Status."""
    return {"id": str(actor.id), "username": actor.handle, "url": actor.url, "acct": actor.acct}


def role(value: Role) -> JsonDict:
    """The person's own role, as CredentialAccount shows it."""
    return {
        "id": str(int(value)),
        "name": ROLE_NAMES[value],
        "permissions": str(PERMISSIONS.get(value, 0)),
        "color": "",
        "highlighted": value >= Role.MODERATOR,
        "collection_limit": 0,
    }


def relationship(standing: Relationship) -> JsonDict:
    """How the viewer and one other person stand to each other."""
    return {
        "id": str(standing.id),
        "following": standing.following,
        "showing_reblogs": standing.showing_shares,
        "notifying": standing.notifying,
        "languages": None,
        "followed_by": standing.followed_by,
        "blocking": standing.blocking,
        "blocked_by": standing.blocked_by,
        "muting": False,
        "muting_notifications": False,
        "muting_expires_at": None,
        "requested": standing.requested,
        "requested_by": standing.requested_by,
        "domain_blocking": False,
        "endorsed": False,
        "note": "",
    }
