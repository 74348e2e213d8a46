"""Whether somebody elsewhere and we agree on who of ours follows them (FEP-8fcf).

What is for followers alone comes with a digest of the followers here. If ours differs, something
was lost on the way: their server is asked for its list, at most once in a while, and what it does
not list has ended, before what came is shown. Of its own actors a server has the last word, of
nobody else's: the list lies on the actor's server, and only ids of ours are looked at.
"""

from typing import Final

from msgspec import Struct

from activitypub.json import MalformedDocument
from activitypub.parse.collections import parse_collection
from activitypub.parse.fields import checked_id, origin_of
from activitypub.synchronization import Synchronization, digest
from domain.ids import HERE
from domain.kinds import ActorType
from domain.node import Node
from federation.fetcher import CannotFetch, Fetcher
from jobs.queue import enqueue
from outbox import publish
from social.follows import receive_accept, receive_reject
from storage.queries import actors, follows, keys
from storage.queries.disclosures import is_disclosed
from storage.queries.ids import new_id
from storage.tx import Tx
from storage.views.actors import ActorView

FOLLOWER_LIST: Final = "follower_list"
"""The kind of job that asks a server who of ours follows one of its people."""

#: Milliseconds between two askings about one actor.
PAUSE_MS: Final = 30 * 60 * 1000
#: Pages of a list; one that is longer changes nothing here.
PAGES: Final = 20
#: Follows that are taken back because only the other server knows of them, at a time.
MOST_UNDONE: Final = 100


class Settled(Struct, frozen=True):
    """What became of follows: `ended` here, `accepted` here after all, `undone` there."""

    ended: int = 0
    accepted: int = 0
    undone: int = 0


def want(tx: Tx, *, signer: ActorView, said: Synchronization, order_key: str) -> bool:
    """Ask a server for its list before anything else of this order key is done; see `is_due`."""
    if not is_due(tx, signer=signer, said=said):
        return False
    keys.may_ask(tx, _pause(signer), PAUSE_MS)
    return enqueue(
        tx,
        FOLLOWER_LIST,
        {"actor": signer.id, "list": said.url},
        order_key=order_key,
        unique=f"{FOLLOWER_LIST} {signer.id}",
        about=signer.id,
    )


def is_due(tx: Tx, *, signer: ActorView, said: Synchronization) -> bool:
    """Whether we do not agree, and did not ask a short while ago.

    The digest may not be signed along: all that it can cause is this one question.
    """
    if signer.type is ActorType.GROUP or said.collection != signer.followers:
        return False
    try:
        address = checked_id(said.url, "the list")
    except MalformedDocument:
        return False
    if origin_of(address) != origin_of(signer.uri):
        return False
    agrees = digest(follows.followers_from(tx, signer.id, HERE)) == said.digest
    return not agrees and not keys.rests(tx, _pause(signer))


def _pause(signer: ActorView) -> str:
    return f"{FOLLOWER_LIST} {signer.id}"


async def settle(fetcher: Fetcher, *, actor_id: int, address: str) -> Settled:
    """Ask who of ours follows somebody elsewhere, and agree with the answer.

    Raises CannotFetch if there is no whole answer: then nothing changes.
    """
    actor = await fetcher.db.read(actors.by_id, actor_id)
    if actor is None or actor.is_local or origin_of(address) != origin_of(actor.uri):
        return Settled()
    asked_at = fetcher.now_ms()
    listed = await _listed(fetcher, address)
    return await fetcher.db.write(
        _agree, node=fetcher.node, actor=actor, listed=listed, asked_at=asked_at
    )


async def _listed(fetcher: Fetcher, address: str) -> set[str]:
    """The ids of ours on a list. Raises CannotFetch if it is none, or has no end."""
    found: set[str] = set()
    asked: set[str] = set()
    waiting = [address]
    while waiting:
        url = waiting.pop()
        if url in asked or origin_of(url) != origin_of(address):
            continue
        if len(asked) >= PAGES:
            raise CannotFetch("the list has no end")
        asked.add(url)
        page = await fetcher.document(url)
        if page.url != url:
            raise CannotFetch("the list is served under another id")
        try:
            part = parse_collection(page.body)
        except MalformedDocument as problem:
            raise CannotFetch(problem.reason) from None
        if not part.is_whole:
            raise CannotFetch("a page of the list is too long")
        found.update(uri for uri in part.items if origin_of(uri) == fetcher.node.origin)
        waiting.extend(part.following)
    return found


def _agree(tx: Tx, *, node: Node, actor: ActorView, listed: set[str], asked_at: int) -> Settled:
    ours = follows.from_here(tx, actor.id)
    ended = accepted = 0
    for uri, row in ours.items():
        if row.is_accepted and uri not in listed and (row.accepted_at or 0) < asked_at:
            ended += receive_reject(tx, follower_id=row.follower_id, target_id=actor.id)
        elif not row.is_accepted and uri in listed:
            accepted += receive_accept(tx, follower_id=row.follower_id, target_id=actor.id)
    unknown = sorted(listed - ours.keys())[:MOST_UNDONE]
    undone = sum(_undo(tx, node, actor, uri) for uri in unknown)
    return Settled(ended, accepted, undone)


def _undo(tx: Tx, node: Node, actor: ActorView, uri: str) -> bool:
    """Take back a follow that only the other server knows of.

    Only by somebody whom it knows: a list of guesses tells its author nothing.
    """
    follower = actors.by_uri(tx, uri)
    if follower is None or not follower.is_local or follower.gone_at is not None:
        return False
    if not is_disclosed(tx, follower.id, actor.origin_id):
        return False
    lost = node.activity(new_id(tx))
    publish.follow_undone(tx, node=node, follower=follower, target=actor, follow_uri=lost)
    return True
