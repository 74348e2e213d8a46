"""QuoteRequest: somebody elsewhere wants to quote a post that was written here (FEP-044f)."""

from msgspec import Struct

from activitypub.json import JsonObject
from activitypub.parse.fields import checked_id, origin_of
from activitypub.parse.posts import NoteDocument, parse_note
from domain.node import Node
from federation.fetcher import Fetcher
from inbox.signed import Dropped, SignedActivity
from social import quoted
from social.remote_posts import store_remote_post
from storage.queries import posts, quotes
from storage.tx import Tx

UNKNOWN = "no post of ours that they may read"


class Asked(Struct, frozen=True):
    """What is to be quoted where; the quoting post as its author says it, None if it is here."""

    quoted_uri: str
    quoting_uri: str
    note: NoteDocument | None


async def verify(signed: SignedActivity, fetcher: Fetcher) -> Asked:
    """The quoting post, of the signer, from the signer's server; fetched if only its id came.

    Nothing is fetched for who asks about a post that they may not read (O11).
    """
    uri, instrument = signed.activity.object_id, signed.activity.instrument
    if uri is None or instrument is None:
        raise Dropped("nothing says what is to be quoted where")
    if origin_of(uri) != fetcher.node.origin:
        raise Dropped("the quoted post is not ours")
    whole = instrument if isinstance(instrument, dict) else {"id": instrument}
    quoting_uri = checked_id(whole.get("id"), "the quoting post")
    if origin_of(quoting_uri) != origin_of(signed.signer.uri):
        raise Dropped("the quoting post lies on another server than its sender")
    if not await fetcher.db.read(quoted.may_ask, signed.signer, uri):
        raise Dropped(UNKNOWN)
    note = await _note(fetcher, quoting_uri, whole)
    if note is not None:
        _check(signed, note, uri)
    return Asked(uri, quoting_uri, note)


async def _note(fetcher: Fetcher, uri: str, whole: JsonObject) -> NoteDocument | None:
    if "type" in whole:
        return parse_note(whole)
    if await fetcher.db.read(posts.by_uri, uri) is not None:
        return None
    found = await fetcher.document(uri)
    if found.body.get("id") != uri:
        raise Dropped("the quoting post is not what its id says")
    return parse_note(found.body)


def _check(signed: SignedActivity, note: NoteDocument, uri: str) -> None:
    if note.attributed_to != signed.signer.uri:
        raise Dropped("the quoting post is somebody else's")
    if note.quoting is None or note.quoting.uri != uri:
        raise Dropped("the post does not quote what it asks for")


def _store(tx: Tx, node: Node, signed: SignedActivity, note: NoteDocument) -> None:
    """Keep the quoting post as it was shown to us; of one that is here only what it quotes.

    What is shown along with a request may be older than what is known.
    """
    author, row = signed.signer, posts.by_uri(tx, note.id)
    if row is None:
        store_remote_post(tx, node=node, note=note, signer=author, received_at=signed.received_at)
    elif (
        row.author_id == author.id and row.deleted_at is None and quotes.by_uri(tx, row.uri) is None
    ):
        quoted.heard(tx, node=node, note=note, row=row, author=author)


def receive(tx: Tx, node: Node, signed: SignedActivity, asked: Asked) -> str | None:
    """Store the quoting post, and answer by the policy of the quoted one."""
    signer = signed.signer
    if asked.note is not None:
        _store(tx, node, signed, asked.note)
    row = posts.by_uri(tx, asked.quoting_uri)
    if row is None or row.author_id != signer.id or row.deleted_at is not None:
        return "no post of theirs by that id"
    answered = quoted.requested(
        tx,
        node=node,
        quoter=signer,
        quoted_uri=asked.quoted_uri,
        quoting=row,
        request_uri=signed.activity.id,
    )
    return None if answered else UNKNOWN
