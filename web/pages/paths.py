"""Addresses of our own pages, and addresses that came from outside made safe to go to (H08)."""

import re
from typing import Final
from urllib.parse import quote

from storage.views.actors import ActorView
from storage.views.posts import PostView

LONGEST: Final = 4_000

# One slash, then printable ASCII without a backslash: no host, no scheme, nothing that a browser
# drops or turns around before it reads the address.
_OURS: Final = re.compile(r"/(?![/\\])[!-\[\]-~]*", re.ASCII)


def own_path(text: str, default: str = "/") -> str:
    """`text` if it is a path on this node, else `default`."""
    return text if len(text) <= LONGEST and _OURS.fullmatch(text) else default


def with_fragment(path: str, fragment: str) -> str:
    """The same path at this place of the page."""
    return f"{path.partition('#')[0]}#{fragment}"


def of_actor(actor: ActorView) -> str:
    """The page of a person, here or elsewhere, on this node."""
    return f"/@{quote(actor.acct, safe='@:')}"


def of_post(post: PostView) -> str:
    """The page of a post on this node; a share leads to what it shares."""
    return f"{of_actor(post.shown.author)}/{post.shown.id}"


def of_tag(folded: str) -> str:
    """The page of a tag."""
    return f"/tags/{quote(folded, safe='')}"
