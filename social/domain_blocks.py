"""Shutting a server out, as one person: its people are not come across, and follow no more.

What it hides is asked by every list (`storage.audience.welcome`). Communities that live there and
to which the person belongs stay until they are left: one leaves by unfollowing (protocol §4), and
their own words are hidden no more than that. Nobody is told; the follows end as follows end.
"""

from functools import partial
from typing import Final

from domain.addresses import BadUrl, canonical_authority, parse_url
from domain.errors import Invalid
from domain.node import Node
from jobs.queue import Decision, Job, enqueue
from jobs.worker import Each, Handler
from social import follows
from storage.database import Database
from storage.queries import domain_blocks
from storage.tx import Tx

PART: Final = "part_from_server"
"""The job that ends the follows that did not end at once; its payload is [actor, domain]."""

AT_ONCE: Final = 100
"""Follows that one unit ends: there is one writer."""


def domain_of(node: Node, text: str) -> str:
    """The server that somebody means by `far.example`, `@far.example` or an address.

    Raises:
        Invalid: no server has such a name, or it is this one.
    """
    typed = text.strip().removeprefix("@").rstrip("/")
    try:
        bare = parse_url(typed).authority if "://" in typed else typed
        domain = canonical_authority(bare.lower())
    except BadUrl:
        raise Invalid("Domain is not a valid domain name", "domain") from None
    if domain in {node.handle_domain, parse_url(node.origin).authority}:
        raise Invalid("Domain is where you are yourself", "domain")
    return domain


def shut_out(tx: Tx, *, node: Node, actor_id: int, domain: str) -> None:
    """See nothing of a server any more, and end the follows between its people and oneself."""
    follows.hold(tx, actor_id)
    if domain_blocks.add(tx, actor_id, domain) and part(
        tx, node=node, actor_id=actor_id, domain=domain
    ):
        enqueue(tx, PART, [actor_id, domain], unique=f"{PART} {actor_id} {domain}")


def let_in(tx: Tx, *, actor_id: int, domain: str) -> None:
    """Take that back; nothing happens if it was not so. No follow comes back with it."""
    domain_blocks.remove(tx, actor_id, domain)


def part(tx: Tx, *, node: Node, actor_id: int, domain: str) -> bool:
    """End some of the follows with a server's people; whether there may be more of them."""
    if not domain_blocks.stands(tx, actor_id, domain):
        return False  # it was let in again meanwhile
    followed = domain_blocks.followed_there(tx, actor_id, domain, AT_ONCE)
    for other_id in followed:
        follows.unfollow(tx, node=node, follower_id=actor_id, target_id=other_id)
    followers = domain_blocks.followers_there(tx, actor_id, domain, AT_ONCE)
    for other_id in followers:
        follows.remove_follower(tx, node=node, target_id=actor_id, follower_id=other_id)
    return AT_ONCE in {len(followed), len(followers)}


async def _part(db: Database, node: Node, job: Job) -> Decision:
    actor_id, domain = job.payload
    while await db.write(part, node=node, actor_id=actor_id, domain=domain):
        pass
    return None


def job_handlers(db: Database, node: Node) -> dict[str, Handler]:
    """The kind of job, for the worker."""
    return {PART: Each(partial(_part, db, node), limit=2)}
