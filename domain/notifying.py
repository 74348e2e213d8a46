"""What somebody wants to be told, and which lines of the list belong together.

Words of the Mastodon API: a policy accepts, filters or drops what kinds of people cause; likes,
shares and new followers come as groups.
"""

import re
from enum import IntEnum
from typing import Final, Literal

from msgspec import Struct

from domain.kinds import NotificationKind

Name = Literal[
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
    "admin.report",
    "move",
]
NAMES: Final[dict[NotificationKind, Name]] = {
    NotificationKind.MENTION: "mention",
    NotificationKind.SHARE: "reblog",
    NotificationKind.LIKE: "favourite",
    NotificationKind.FOLLOW: "follow",
    NotificationKind.FOLLOW_REQUEST: "follow_request",
    NotificationKind.EDIT: "update",
    NotificationKind.POLL: "poll",
    NotificationKind.QUOTE: "quote",
    NotificationKind.QUOTED_EDIT: "quoted_update",
    NotificationKind.REPORT: "admin.report",
    NotificationKind.MOVED: "move",  # Pleroma's, with `target`: Mastodon tells nobody
    # Clients know no type for a notice of the node: it comes as a new post of the helper's.
    NotificationKind.NOTICE: "status",
    NotificationKind.STATUS: "status",
}
"""What clients call the kinds (Mastodon API `Notification.type`)."""

GROUPED: Final = (NotificationKind.LIKE, NotificationKind.SHARE, NotificationKind.FOLLOW)
"""The kinds of which several are shown as one line."""

SPAN_MS: Final = 12 * 3600 * 1000
"""What happens within one half of a day (UTC) is one group: it never grows for ever."""

NEW_MS: Final = 30 * 24 * 3600 * 1000
"""For how long an account is new (Mastodon API `for_new_accounts`)."""

NEW_FOLLOWER_MS: Final = 3 * 24 * 3600 * 1000
"""A follower counts as one after this long (as in Mastodon): else two clicks pass the policy."""

HELD_BACK: Final = frozenset(
    {
        *(NotificationKind.MENTION, NotificationKind.SHARE, NotificationKind.LIKE),
        *(NotificationKind.FOLLOW, NotificationKind.FOLLOW_REQUEST, NotificationKind.QUOTE),
    }
)
"""The kinds that a policy decides about; the rest was asked for, or comes from the node."""


class Stance(IntEnum):
    """What becomes of a notification by the person's own policy."""

    ACCEPT = 0
    FILTER = 1
    DROP = 2


class Policy(Struct, frozen=True):
    """What somebody wants to be told by whom. The defaults are those of who never chose.

    A colleague whom one does not follow yet may write: only whom moderators limited is held back.
    """

    not_following: Stance = Stance.ACCEPT
    not_followers: Stance = Stance.ACCEPT
    new_accounts: Stance = Stance.ACCEPT
    private_mentions: Stance = Stance.ACCEPT
    limited_accounts: Stance = Stance.FILTER


class Group(Struct, frozen=True):
    """Which notifications stand together: of one kind, about one post, within one span.

    `post_id` is 0 where no post is meant. `alone`: the id of a notification that is in no group.
    """

    kind: NotificationKind | None = None
    post_id: int = 0
    span: int = 0
    alone: int = 0


_KINDS: Final = {str(NAMES[kind]): kind for kind in GROUPED}
_KEY: Final = re.compile(r"(favourite|reblog|follow)-([0-9]{1,19})-([0-9]{1,8})")
_ALONE: Final = re.compile(r"ungrouped-([0-9]{1,16})")
_MOST: Final = 1 << 63


def group_key(
    kind: NotificationKind, *, identifier: int, post_id: int, made_at: int, together: bool = True
) -> str:
    """The name of the group that a notification is in; `together` False: of it alone."""
    if not together or kind not in GROUPED:
        return f"ungrouped-{identifier}"
    return f"{NAMES[kind]}-{post_id}-{made_at // SPAN_MS}"


def group_of(key: str) -> Group | None:
    """Which group a key names, or nothing if it is none of ours."""
    alone = _ALONE.fullmatch(key)
    if alone:
        return Group(alone=int(alone[1]))
    found = _KEY.fullmatch(key)
    if not found or int(found[2]) >= _MOST:
        return None
    return Group(_KINDS[found[1]], int(found[2]), int(found[3]))
