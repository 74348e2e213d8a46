"""What typed clients demand of our answers: every documented field, of its type, and no other.

Stricter than the published OpenAPI schemas, which leave most fields optional: Tusky (Moshi), Ice
Cubes (Codable), toot (dataclasses) and the official Android app drop a whole page on one field that
is missing, null or misspelt. Shapes: docs.joinmastodon.org/entities, mastodon-api.md §2 and §3.
"""

from typing import Any

from tests.support.shapes import (
    SHAPES,
    Check,
    address,
    day,
    flag,
    identifier,
    many,
    maybe,
    moment,
    nested,
    nothing,
    number,
    one_of,
    real,
    shape,
    text,
)

_FIELD = shape({"name": text, "value": text, "verified_at": maybe(moment)})
_ACCOUNT: dict[str, Check] = {
    "id": identifier,
    "username": text,
    "acct": text,
    "display_name": text,
    "locked": flag,
    "bot": flag,
    "group": flag,
    "discoverable": flag,
    "indexable": flag,
    "noindex": flag,
    "created_at": moment,
    "note": text,
    "url": address,
    "uri": address,
    "avatar": address,
    "avatar_static": address,
    "avatar_description": text,
    "header": address,
    "header_static": address,
    "header_description": text,
    "followers_count": number,
    "following_count": number,
    "statuses_count": number,
    "last_status_at": maybe(day),
    "hide_collections": flag,
    "emojis": many(nothing),
    "fields": many(_FIELD),
    "roles": many(nothing),
    "moved": maybe(nested("account")),
    "suspended": flag,
    "limited": flag,
    "memorial": flag,
}
_ROLE = shape(
    {
        "id": text,
        "name": text,
        "permissions": text,
        "color": text,
        "highlighted": flag,
        "collection_limit": number,
    }
)
_VISIBILITY = one_of("public", "unlisted", "private", "direct")
_GAPS = ("parent_missing", "replies_missing", "fetching", "ancestors_cut", "descendants_cut")
_SOURCE = shape(
    {
        "privacy": _VISIBILITY,
        "sensitive": flag,
        "language": text,
        "quote_policy": one_of("public", "followers", "nobody"),
        "note": text,
        "fields": many(_FIELD),
        "follow_requests_count": number,
        "hide_collections": flag,
        "discoverable": flag,
        "indexable": flag,
        "attribution_domains": many(text),
    }
)
_MENTION = shape({"id": identifier, "username": text, "url": address, "acct": text})
_SIDES: dict[str, Check] = {"width": number, "height": number, "size": text, "aspect": real}
_LENGTH: dict[str, Check] = {"duration": real, "bitrate": number}
_META = shape(
    {},
    {
        "focus": shape({"x": real, "y": real}),
        "original": shape({}, {**_SIDES, **_LENGTH}),
        "small": shape(_SIDES),
    },
)
_MEDIA = shape(
    {
        "id": identifier,
        "type": one_of("image", "video", "audio", "unknown"),
        "url": address,
        "preview_url": maybe(address),
        "remote_url": maybe(address),
        "meta": _META,
        "description": maybe(text),
        "blurhash": maybe(text),
    }
)
_STATUS: dict[str, Check] = {
    "id": identifier,
    "created_at": moment,
    "in_reply_to_id": maybe(identifier),
    "in_reply_to_account_id": maybe(identifier),
    "sensitive": flag,
    "spoiler_text": text,
    "visibility": _VISIBILITY,
    "local_only": flag,
    "language": maybe(text),
    "uri": address,
    "url": address,
    "replies_count": number,
    "reblogs_count": number,
    "favourites_count": number,
    "quotes_count": number,
    "edited_at": maybe(moment),
    "content": text,
    "application": maybe(shape({"name": text, "website": maybe(address)})),
    "media_attachments": many(_MEDIA),
    "mentions": many(_MENTION),
    "tags": many(shape({"name": text, "url": address})),
    "emojis": many(nothing),
    "card": nothing,
    "poll": maybe(nested("any_poll")),
    "quote": maybe(nested("quote")),
    "quote_approval": shape(
        {
            "automatic": many(text),
            "manual": many(text),
            "current_user": one_of("automatic", "manual", "denied", "unknown"),
        }
    ),
    "tagged_collections": many(nothing),
    "account": nested("account"),
    "reblog": maybe(nested("any_status")),
}
_POLL: dict[str, Check] = {
    "id": identifier,
    "expires_at": maybe(moment),
    "expired": flag,
    "multiple": flag,
    "votes_count": number,
    "voters_count": maybe(number),
    "options": many(shape({"title": text, "votes_count": maybe(number)})),
    "emojis": many(nothing),
}
# With a token both are there, and `own_votes` is a list (mastodon-api.md §2, Tusky).
_VOTED: dict[str, Check] = {"voted": flag, "own_votes": many(number)}
_FLAGS: dict[str, Check] = {
    "favourited": flag,
    "reblogged": flag,
    "muted": flag,
    "bookmarked": flag,
    "pinned": flag,
    "filtered": many(nothing),
}
_LIMITS = {
    "accounts": {
        *("max_featured_tags", "max_pinned_statuses", "max_display_name_length"),
        *("max_note_length", "max_profile_fields", "profile_field_name_limit"),
        *("profile_field_value_limit", "max_avatar_description_length"),
        "max_header_description_length",
    },
    "statuses": {"max_characters", "max_media_attachments", "characters_reserved_per_url"},
    "polls": {"max_options", "max_characters_per_option", "min_expiration", "max_expiration"},
}
_CONFIGURATION: dict[str, Check] = {
    **{name: shape(dict.fromkeys(limits, number)) for name, limits in _LIMITS.items()},
    "media_attachments": shape(
        {
            "description_limit": number,
            "image_matrix_limit": number,
            "image_size_limit": number,
            "supported_mime_types": many(text),
            "video_frame_rate_limit": number,
            "video_matrix_limit": number,
            "video_size_limit": number,
        }
    ),
}
_FEED = shape({"local": one_of("public", "authenticated"), "remote": text})
_APPLICATION: dict[str, Check] = {
    "id": identifier,
    "name": text,
    "website": maybe(address),
    "scopes": many(text),
    "redirect_uris": many(text),
    "redirect_uri": text,
    "vapid_key": text,
}
_TYPES = (
    "mention",
    "status",
    "reblog",
    "follow",
    "follow_request",
    "favourite",
    "poll",
    "update",
    "quote",
    "quoted_update",
)
_RELATIONSHIP = {
    *("following", "showing_reblogs", "notifying", "followed_by", "blocking", "blocked_by"),
    *("muting", "muting_notifications", "requested", "requested_by", "domain_blocking", "endorsed"),
}

_STATES = (
    *("pending", "accepted", "rejected", "revoked", "deleted", "unauthorized"),
    *("blocked_account", "blocked_domain", "muted_account"),
)

SHAPES |= {
    "quote": shape(
        {"state": one_of(*_STATES)},
        {"quoted_status": maybe(nested("any_status")), "quoted_status_id": maybe(identifier)},
    ),
    "account": shape(_ACCOUNT),
    "credential_account": shape({**_ACCOUNT, "role": _ROLE, "source": _SOURCE}),
    "poll": shape({**_POLL, **_VOTED}),
    "any_poll": shape(_POLL, _VOTED),
    "status": shape({**_STATUS, **_FLAGS}),
    "status_for_strangers": shape(_STATUS),
    "any_status": shape(_STATUS, _FLAGS),
    "deleted_status": shape({**_STATUS, **_FLAGS, "text": text}),
    "media": _MEDIA,
    "source": shape({"id": identifier, "text": text, "spoiler_text": text}),
    "edit": shape(
        {
            "content": text,
            "spoiler_text": text,
            "sensitive": flag,
            "created_at": moment,
            "account": nested("account"),
            "poll": maybe(shape({"options": many(shape({"title": text}))})),
            "quote": nothing,
            "media_attachments": many(_MEDIA),
            "emojis": many(nothing),
        }
    ),
    "context": shape(
        {
            "ancestors": many(nested("status")),
            "descendants": many(nested("status")),
            "tertulia": shape(dict.fromkeys(_GAPS, flag)),
        }
    ),
    "list": shape(
        {
            "id": text,
            "title": text,
            "replies_policy": one_of("followed", "list", "none"),
            "exclusive": flag,
        }
    ),
    "relationship": shape(
        {
            "id": identifier,
            **dict.fromkeys(_RELATIONSHIP, flag),
            "languages": maybe(many(text)),
            "muting_expires_at": maybe(moment),
            "note": text,
        }
    ),
    "notification": shape(
        {
            "id": identifier,
            "type": one_of(*_TYPES),
            "created_at": moment,
            "group_key": text,
            "account": nested("account"),
        },
        {"status": nested("status")},
    ),
    "grouped_notifications": shape(
        {
            "accounts": many(nested("account")),
            "partial_accounts": many(nothing),
            "statuses": many(nested("status")),
            "notification_groups": many(
                shape(
                    {
                        "group_key": text,
                        "notifications_count": number,
                        "type": one_of(*_TYPES),
                        "most_recent_notification_id": number,
                        "page_min_id": identifier,
                        "page_max_id": identifier,
                        "latest_page_notification_at": moment,
                        "sample_account_ids": many(identifier),
                        "status_id": maybe(identifier),
                    }
                )
            ),
        }
    ),
    "tag": shape(
        {
            "id": text,
            "name": text,
            "url": address,
            "history": many(nothing),
            "following": flag,
            "featuring": flag,
        }
    ),
    "search": shape(
        {
            "accounts": many(nested("account")),
            "statuses": many(nested("status")),
            "hashtags": many(nested("tag")),
        }
    ),
    "application": shape(_APPLICATION),
    "credential_application": shape(
        {
            **_APPLICATION,
            "client_id": text,
            "client_secret": text,
            "client_secret_expires_at": number,
        }
    ),
    "token": shape(
        {"access_token": text, "token_type": one_of("Bearer"), "scope": text, "created_at": number}
    ),
    "error": shape({"error": text}, {"error_description": text}),
    "preferences": shape(
        {
            "posting:default:visibility": _VISIBILITY,
            "posting:default:sensitive": flag,
            "posting:default:language": maybe(text),
            "posting:default:quote_policy": text,
            "reading:expand:media": one_of("default", "show_all", "hide_all"),
            "reading:expand:spoilers": flag,
            "reading:autoplay:gifs": flag,
        }
    ),
    "instance": shape(
        {
            "domain": text,
            "title": text,
            "version": text,
            "source_url": address,
            "description": text,
            "usage": shape({"users": shape({"active_month": number})}),
            "thumbnail": shape(
                {
                    "url": address,
                    "blurhash": maybe(text),
                    "description": text,
                    "versions": shape({}),
                }
            ),
            "icon": many(shape({"src": address, "size": text})),
            "languages": many(text),
            "configuration": shape(
                {
                    **_CONFIGURATION,
                    "urls": shape(
                        {
                            "streaming": address,
                            "status": maybe(address),
                            "about": maybe(address),
                            "privacy_policy": maybe(address),
                            "terms_of_service": maybe(address),
                        }
                    ),
                    "vapid": shape({"public_key": text}),
                    "translation": shape({"enabled": flag}),
                    "timelines_access": shape(
                        {
                            "live_feeds": _FEED,
                            "hashtag_feeds": _FEED,
                            "trending_link_feeds": _FEED,
                        }
                    ),
                    "limited_federation": flag,
                }
            ),
            "registrations": shape(
                {
                    "enabled": flag,
                    "approval_required": flag,
                    "reason_required": flag,
                    "message": maybe(text),
                    "min_age": maybe(number),
                    "url": maybe(address),
                }
            ),
            "api_versions": shape({"mastodon": number}),
            "wrapstodon": maybe(text),
            "contact": shape({"email": text, "account": maybe(nested("account"))}),
            "rules": many(shape({"id": text, "text": text, "hint": text})),
        }
    ),
    "instance_v1": shape(
        {
            "uri": text,
            "title": text,
            "short_description": text,
            "description": text,
            "email": text,
            "version": text,
            "urls": shape({"streaming_api": address}),
            "stats": shape({"user_count": number, "status_count": number, "domain_count": number}),
            "thumbnail": address,
            "languages": many(text),
            "registrations": flag,
            "approval_required": flag,
            "invites_enabled": flag,
            "configuration": shape(_CONFIGURATION),
            "contact_account": maybe(nested("account")),
            "rules": many(shape({"id": text, "text": text, "hint": text})),
        }
    ),
}


def check(name: str, value: Any) -> Any:
    """`value`, if it has the shape called `name`, to the last field."""
    SHAPES[name](value, name)
    return value


def check_all(name: str, values: Any) -> Any:
    """`values`, if it is a list of that shape."""
    many(nested(name))(values, name)
    return values
