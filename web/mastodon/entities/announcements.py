"""What the operator tells everybody, as Mastodon's Announcement and Reaction."""

from collections.abc import Mapping
from typing import NotRequired, TypedDict

from domain.node import Node
from domain.text import fold_tag, hashtags
from social.emojis import of_row
from storage.queries.announcements import Count as Reacted
from storage.queries.announcements import Shown
from storage.queries.emojis import EmojiRow
from web.mastodon.entities import emojis
from web.mastodon.entities.emojis import CustomEmoji
from web.mastodon.entities.formats import Address, Count, Id, Moment
from web.mastodon.entities.statuses import StatusTag
from web.mastodon.entities.times import moment


class Reaction(TypedDict):
    """How many people react with one emoji; addresses only of this node's own emoji."""

    name: str
    count: Count
    me: bool
    url: NotRequired[Address]
    static_url: NotRequired[Address]


class Announcement(TypedDict):
    """Something that everybody here is told."""

    id: Id
    content: str
    starts_at: Moment | None
    ends_at: Moment | None
    all_day: bool
    published: bool
    published_at: Moment
    updated_at: Moment
    read: bool
    mentions: list[None]
    statuses: list[None]
    tags: list[StatusTag]
    emojis: list[CustomEmoji]
    reactions: list[Reaction]


def announcements(
    found: tuple[list[Shown], list[Reacted]], own: list[EmojiRow], node: Node
) -> list[Announcement]:
    """What is up for one person, with the reactions that they may know of."""
    pictures = {row.shortcode: row for row in own}
    beside: dict[int, list[Reaction]] = {}
    for one in found[1]:
        beside.setdefault(one.announcement_id, []).append(reaction(one, pictures, node))
    return [announcement(one, beside.get(one.row.id, []), node) for one in found[0]]


def announcement(shown: Shown, reactions: list[Reaction], node: Node) -> Announcement:
    """One of them."""
    row = shown.row
    return {
        "id": str(row.id),
        "content": row.content,
        "starts_at": None if row.starts_at is None else moment(row.starts_at),
        "ends_at": None if row.ends_at is None else moment(row.ends_at),
        "all_day": row.all_day,
        "published": True,
        "published_at": moment(row.created_at),
        "updated_at": moment(row.updated_at),
        "read": shown.is_read,
        "mentions": [],
        "statuses": [],
        "tags": [
            {"name": name, "url": f"{node.origin}/tags/{fold_tag(name)}"}
            for name in hashtags(row.source)
        ],
        "emojis": emojis.shown(row.emojis, node),
        "reactions": reactions,
    }


def reaction(one: Reacted, pictures: Mapping[str, EmojiRow], node: Node) -> Reaction:
    """How many react with one emoji."""
    found: Reaction = {"name": one.emoji, "count": one.count, "me": one.is_mine}
    if one.emoji in pictures:
        found["url"] = found["static_url"] = of_row(node, pictures[one.emoji]).url
    return found


class Reacting(Reaction):
    """The same, as it is told to those who are connected."""

    announcement_id: Id


def reacting(one: Reacted, own: list[EmojiRow], node: Node) -> Reacting:
    """How many react with one emoji now, and to what."""
    pictures = {row.shortcode: row for row in own}
    return {**reaction(one, pictures, node), "announcement_id": str(one.announcement_id)}
