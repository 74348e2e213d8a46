"""This node as Mastodon's Instance (v2) and V1Instance, limits included.

Nothing here counts people or posts: such figures would tell outsiders of the main network.
"""

from typing import Final, Literal, TypedDict

from domain.filetypes import LARGEST, MEDIA_TYPES, Form
from domain.node import VERSION, Federation, Node, Registration
from domain.pictures import MOST_PIXELS
from domain.text import URL_COUNTS
from social.featured_tags import MOST as MOST_FEATURED_TAGS
from social.files import LONGEST_ALT, MOST_PER_POST
from social.house import NARROWER, WHO_READS
from social.pins import MOST as MOST_PINS
from social.posts import LONGEST_POST
from social.profiles import (
    LONGEST_BIO,
    LONGEST_FIELD,
    LONGEST_NAME,
    LONGEST_PICTURE_TEXT,
    MOST_FIELDS,
)
from storage.queries.house import RuleRow
from web.mastodon.entities.accounts import Account
from web.mastodon.entities.formats import Address, Count
from web.mastodon.entities.house import LANGUAGES, Rule, rule
from web.mastodon.entities.polls import LIMITS, Limits


class AccountLimits(TypedDict):
    """What a profile may have."""

    max_featured_tags: Count
    max_pinned_statuses: Count
    max_display_name_length: Count
    max_note_length: Count
    max_profile_fields: Count
    profile_field_name_limit: Count
    profile_field_value_limit: Count
    max_avatar_description_length: Count
    max_header_description_length: Count


class StatusLimits(TypedDict):
    """What a post may have."""

    max_characters: Count
    max_media_attachments: Count
    characters_reserved_per_url: Count


class MediaLimits(TypedDict):
    """What a file may be."""

    description_limit: Count
    image_matrix_limit: Count
    image_size_limit: Count
    supported_mime_types: list[str]
    video_frame_rate_limit: Count
    video_matrix_limit: Count
    video_size_limit: Count


class LimitsV1(TypedDict):
    """What may be sent, as version 1 says it."""

    accounts: AccountLimits
    statuses: StatusLimits
    media_attachments: MediaLimits
    polls: Limits


class Urls(TypedDict):
    """Where to find what."""

    streaming: Address
    status: Address | None
    about: Address | None
    privacy_policy: Address | None
    terms_of_service: Address | None


class Vapid(TypedDict):
    """The key with which this node signs what it pushes."""

    public_key: str


class Translation(TypedDict):
    """Whether posts are translated."""

    enabled: bool


class FeedAccess(TypedDict):
    """Who may read a feed."""

    local: Literal["public", "authenticated", "disabled"]
    remote: Literal["public", "authenticated", "disabled"]


class TimelinesAccess(TypedDict):
    """Who may read which feed."""

    live_feeds: FeedAccess
    hashtag_feeds: FeedAccess
    trending_link_feeds: FeedAccess


class Configuration(LimitsV1):
    """What may be sent, and where."""

    urls: Urls
    vapid: Vapid
    translation: Translation
    timelines_access: TimelinesAccess
    limited_federation: bool


class Users(TypedDict):
    """No figures (protocol §8)."""

    active_month: Count


class Usage(TypedDict):
    """No figures (protocol §8)."""

    users: Users


class Thumbnail(TypedDict):
    """The node's picture."""

    url: Address
    blurhash: str | None
    description: str
    versions: dict[str, Address]


class Icon(TypedDict):
    """The node's small picture."""

    src: Address
    size: str


class Registrations(TypedDict):
    """Whether and where people may make accounts."""

    enabled: bool
    approval_required: bool
    reason_required: bool
    message: str | None
    min_age: Count | None
    url: Address | None


class Contact(TypedDict):
    """Whom to ask."""

    email: str
    account: Account | None


class Instance(TypedDict):
    """This node (version 2)."""

    domain: str
    title: str
    version: str
    source_url: Address
    description: str
    usage: Usage
    thumbnail: Thumbnail
    icon: list[Icon]
    languages: list[str]
    configuration: Configuration
    registrations: Registrations
    api_versions: dict[str, Count]
    wrapstodon: str | None
    contact: Contact
    rules: list[Rule]


class UrlsV1(TypedDict):
    """Where streams are."""

    streaming_api: Address


class Stats(TypedDict):
    """No figures (protocol §8)."""

    user_count: Count
    status_count: Count
    domain_count: Count


class InstanceV1(TypedDict):
    """This node (version 1)."""

    uri: str
    title: str
    short_description: str
    description: str
    email: str
    version: str
    urls: UrlsV1
    stats: Stats
    thumbnail: Address
    languages: list[str]
    registrations: bool
    approval_required: bool
    invites_enabled: bool
    configuration: LimitsV1
    contact_account: Account | None
    rules: list[Rule]


# Clients read features from the first three characters (mastodon-api.md, version sniffing).
API: Final = f"4.5.0 (compatible; Tertulia {VERSION})"
API_VERSIONS: Final = {"mastodon": 7}


def description(node: Node) -> str:
    """Who reads what, in two lines."""
    return f"{WHO_READS[node.public_means]}\n{NARROWER}"


def streaming_url(node: Node) -> str:
    """Where clients open WebSockets: no path, they add it."""
    return node.origin.replace("http", "ws", 1)


def _configuration() -> LimitsV1:
    return {
        "accounts": {
            "max_featured_tags": MOST_FEATURED_TAGS,
            "max_pinned_statuses": MOST_PINS,
            "max_display_name_length": LONGEST_NAME,
            "max_note_length": LONGEST_BIO,
            "max_profile_fields": MOST_FIELDS,
            "profile_field_name_limit": LONGEST_FIELD,
            "profile_field_value_limit": LONGEST_FIELD,
            "max_avatar_description_length": LONGEST_PICTURE_TEXT,
            "max_header_description_length": LONGEST_PICTURE_TEXT,
        },
        "statuses": {
            "max_characters": LONGEST_POST,
            "max_media_attachments": MOST_PER_POST,
            "characters_reserved_per_url": URL_COUNTS,
        },
        "media_attachments": {
            "description_limit": LONGEST_ALT,
            "image_matrix_limit": MOST_PIXELS,
            "image_size_limit": LARGEST[Form.PICTURE],
            "supported_mime_types": list(MEDIA_TYPES),
            "video_frame_rate_limit": 120,
            "video_matrix_limit": MOST_PIXELS,
            "video_size_limit": LARGEST[Form.FILM],
        },
        "polls": LIMITS,
    }


def instance(node: Node, email: str, rules: list[RuleRow], *, has_terms: bool) -> Instance:
    """GET /api/v2/instance."""
    return {
        "domain": node.handle_domain,
        "title": node.name,
        "version": API,
        "source_url": f"{node.origin}/about",
        "description": description(node),
        "usage": {"users": {"active_month": 0}},
        "thumbnail": {
            "url": f"{node.origin}/static/header.png",
            "blurhash": None,
            "description": "",
            "versions": {},
        },
        "icon": [{"src": f"{node.origin}/static/avatar.png", "size": "400x400"}],
        "languages": [one["code"] for one in LANGUAGES],
        "configuration": {
            "urls": {
                "streaming": streaming_url(node),
                "status": None,
                "about": f"{node.origin}/about",
                "privacy_policy": f"{node.origin}/privacy-policy",
                "terms_of_service": f"{node.origin}/terms-of-service" if has_terms else None,
            },
            "vapid": {"public_key": node.push_key},
            **_configuration(),
            "translation": {"enabled": False},
            "timelines_access": _timelines_access(),
            "limited_federation": node.federation is not Federation.OPEN,
        },
        "registrations": _registrations(node),
        "api_versions": API_VERSIONS,
        "wrapstodon": None,
        "contact": {"email": email, "account": None},
        "rules": [rule(one) for one in rules],
    }


def _timelines_access() -> TimelinesAccess:
    feed: FeedAccess = {"local": "public", "remote": "public"}
    return {"live_feeds": feed, "hashtag_feeds": feed, "trending_link_feeds": feed}


_CLOSED: Final = {
    Registration.INVITE: "<p>People join here by invitation. Please ask somebody who is here.</p>",
    Registration.CLOSED: "<p>Accounts here are made by the admins of this node.</p>",
}


def _registrations(node: Node) -> Registrations:
    is_open = node.registration is Registration.OPEN
    return {
        "enabled": is_open,
        "approval_required": False,
        "reason_required": False,
        "message": _CLOSED.get(node.registration),
        "min_age": None,
        "url": f"{node.origin}/join" if is_open else None,
    }


def instance_v1(node: Node, email: str, rules: list[RuleRow]) -> InstanceV1:
    """GET /api/v1/instance, which older clients still ask first."""
    return {
        "uri": node.handle_domain,
        "title": node.name,
        "short_description": WHO_READS[node.public_means],
        "description": description(node),
        "email": email,
        "version": API,
        "urls": {"streaming_api": streaming_url(node)},
        "stats": {"user_count": 0, "status_count": 0, "domain_count": 0},
        "thumbnail": f"{node.origin}/static/header.png",
        "languages": [one["code"] for one in LANGUAGES],
        "registrations": node.registration is Registration.OPEN,
        "approval_required": False,
        "invites_enabled": node.registration is Registration.INVITE,
        "configuration": _configuration(),
        "contact_account": None,
        "rules": [rule(one) for one in rules],
    }
