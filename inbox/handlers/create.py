"""Create: somebody elsewhere wrote a post."""

from activitypub.json import JsonObject, MalformedDocument
from activitypub.parse.fields import origin_of
from activitypub.parse.polls import VoteDocument, is_vote, parse_vote
from activitypub.parse.posts import NoteDocument, parse_note
from domain.node import Node
from federation.fetcher import Fetcher
from inbox import gathered
from inbox.signed import Dropped, SignedActivity
from social import plain
from social.ancestors import want_ancestors
from social.gathering import take_create, take_vote
from social.remote_polls import receive_vote
from social.remote_posts import store_remote_post
from storage.tx import Tx


async def verify(signed: SignedActivity, fetcher: Fetcher) -> NoteDocument | VoteDocument:
    """The post or the vote, of the signer, from the signer's server (O07)."""
    return _meant(signed, await own_object(signed, fetcher))


def at_once(signed: SignedActivity) -> NoteDocument | VoteDocument | None:
    """The same, if it came whole."""
    document = embedded(signed)
    return None if document is None else _meant(signed, document)


def _meant(signed: SignedActivity, document: JsonObject) -> NoteDocument | VoteDocument:
    if is_vote(document):
        return parse_vote([document, *signed.activity.more], by=signed.signer.uri)
    return own_note(signed, document)


def receive(
    tx: Tx, node: Node, signed: SignedActivity, note: NoteDocument | VoteDocument
) -> str | None:
    """Store the post if it concerns anybody here; ask for what it answers. Or count the vote."""
    if isinstance(note, VoteDocument):
        return _count(tx, node, signed, note)
    community = gathered.meant(tx, signed, None)  # what is known already is not made anew
    if community is not None:
        how = gathered.given(signed)
        return take_create(
            tx, node=node, community=community, note=note, signer=signed.signer, given=how
        )
    heard = plain.receive_create(
        tx,
        node=node,
        activity=signed.activity,
        note=note,
        signer=signed.signer,
        received_at=signed.received_at,
    )
    if heard is not None:
        return heard.reason
    stored = store_remote_post(
        tx, node=node, note=note, signer=signed.signer, received_at=signed.received_at
    )
    if stored is None:
        return "the post concerns nobody here"
    want_ancestors(tx, note=note)
    return None


def _count(tx: Tx, node: Node, signed: SignedActivity, vote: VoteDocument) -> str | None:
    """Count a vote where it is meant to be counted, and nowhere else (O11, O12)."""
    community = gathered.meant(tx, signed, vote.in_reply_to)
    if community is not None:
        how = gathered.given(signed)
        return take_vote(
            tx, node=node, community=community, vote=vote, signer=signed.signer, given=how
        )
    return receive_vote(
        tx,
        node=node,
        vote=vote,
        signer=signed.signer,
        uri=signed.activity.id,
        received_at=signed.received_at,
    )


def embedded(signed: SignedActivity) -> JsonObject | None:
    """The activity's object, as its actor signed it; None if only its id came.

    What lies on another server than the actor is not the actor's to send.
    """
    activity = signed.activity
    if activity.object_id is None:
        raise MalformedDocument("the object has no id")
    if origin_of(activity.object_id) != origin_of(activity.actor):
        raise Dropped("the object lies on another server than its sender")
    if activity.embedded is None or "type" not in activity.embedded:
        return None
    return activity.embedded


async def own_object(signed: SignedActivity, fetcher: Fetcher) -> JsonObject:
    """The activity's object, as its actor signed it; fetched if only its id came."""
    object_id, document = signed.activity.object_id, embedded(signed)
    if document is not None or object_id is None:  # without an id it was refused
        return document or {}
    found = await fetcher.document(object_id)
    if found.body.get("id") != object_id:
        raise Dropped("the object is not what its id says")
    return found.body


def own_note(signed: SignedActivity, document: JsonObject) -> NoteDocument:
    """A post that names the signer as its author."""
    note = parse_note(addressed(document, signed))
    if note.id != signed.activity.object_id:
        raise Dropped("the object is not what its id says")
    if note.attributed_to != signed.signer.uri:
        raise Dropped("the author is not the sender")
    if note.name and not note.content and note.in_reply_to:
        raise Dropped("votes are not taken here")
    return note


def addressed(document: JsonObject, signed: SignedActivity) -> JsonObject:
    """The object with the activity's addressing where it has none of its own.

    Some servers address the activity alone; the object's own words count if there are any.
    """
    if document.get("to") or document.get("cc") or document.get("audience"):
        return document
    activity = signed.activity
    return document | {"to": list(activity.to), "cc": list(activity.cc)}
