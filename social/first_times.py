"""What people are told the first time that they post to a kind of audience: who can read it.

Once per kind and person, by the helper (protocol §1). An app asks nobody before a post to the whole
world, the first act by which strangers can look a handle up: so this comes with it (protocol §3).
"""

from typing import Final

import orjson

from domain.audience import Audience, Kind
from domain.ids import HERE
from domain.node import HELPER_HANDLE, Node
from social import helper
from storage.queries import accounts, actors, posts
from storage.tx import Tx
from storage.views.posts import PostRow

WHO_READS: Final = {
    Kind.PUBLIC: (
        "Anyone on the internet can read what you just posted, and from now on anyone can find you "
        "by your handle."
    ),
    Kind.NETWORK: (
        "Only members here and at our sister nodes can read what you just posted, nobody else."
    ),
    Kind.NODE: "Only members here can read what you just posted, nobody else.",
    Kind.COMMUNITY: (
        "Only the members of that community can read what you just posted in it, here or on "
        "their own servers."
    ),
    Kind.FOLLOWERS: (
        "Only those whom you let follow you, and people whom you name, can read what you just "
        "posted."
    ),
    Kind.DIRECT: "Only you and the people whom you named can read what you just posted.",
}
ONCE: Final = "I say this once for each kind of audience."

EVERYTHING: Final = orjson.dumps([kind.name.lower() for kind in WHO_READS])
"""What is kept of somebody who was told all of it."""


def tell_who_reads(tx: Tx, *, node: Node, post: PostRow) -> None:
    """Tell an author who can read what was just stored, if it is the first of its kind.

    Silent where the readers are another's: in a thread for somebody's followers, or another node's
    people. What is said to the helper is no post in this sense.
    """
    name = post.kind.name.lower()
    before = accounts.told(tx, post.author_id)
    if before is None or not _is_own(post):
        return
    known: list[str] = orjson.loads(before)
    if name in known or _is_to_helper(tx, post):
        return
    if accounts.tell(tx, post.author_id, before=before, now=orjson.dumps([*known, name])):
        text = f"{WHO_READS[post.kind]} {ONCE}\n\n{post.url}"
        helper.tell(tx, node=node, person_id=post.author_id, text=text)


def _is_own(post: PostRow) -> bool:
    if post.kind is Kind.FOLLOWERS:
        return post.audience == Audience.followers(post.author_id)
    return post.owner_id == HERE or post.kind in {Kind.PUBLIC, Kind.COMMUNITY, Kind.DIRECT}


def _is_to_helper(tx: Tx, post: PostRow) -> bool:
    if post.kind is not Kind.DIRECT:
        return False
    us = actors.local_by_handle(tx, HELPER_HANDLE)
    return us is not None and us.id in posts.named_in(tx, post.id)
