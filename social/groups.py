"""What groups of other servers announce, checked before anything of it is believed (FEP-1b12).

Lemmy, Mbin, PieFed, NodeBB, Guppe and open communities of our own kind: one of ours follows the
group, it announces what others said in it. Nobody but a group's own server speaks for the group,
and nobody but an author's own server, or key, for the author (FEP-fe34): words of another origin
are fetched from there unless they carry a proof, a reaction is fetched by its id, and who deleted a
post is believed once it is gone. A moderator's deed counts if the group's server lists them.
"""

from datetime import UTC, datetime
from typing import Final

from msgspec import Struct

from activitypub.json import JsonObject, MalformedDocument
from activitypub.parse.activities import Activity, Inner, inner_activity, parse_activity
from activitypub.parse.collections import parse_collection
from activitypub.parse.fields import optional_reference, origin_of
from activitypub.parse.moderation import Act, parse_act
from activitypub.parse.posts import NoteDocument, parse_note
from activitypub.proofs import BadProof, proof_method, verify_proof
from domain.addresses import parse_url
from domain.addressing import PUBLIC_URI
from domain.kinds import KeyType
from federation.discovery import find_actor
from federation.fetcher import CannotFetch, Fetcher
from federation.key_material import UnacceptableKeyError, load_multikey
from federation.keys import known_key, new_key
from social.ancestors import read_post
from social.vouching import NotBelieved, our_member
from storage.queries import communities, posts
from storage.tx import Tx
from storage.views.actors import ActorView

WORDS: Final = frozenset({"Create", "Update"})
REACTIONS: Final = frozenset({"Like", "EmojiReact"})
MODERATION: Final = frozenset({"Lock", "Block", "Add", "Remove"})
SHOWN: Final = "Announce"
"""What is told of a post that a group announces by its id."""


class Told(Struct, frozen=True, kw_only=True):
    """What a group says, and may be believed. Times are ms UTC.

    `kind`: the type of the activity, or SHOWN. `doer` is whose activity it is, `author` who wrote
    the post in `note`, where the words came along or had to be fetched. `act` is there for a deed
    of a moderator.
    """

    group: ActorView
    uri: str
    announced_at: int
    kind: str
    about: str
    activity: Activity | None = None
    doer: ActorView | None = None
    note: NoteDocument | None = None
    author: ActorView | None = None
    undone: Inner | None = None
    act: Act | None = None
    fresh: bool = True


def is_group_of_ours(tx: Tx, group_id: int) -> bool:
    """Whether somebody here follows this group of the world."""
    row = communities.by_id(tx, group_id)
    return row is not None and row.is_for_the_world


async def hear(
    fetcher: Fetcher,
    group: ActorView,
    announce: Activity,
    *,
    received_at: int,
    fresh: bool = True,
) -> Told:
    """Check an Announce that `group` made; the caller knows that it did.

    Raises NotBelieved, MalformedDocument, or CannotFetch.
    """
    await our_member(fetcher, group)
    if announce.object_id is None:
        raise NotBelieved("the object has no id")
    at = min(announce.published or received_at, received_at)
    told = Told(
        group=group,
        uri=announce.id,
        announced_at=at,
        kind=SHOWN,
        about=announce.object_id,
        fresh=fresh,
    )
    document = announce.embedded
    if document is None or "actor" not in document:
        return await _shown(fetcher, told)
    inner = parse_activity(document)
    if origin_of(inner.id) != origin_of(inner.actor):
        raise NotBelieved("its id lies on another server than its actor")
    if inner.audience and group.uri not in inner.audience:
        raise NotBelieved("it was said in another group")
    if inner.object_id is None:
        raise NotBelieved("the object has no id")
    if not await fetcher.policy.may_exchange(parse_url(inner.actor).authority):
        raise NotBelieved("this node exchanges nothing with that server")
    hearing = _Hearing(fetcher, told, inner, document)
    return await hearing.told()


async def _shown(fetcher: Fetcher, told: Told) -> Told:
    """A post by its id: known here, or fetched from its own server."""
    if told.about.startswith(f"{fetcher.node.origin}/"):
        return told
    if await fetcher.db.read(posts.by_uri, told.about) is not None:
        return told
    note, author = await read_post(fetcher, told.about)
    _check_note(told.group, note)
    return _with(told, note=note, author=author)


def _with(told: Told, **more: object) -> Told:
    values = {name: getattr(told, name) for name in Told.__struct_fields__}
    return Told(**values | more)


def _check_note(group: ActorView, note: NoteDocument) -> None:
    """A group passes on what anybody may read, and was said in no other group (O09)."""
    if PUBLIC_URI not in {*note.to, *note.cc}:
        raise NotBelieved("it is not for everybody")
    if note.audience and group.uri not in note.audience:
        raise NotBelieved("it was said in another group")


class _Hearing:
    """One announced activity: whose it is, and whether they said it."""

    def __init__(self, fetcher: Fetcher, told: Told, inner: Activity, document: JsonObject) -> None:
        self._fetcher = fetcher
        self._inner = inner
        self._document = document
        self._group = told.group
        about = inner.object_id or ""
        self._told = _with(told, kind=inner.type, about=about, activity=inner)

    async def told(self) -> Told:
        """What may be believed of it."""
        kind, act = self._inner.type, parse_act(self._document)
        if kind in WORDS:
            return await self._words()
        if kind in REACTIONS:
            return await self._reaction(None)
        if kind == "Undo" and act is None:
            undone = inner_activity(self._inner)
            if undone.type not in REACTIONS or undone.actor not in {None, self._inner.actor}:
                raise NotBelieved("this is not taken back here")
            return await self._reaction(undone)
        if kind == "Delete" and act is not None and not await self._is_removal(act):
            return await self._deletion()
        if act is None or not (kind in MODERATION or kind in {"Delete", "Undo"}):
            raise NotBelieved("activities of this type are not announced")
        return await self._deed(act)

    # Words.

    async def _words(self) -> Told:
        """The post: as it came if it is known whose words these are, else as its server has it."""
        uri, inner = self._told.about, self._inner
        if origin_of(uri) != origin_of(inner.actor):
            raise NotBelieved("the object lies on another server than its actor")
        if self._is_ours(inner.actor):
            return self._told
        embedded = inner.embedded
        if embedded is None or "type" not in embedded or not await self._is_their_word():
            note, author = await read_post(self._fetcher, uri)
        else:
            note = parse_note(embedded)
            author = await find_actor(self._fetcher, note.attributed_to)
        if note.id != uri or note.attributed_to != inner.actor:
            raise NotBelieved("the author is not the actor")
        if note.name and not note.content and note.in_reply_to:
            raise NotBelieved("votes are not announced")
        _check_note(self._group, note)
        return _with(self._told, note=note, author=author, doer=author)

    # Reactions.

    async def _reaction(self, undone: Inner | None) -> Told:
        if self._is_ours(self._inner.actor):
            raise NotBelieved("what our own people do is known here")
        if not await self._is_their_word():
            await self._confirm()
        doer = await find_actor(self._fetcher, self._inner.actor)
        return _with(self._told, doer=doer, undone=undone)

    async def _confirm(self) -> None:
        """Ask the actor's own server for the activity: it has to say the same."""
        found = (await self._fetcher.document(self._inner.id)).body
        same = ("type", "actor", "object")
        if [_plain(found.get(name)) for name in same] != [
            _plain(self._document.get(name)) for name in same
        ]:
            raise NotBelieved("its own server says something else")

    # What ends.

    async def _is_removal(self, act: Act) -> bool:
        """Whether a Delete is a moderator's: it says why, or is about what somebody else wrote."""
        row = await self._fetcher.db.read(posts.by_uri, act.about)
        if origin_of(act.about) != origin_of(self._inner.actor):
            return True
        if row is None:
            return bool(act.reason)
        author = await find_actor(self._fetcher, self._inner.actor)
        return row.author_id != author.id

    async def _deletion(self) -> Told:
        """An author's Delete: believed if it is theirs to say, or once the post is gone there."""
        if self._is_ours(self._inner.actor):
            raise NotBelieved("what our own people do is known here")
        if not await self._is_their_word() and not await self._is_gone(self._told.about):
            raise NotBelieved("its own server still has it")
        return _with(self._told, doer=await find_actor(self._fetcher, self._inner.actor))

    async def _is_gone(self, uri: str) -> bool:
        try:
            found = await self._fetcher.document(uri)
        except CannotFetch as problem:
            if problem.later:
                raise
            return problem.gone
        return found.body.get("type") == "Tombstone"

    async def _deed(self, act: Act) -> Told:
        """What a moderator of the group did, as the group's own server tells."""
        if act.kind == "Block" and act.target != self._group.uri:
            raise NotBelieved("it is not about that group")
        if origin_of(self._inner.actor) != origin_of(self._group.uri):
            moderators = await _moderators(self._fetcher, self._group)
            if self._inner.actor not in moderators:
                raise NotBelieved("they do not moderate that group")
        return _with(self._told, act=act, about=act.about)

    # Whose word it is.

    def _is_ours(self, uri: str) -> bool:
        return uri.startswith(f"{self._fetcher.node.origin}/")

    async def _is_their_word(self) -> bool:
        """Whether it can only come from its actor: the group's server is the actor's own, or the
        actor proved it (FEP-8b32).
        """
        if origin_of(self._inner.actor) == origin_of(self._group.uri):
            return True
        method = proof_method(self._document)
        if method is None or origin_of(method) != origin_of(self._inner.actor):
            return False
        try:
            holder = await known_key(self._fetcher, method) or await new_key(self._fetcher, method)
            if holder.actor.uri != self._inner.actor or holder.key.type is not KeyType.ED25519:
                return False
            now = datetime.now(UTC)
            verify_proof(self._document, load_multikey(holder.key.public).ed25519, now)
        except (BadProof, UnacceptableKeyError, CannotFetch):
            return False
        return True


async def _moderators(fetcher: Fetcher, group: ActorView) -> frozenset[str]:
    """Who moderates a group, as its own server says now (`attributedTo`). Raises CannotFetch."""
    listed = optional_reference((await fetcher.document(group.uri)).body.get("attributedTo"))
    if listed is None or origin_of(listed) != origin_of(group.uri):
        return frozenset()
    try:
        return frozenset(parse_collection((await fetcher.document(listed)).body).items)
    except MalformedDocument as problem:
        raise CannotFetch(problem.reason) from None


def _plain(value: object) -> object:
    """An id, however it is written; a type, as it is."""
    return value.get("id") if isinstance(value, dict) else value
