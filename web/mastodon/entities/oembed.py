"""Posts that anybody may read as oEmbed documents (oembed.com §2.3.4.4), for other sites."""

from html import escape
from typing import Literal, TypedDict

from domain.node import Node
from domain.text import to_plain, with_title
from storage.views.posts import PostView
from web.mastodon.entities.formats import Address, Count

WIDTH = 400
CACHE_S = 86_400


class OEmbed(TypedDict):
    """What another site shows of a post: a quotation with a link, and no script of ours."""

    type: Literal["rich"]
    version: Literal["1.0"]
    title: str
    author_name: str
    author_url: Address
    provider_name: str
    provider_url: Address
    cache_age: Count
    html: str
    width: Count
    height: None


def oembed(post: PostView, node: Node, *, width: int = WIDTH) -> OEmbed:
    """The document of a post of ours."""
    author = post.author.name or post.author.handle
    return {
        "type": "rich",
        "version": "1.0",
        "title": f"A post by {author}",
        "author_name": author,
        "author_url": post.author.url,
        "provider_name": node.name,
        "provider_url": node.origin,
        "cache_age": CACHE_S,
        "html": _html(post, author),
        "width": width,
        "height": None,
    }


def _html(post: PostView, author: str) -> str:
    """Words under their warning, if they have one: then only the warning is quoted."""
    row = post.row
    words = row.summary or to_plain(with_title(row.title, row.content))
    lines = escape(words).replace("\n", "<br>")
    name = escape(f"{author} (@{post.author.handle})")
    return (
        f'<blockquote cite="{escape(row.url)}"><p>{lines}</p>'
        f'<footer><a href="{escape(row.url)}" rel="noopener">{name}</a></footer></blockquote>'
    )
