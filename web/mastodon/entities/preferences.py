"""A person's settings as apps ask for them (Preferences)."""

from typing import Literal, TypedDict

from web.mastodon.entities.accounts import Visibility

Preferences = TypedDict(
    "Preferences",
    {
        "posting:default:visibility": Visibility,
        "posting:default:sensitive": bool,
        "posting:default:language": str | None,
        "posting:default:quote_policy": Literal["public", "followers", "nobody"],
        "reading:expand:media": Literal["default", "show_all", "hide_all"],
        "reading:expand:spoilers": bool,
        "reading:autoplay:gifs": bool,
    },
)
