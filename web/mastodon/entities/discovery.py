"""What helps to find people and talk: FeaturedTag, Suggestion, FamiliarFollowers, Tag.history."""

from collections.abc import Sequence
from typing import Literal, TypedDict

from domain.audience import Viewer
from domain.node import Node
from social import suggestions
from storage.queries import featured_tags
from storage.views.actors import ActorView
from storage.views.tags import TagView
from storage.views.trends import Day as DayOfUse
from storage.views.trends import Used
from web.mastodon.entities.accounts import Account, account
from web.mastodon.entities.formats import Address, Day, Id
from web.mastodon.entities.statuses import tag_url
from web.mastodon.entities.tags import Tag, TagHistory, tag
from web.mastodon.entities.times import day

Source = Literal[
    "featured",
    "most_followed",
    "most_interactions",
    "similar_to_recently_followed",
    "friends_of_friends",
]
LegacySource = Literal["staff", "past_interactions", "global"]


class FeaturedTag(TypedDict):
    """A tag on somebody's page; the figure is text, as the documentation has it."""

    id: Id
    name: str
    url: Address
    statuses_count: str
    last_status_at: Day | None


class OurReason(TypedDict):
    """A field of ours, which apps ignore: why somebody is suggested, in a sentence."""

    reason: str


class Suggestion(TypedDict):
    """Somebody whom the viewer may want to follow."""

    source: LegacySource
    sources: list[Source]
    account: Account
    tertulia: OurReason


class FamiliarFollowers(TypedDict):
    """Whom the viewer follows among somebody's followers."""

    id: Id
    accounts: list[Account]


def featured_tag(shown: featured_tags.FeaturedTag, used: Used, node: Node) -> FeaturedTag:
    """A tag on a page, with the figures that the viewer may see."""
    return {
        "id": str(shown.id),
        "name": shown.name,
        "url": tag_url(node, shown.tag),
        "statuses_count": str(used.posts),
        "last_status_at": None if used.last_at is None else day(used.last_at),
    }


_LEGACY: dict[str, LegacySource] = {"featured": "staff"}


def suggestion(made: suggestions.Suggestion, node: Node, viewer: Viewer) -> Suggestion:
    """A suggestion with its reason, in the words of the API and in a sentence."""
    source: Source = made.source
    return {
        "source": _LEGACY.get(source, "past_interactions"),
        "sources": [source],
        "account": account(made.actor, node, viewer),
        "tertulia": {"reason": made.reason},
    }


def familiar(
    actor_id: int, followers: Sequence[ActorView], node: Node, viewer: Viewer
) -> FamiliarFollowers:
    """Those among somebody's followers whom the viewer follows."""
    shown = [account(actor, node, viewer) for actor in followers]
    return {"id": str(actor_id), "accounts": shown}


def history(days: Sequence[DayOfUse]) -> list[TagHistory]:
    """How much a tag was used on each of the last days; all figures are text."""
    return [
        {"day": str(each.begins // 1000), "uses": str(each.uses), "accounts": str(each.people)}
        for each in days
    ]


def whole_tag(view: TagView, node: Node) -> Tag:
    """A tag with what the viewer may know of it."""
    return tag(
        view.folded,
        node,
        following=view.followed,
        featuring=view.featured,
        history=history(view.days),
    )
