"""Actors as Mastodon's Account, CredentialAccount, Role and Relationship."""

from typing import Final, Literal, NamedTuple, TypedDict, cast

import orjson

from domain.audience import Viewer
from domain.kinds import ActorType, Limit, Role
from domain.node import Node
from domain.text import to_plain
from social.files import proxied
from storage.queries.accounts import AccountRow
from storage.queries.profile_choices import ProfileChoices
from storage.views.actors import ActorView
from storage.views.blocked import Muted
from storage.views.people import as_seen
from storage.views.relationships import Relationship
from web.mastodon.entities import emojis
from web.mastodon.entities.emojis import CustomEmoji
from web.mastodon.entities.formats import Address, Count, Day, Id, Moment
from web.mastodon.entities.times import day, midnight, moment

JsonDict = dict[str, object]
Visibility = Literal["public", "unlisted", "private", "direct"]


class Field(TypedDict):
    """A line of a profile."""

    name: str
    value: str
    verified_at: Moment | None


class OwnRole(TypedDict):
    """What somebody may do here, as the person alone sees it."""

    id: str
    name: str
    permissions: str
    color: str
    highlighted: bool
    collection_limit: Count


class Account(TypedDict):
    """Anybody, here or elsewhere."""

    id: Id
    username: str
    acct: str
    display_name: str
    locked: bool
    bot: bool
    group: bool
    discoverable: bool
    indexable: bool
    noindex: bool
    created_at: Moment
    note: str
    url: Address
    uri: Address
    avatar: Address
    avatar_static: Address
    avatar_description: str
    header: Address
    header_static: Address
    header_description: str
    followers_count: Count
    following_count: Count
    statuses_count: Count
    last_status_at: Day | None
    hide_collections: bool
    emojis: list[CustomEmoji]
    fields: list[Field]
    roles: list[None]
    moved: "Account | None"
    suspended: bool
    limited: bool
    memorial: bool


class Source(TypedDict):
    """A person's own settings."""

    privacy: Visibility
    sensitive: bool
    language: str
    quote_policy: Literal["public", "followers", "nobody"]
    note: str
    fields: list[Field]
    follow_requests_count: Count
    hide_collections: bool
    discoverable: bool
    indexable: bool
    attribution_domains: list[str]


class CredentialAccount(Account):
    """The person who asks."""

    role: OwnRole
    source: Source


class MutedAccount(Account):
    """Somebody whom the person who asks mutes, and until when."""

    mute_expires_at: Moment | None


class Mention(TypedDict):
    """The short form of an account inside a Status."""

    id: Id
    username: str
    url: Address
    acct: str


class Relation(TypedDict):
    """How the viewer and one other stand to each other (Mastodon's Relationship)."""

    id: Id
    following: bool
    showing_reblogs: bool
    notifying: bool
    languages: list[str] | None
    followed_by: bool
    blocking: bool
    blocked_by: bool
    muting: bool
    muting_notifications: bool
    muting_expires_at: Moment | None
    requested: bool
    requested_by: bool
    domain_blocking: bool
    endorsed: bool
    note: str


ROLE_NAMES: Final = {
    Role.GUEST: "Guest",
    Role.MEMBER: "",
    Role.MODERATOR: "Moderator",
    Role.ADMIN: "Admin",
}
# Bit 0 is Mastodon's "administrator", bit 4 "manage reports".
PERMISSIONS: Final = {Role.ADMIN: 1, Role.MODERATOR: 16}
MACHINES: Final = frozenset({ActorType.SERVICE, ActorType.APPLICATION})


def account(actor: ActorView, node: Node, viewer: Viewer) -> Account:
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
        "bot": shown.automated or shown.type in MACHINES,
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
        "avatar_description": shown.avatar_text or "",
        "header": header,
        "header_static": header,
        "header_description": shown.header_text or "",
        "followers_count": shown.followers_count,
        "following_count": shown.following_count,
        # Only what is public to the world: nobody's diligence is shown (protocol §8).
        "statuses_count": shown.posts_count,
        "last_status_at": None if shown.last_post_at is None else day(shown.last_post_at),
        "hide_collections": shown.hides_follows,
        "emojis": emojis.shown(shown.emojis, node),
        "fields": _fields(shown),
        "roles": [],
        "moved": None,
        "suspended": shown.is_hidden,
        "limited": shown.limited is Limit.SILENCED,
        "memorial": False,
    }


def _fields(actor: ActorView) -> list[Field]:
    return [
        {"name": name, "value": value, "verified_at": None}
        for name, value in orjson.loads(actor.fields or b"[]")
    ]


class Own(NamedTuple):
    """What only the person is shown; `requests` is how many ask to follow."""

    row: AccountRow
    choices: ProfileChoices
    requests: int


def credential_account(actor: ActorView, node: Node, viewer: Viewer, own: Own) -> CredentialAccount:
    """A person's own account with its settings."""
    row, choices = own.row, own.choices
    return {
        **account(actor, node, viewer),
        "role": role(row.role),
        "source": {
            "privacy": cast("Visibility", row.default_visibility),
            "sensitive": row.default_sensitive,
            "language": row.default_language or "",
            "quote_policy": cast(
                'Literal["public", "followers", "nobody"]', row.default_quote_policy
            ),
            "note": actor.summary_source,
            "fields": [{**field, "value": to_plain(field["value"])} for field in _fields(actor)],
            "follow_requests_count": own.requests,
            "hide_collections": actor.hides_follows,
            "discoverable": actor.discoverable,
            "indexable": actor.indexable,
            "attribution_domains": list(choices.credited_by),
        },
    }


class Profile(TypedDict):
    """A person's own account as it was typed, to be changed."""

    id: Id
    display_name: str
    note: str
    fields: list[Field]
    avatar: Address | None
    avatar_static: Address | None
    avatar_description: str
    header: Address | None
    header_static: Address | None
    header_description: str
    locked: bool
    bot: bool
    hide_collections: bool
    discoverable: bool
    indexable: bool
    show_media: bool
    show_media_replies: bool
    show_featured: bool
    attribution_domains: list[str]


def profile(actor: ActorView, choices: ProfileChoices) -> Profile:
    """GET /api/v1/profile: words as they were typed, and no picture where there is none."""
    return {
        "id": str(actor.id),
        "display_name": actor.name or actor.handle,
        "note": actor.summary_source,
        "fields": [{**field, "value": to_plain(field["value"])} for field in _fields(actor)],
        "avatar": actor.avatar,
        "avatar_static": actor.avatar,
        "avatar_description": actor.avatar_text or "",
        "header": actor.header,
        "header_static": actor.header,
        "header_description": actor.header_text or "",
        "locked": actor.locked,
        "bot": actor.automated,
        "hide_collections": actor.hides_follows,
        "discoverable": actor.discoverable,
        "indexable": actor.indexable,
        "show_media": choices.shows_media,
        "show_media_replies": choices.shows_media_replies,
        "show_featured": choices.shows_featured,
        "attribution_domains": list(choices.credited_by),
    }


def mention(actor: ActorView) -> Mention:
    """The short form inside a Status."""
    return {"id": str(actor.id), "username": actor.handle, "url": actor.url, "acct": actor.acct}


def role(value: Role) -> OwnRole:
    """The person's own role, as CredentialAccount shows it."""
    return {
        "id": str(int(value)),
        "name": ROLE_NAMES[value],
        "permissions": str(PERMISSIONS.get(value, 0)),
        "color": "",
        "highlighted": value >= Role.MODERATOR,
        "collection_limit": 0,
    }


def relationship(standing: Relationship) -> Relation:
    """How the viewer and one other person stand to each other."""
    until = standing.muted_until
    return {
        "id": str(standing.id),
        "following": standing.following,
        "showing_reblogs": standing.showing_shares,
        "notifying": standing.notifying,
        "languages": list(standing.languages) or None,
        "followed_by": standing.followed_by,
        "blocking": standing.blocking,
        "blocked_by": standing.blocked_by,
        "muting": standing.muting,
        "muting_notifications": standing.muting_notifications,
        "muting_expires_at": None if until is None else moment(until),
        "requested": standing.requested,
        "requested_by": standing.requested_by,
        "domain_blocking": standing.shut_out,
        "endorsed": standing.endorsed,
        "note": standing.note,
    }


def muted_account(line: Muted, node: Node, viewer: Viewer) -> MutedAccount:
    """An account in the list of mutes."""
    until = None if line.until is None else moment(line.until)
    return {**account(line.actor, node, viewer), "mute_expires_at": until}
