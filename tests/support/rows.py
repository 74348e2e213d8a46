"""What rows of many columns say where a test says nothing else; `factories.py` puts them."""

from typing import Any, Final

from domain.kinds import Acceptance, AccountState, Joining, Life, Limit, PostType, Preset, Relay
from social import first_times

ACTOR: Final[dict[str, Any]] = {
    "summary": "",
    "summary_source": "",
    "fields": b"[]",
    "avatar": None,
    "header": None,
    "locked": False,
    "discoverable": True,
    "indexable": True,
    "public": False,
    "moved_to": None,
    "also_known_as": b"[]",
    "followers_count": 0,
    "following_count": 0,
    "posts_count": 0,
    "last_post_at": None,
    "gone_at": None,
    "version": 1,
    "featured": None,
    "emojis": b"",
    "limited": Limit.NONE,
    "missing_since": None,
    "automated": False,
    "hides_follows": False,
    "avatar_text": None,
    "header_text": None,
}
ACCOUNT: Final[dict[str, Any]] = {
    "password_hash": "",
    "state": AccountState.ACTIVE,
    "epoch": 1,
    "default_visibility": "public",
    "default_sensitive": False,
    "default_language": None,
    "default_quote_policy": "public",
    "told": first_times.EVERYTHING,  # most tests count what their people are told
}
COMMUNITY: Final[dict[str, Any]] = {
    "preset": Preset.PARTNERS,
    "joining": Joining.BY_REQUEST,
    "listed": False,
    "life": Life.ACTIVE,
    "purpose": "To learn from each other",
    "keeps_words": True,
    "relay": Relay.DIRECT,
    "relays_pictures": False,
    "takes_wider": False,
    "takes_back": False,
}
"""For members, with partners, launched."""
CARD: Final[dict[str, Any]] = {
    "handle": "cy",
    "domain": "n3.example",
    "name": "Cy",
    "home": "Acme",
    "avatar": None,
    "key_uri": None,
    "key": None,
    "version": 1,
}
POST: Final[dict[str, Any]] = {
    "type": PostType.NOTE,
    "place_id": None,
    "share_of_id": None,
    "quiet": False,
    "reply_to_id": None,
    "reply_to_uri": None,
    "reply_to_author_id": None,
    "content": "<p>words</p>",
    "source": "words",
    "summary": "",
    "sensitive": False,
    "language": None,
    "app_id": None,
    "edited_at": None,
    "deleted_at": None,
    "replies_count": 0,
    "likes_count": 0,
    "shares_count": 0,
    "version": 1,
    "acceptance": Acceptance.ACCEPTED,
    "title": "",
    "emojis": b"",
    "quote_uri": None,
    "quotes_count": 0,
    "context_uri": None,
    "replies_uri": None,
    "quote_policy": 1,
    "reactions": b"",
    "link_id": None,
}
