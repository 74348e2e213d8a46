"""Update: somebody elsewhere changed a post of theirs, or themselves."""

from typing import Final

from activitypub.json import MalformedDocument
from activitypub.parse.actors import is_actor, parse_actor
from activitypub.parse.posts import NoteDocument, is_post
from domain.audience import Kind
from domain.node import Node
from federation.discovery import Confirmed, confirm_actor, store_actor
from federation.fetcher import CannotFetch, Fetcher
from inbox import gathered
from inbox.handlers import create
from inbox.handlers.create import own_note, own_object
from inbox.signed import Dropped, SignedActivity
from social import plain
from social.gathering import take_update
from social.remote_changes import update_remote_post
from social.remote_posts import wait_for
from storage.queries import posts
from storage.tx import Tx

#: For how long an Update may overtake its Create, in ms: servers go on delivering for a week.
OVERTAKES: Final = 7 * 24 * 3600 * 1000


async def verify(signed: SignedActivity, fetcher: Fetcher) -> NoteDocument | Confirmed:
    """What the post or the actor is now. An actor changes only itself, and not what it is (O08)."""
    document = await own_object(signed, fetcher)
    if is_post(document):
        return own_note(signed, document)
    if not is_actor(document):
        raise Dropped("neither a post nor an actor")
    if signed.activity.object_id != signed.signer.uri:
        raise Dropped("an actor describes only itself")
    actor = parse_actor(document)
    if signed.activity.id == actor.id:
        raise MalformedDocument("the activity has its actor's id")
    return await confirm_actor(fetcher, actor)


def receive(
    tx: Tx, node: Node, signed: SignedActivity, now: NoteDocument | Confirmed
) -> str | None:
    """Store the change; a post belongs to whom it was first seen from (O04), whatever it says.

    An Update that overtook its Create is taken in its place: what comes late says less.
    """
    if isinstance(now, Confirmed):
        _store(tx, now)
        return None
    wait_for(tx, now)
    community = gathered.meant(tx, signed, now.id)
    if community is not None:
        how = gathered.given(signed)
        return take_update(
            tx, node=node, community=community, note=now, signer=signed.signer, given=how
        )
    heard = plain.receive_update(
        tx,
        node=node,
        activity=signed.activity,
        note=now,
        signer=signed.signer,
        received_at=signed.received_at,
    )
    if heard is not None:
        return heard.reason
    known = posts.by_uri(tx, now.id)
    if known is not None and known.kind is Kind.COMMUNITY:
        return "its community tells what it says now"
    if _is_young(signed, now) and known is None:
        return create.receive(tx, node, signed, now)
    changed = update_remote_post(
        tx, node=node, note=now, signer=signed.signer, received_at=signed.received_at
    )
    return None if changed else "no post of theirs by that id, or nothing new"


def _is_young(signed: SignedActivity, note: NoteDocument) -> bool:
    return note.published is not None and note.published > signed.received_at - OVERTAKES


def _store(tx: Tx, actor: Confirmed) -> None:
    try:
        store_actor(tx, actor)
    except CannotFetch as refusal:
        raise Dropped(refusal.reason) from None
