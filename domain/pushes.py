"""Which notifications an app wants by Web Push, and what a push says (Mastodon API)."""

from collections.abc import Collection, Iterable
from enum import IntEnum
from typing import Final

from msgspec import Struct

from domain.kinds import NotificationKind

ALERTS: Final = {
    "mention": (NotificationKind.MENTION,),
    "status": (NotificationKind.STATUS, NotificationKind.NOTICE),
    "reblog": (NotificationKind.SHARE,),
    "follow": (NotificationKind.FOLLOW,),
    "follow_request": (NotificationKind.FOLLOW_REQUEST,),
    "favourite": (NotificationKind.LIKE,),
    "poll": (NotificationKind.POLL,),
    "update": (NotificationKind.EDIT,),
    "quote": (NotificationKind.QUOTE,),
    "quoted_update": (NotificationKind.QUOTED_EDIT,),
    "admin.sign_up": (),  # nobody is told of it here: it is on the list of people
    "admin.report": (NotificationKind.REPORT,),
}
"""What an app can ask for, and the kinds that it means. The order is that of the stored bits."""

LONGEST_TITLE: Final = 120
LONGEST_BODY: Final = 140
LARGEST: Final = 3_900
"""Bytes of a message: a push service takes 4,096 with what encryption adds (RFC 8030 §7.2)."""


class Audience(IntEnum):
    """Whose doing an app is told of (Mastodon API `policy`)."""

    ALL = 0
    FOLLOWED = 1
    FOLLOWER = 2
    NONE = 3


def packed(wanted: Collection[str]) -> int:
    """The alerts with these names, as bits; unknown names mean nothing."""
    return sum(1 << place for place, name in enumerate(ALERTS) if name in wanted)


def unpacked(bits: int) -> dict[str, bool]:
    """Every alert there is, and whether it is wanted."""
    return {name: bool(bits >> place & 1) for place, name in enumerate(ALERTS)}


def bit_for(kind: NotificationKind) -> int:
    """The bit of the alert that a kind of notification belongs to; 0 for none."""
    return sum(1 << place for place, kinds in enumerate(ALERTS.values()) if kind in kinds)


class Words(Struct, frozen=True):
    """What a push shows: plain text."""

    title: str
    body: str


_TITLES: Final = {
    NotificationKind.MENTION: "{} wrote to you",
    NotificationKind.SHARE: "{} shared your post",
    NotificationKind.LIKE: "{} likes your post",
    NotificationKind.FOLLOW: "{} follows you",
    NotificationKind.FOLLOW_REQUEST: "{} asks to follow you",
    NotificationKind.EDIT: "{} changed a post that you shared",
    NotificationKind.NOTICE: "{} tells you something",
    NotificationKind.POLL: "A poll of {} has ended",
    NotificationKind.QUOTE: "{} quoted your post",
    NotificationKind.QUOTED_EDIT: "{} changed a post that you quoted",
    NotificationKind.REPORT: "{} reported somebody",
    NotificationKind.MOVED: "{} moved to another account",
    NotificationKind.STATUS: "{} posted",
}


def words_for(kind: NotificationKind, *, name: str, warning: str, text: str) -> Words:
    """What a push says. A post with a content warning shows the warning and not its words."""
    title = _TITLES[kind].format(shortened([name], LONGEST_TITLE - 40))
    return Words(title, shortened((warning or text).split(), LONGEST_BODY))


def shortened(words: Iterable[str], most: int) -> str:
    """Words in one line of at most so many characters."""
    line = " ".join(words)
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"
