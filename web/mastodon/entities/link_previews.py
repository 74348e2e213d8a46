"""Previews of linked pages as Mastodon's PreviewCard and Trends::Link.

Texts alone: nothing of another site is embedded, so `html` and `embed_url` stay empty.
"""

from collections.abc import Iterable
from typing import Annotated, Final, Literal, NotRequired, TypedDict

from domain.node import Node
from storage.queries.link_previews import LinkPreview
from web.mastodon.entities.accounts import Account
from web.mastodon.entities.formats import ADDRESS, Address, Count, Moment
from web.mastodon.entities.times import moment

Kind = Literal["link", "photo", "video", "rich"]
MaybeAddress = str
"""An address, or nothing as an empty text (PreviewCard knows no null here)."""


class CardAuthor(TypedDict):
    """Who wrote a page."""

    name: str
    url: MaybeAddress
    account: Account | None


class PreviewCard(TypedDict):
    """What a page says of itself."""

    url: Address
    title: str
    description: str
    language: str | None
    type: Kind
    authors: list[CardAuthor]
    author_name: str
    author_url: MaybeAddress
    provider_name: str
    provider_url: MaybeAddress
    html: str
    width: Count
    height: Count
    image: Annotated[str, ADDRESS] | None
    image_description: str
    embed_url: MaybeAddress
    blurhash: str | None
    published_at: Moment | None
    history: NotRequired[list["LinkHistory"]]


class LinkHistory(TypedDict):
    """One day of a link; the numbers are texts (Mastodon API)."""

    day: str
    uses: str
    accounts: str


DAY_S: Final = 24 * 3600


def card(preview: LinkPreview | None, node: Node) -> PreviewCard | None:
    """The preview that a Status shows; nothing while nothing is known of the page.

    The picture comes through this node: its server learns of nobody who looks.
    """
    if preview is None or not preview.says_something:
        return None
    author: CardAuthor = {
        "name": preview.author_name,
        "url": preview.author_url,
        "account": None,
    }
    return {
        "url": preview.url,
        "title": preview.title,
        "description": preview.description,
        "language": None,
        "type": "link",
        "authors": [author] if preview.author_name else [],
        "author_name": preview.author_name,
        "author_url": preview.author_url,
        "provider_name": preview.provider_name,
        "provider_url": preview.provider_url,
        "html": "",
        "width": preview.width if preview.image else 0,
        "height": preview.height if preview.image else 0,
        "image": node.proxy(preview.image) if preview.image else None,
        "image_description": "",
        "embed_url": "",
        "blurhash": None,
        "published_at": None if preview.published_at is None else moment(preview.published_at),
    }


def trending_link(
    preview: LinkPreview, node: Node, days: Iterable[tuple[int, int, int]]
) -> PreviewCard | None:
    """The same with how often it was linked: (day in seconds since 1970, posts, people)."""
    shown = card(preview, node)
    if shown is not None:
        shown["history"] = [
            {"day": str(day), "uses": str(uses), "accounts": str(people)}
            for day, uses, people in days
        ]
    return shown
