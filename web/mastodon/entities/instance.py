"""This node as Mastodon's Instance (v2) and V1Instance, limits included.

Nothing here counts people or posts: such figures would tell outsiders of the main network.
"""

from typing import Final

from domain.audience import Kind
from domain.filetypes import LARGEST, MEDIA_TYPES, Form
from domain.node import VERSION, Federation, Node, Registration
from domain.pictures import MOST_PIXELS
from domain.text import URL_COUNTS
from social.files import LONGEST_ALT, MOST_PER_POST
from social.pins import MOST as MOST_PINS
from social.posts import LONGEST_POST
from social.profiles import LONGEST_BIO, LONGEST_FIELD, LONGEST_NAME, MOST_FIELDS
from web.mastodon.entities.accounts import JsonDict
from web.mastodon.entities.polls import LIMITS
from web.mastodon.entities.times import moment

EPOCH: Final = 0

# Clients read features from the first three characters (mastodon-api.md, version sniffing).
API: Final = f"4.5.0 (compatible; Tertulia {VERSION})"
API_VERSIONS: Final = {"mastodon": 7}

WHO_READS: Final = {
    Kind.PUBLIC: "What you post as public, anyone on the internet can read.",
    Kind.NETWORK: (
        "What you post as public is read by members here and at our sister nodes, and by nobody"
        " else."
    ),
    Kind.NODE: "What you post as public is read by members here, and by nobody else.",
}
NARROWER: Final = (
    "Followers-only posts are read by those you let follow you, direct ones by the people you name."
)


def description(node: Node) -> str:
    """Who reads what, in two lines."""
    return f"{WHO_READS[node.public_means]}\n{NARROWER}"


def streaming_url(node: Node) -> str:
    """Where clients open WebSockets: no path, they add it."""
    return node.origin.replace("http", "ws", 1)


def _configuration() -> JsonDict:
    return {
        "accounts": {
            "max_featured_tags": 0,
            "max_pinned_statuses": MOST_PINS,
            "max_display_name_length": LONGEST_NAME,
            "max_note_length": LONGEST_BIO,
            "max_profile_fields": MOST_FIELDS,
            "profile_field_name_limit": LONGEST_FIELD,
            "profile_field_value_limit": LONGEST_FIELD,
            "max_avatar_description_length": 0,
            "max_header_description_length": 0,
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


def instance(node: Node, email: str) -> JsonDict:
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
        "languages": ["en"],
        "configuration": {
            "urls": {
                "streaming": streaming_url(node),
                "status": None,
                "about": f"{node.origin}/about",
                "privacy_policy": None,
                "terms_of_service": None,
            },
            "vapid": {"public_key": ""},
            **_configuration(),
            "translation": {"enabled": False},
            "timelines_access": _timelines_access(),
            "limited_federation": node.federation is not Federation.OPEN,
        },
        "registrations": _registrations(node),
        "api_versions": API_VERSIONS,
        "wrapstodon": None,
        "contact": {"email": email, "account": None},
        "rules": [],
    }


def _timelines_access() -> JsonDict:
    feed = {"local": "public", "remote": "public"}
    return {"live_feeds": feed, "hashtag_feeds": feed, "trending_link_feeds": feed}


def _registrations(node: Node) -> JsonDict:
    return {
        # Accounts are made on our own pages, never by an app.
        "enabled": False,
        "approval_required": False,
        "reason_required": False,
        "message": None,
        "min_age": None,
        "url": f"{node.origin}/" if node.registration is Registration.OPEN else None,
    }


def instance_v1(node: Node, email: str) -> JsonDict:
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
        "languages": ["en"],
        "registrations": False,
        "approval_required": False,
        "invites_enabled": node.registration is Registration.INVITE,
        "configuration": _configuration(),
        "contact_account": None,
        "rules": [],
    }


def extended_description(node: Node) -> JsonDict:
    """GET /api/v1/instance/extended_description: the same two lines as HTML."""
    lines = (WHO_READS[node.public_means], NARROWER)
    return {"updated_at": moment(EPOCH), "content": "".join(f"<p>{line}</p>" for line in lines)}
