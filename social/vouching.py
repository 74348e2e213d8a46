"""What a community elsewhere announces, checked before anything of it is believed (protocol §5).

An Announce brings somebody else's activity, unchanged. It is heard only if the announcer is a
community in which one of our people is an active member, the activity is addressed to exactly that
community, and its proof (FEP-8b32) verifies: with our own key for our own people, with the key that
their own server told us for people whom we know, with the community's card for all others, and with
the community's own key for words that it passes on for members on plain servers. Whatever is wrong
with one of these, nothing is stored (federation.md §4.13, T1 and T5).
"""

from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

from msgspec import Struct

from activitypub.json import JsonObject
from activitypub.parse.activities import Activity, Inner, inner_activity, parse_activity
from activitypub.parse.cards import CardDocument, parse_cards
from activitypub.parse.fields import checked_id, origin_of
from activitypub.parse.polls import PollDocument, is_tally, parse_poll
from activitypub.parse.posts import NoteDocument, parse_note
from activitypub.proofs import BadProof, proof_method, verify_proof
from activitypub.vocabulary import CARDS, COPIES, ON_BEHALF_OF
from domain.addressing import PUBLIC_URI
from domain.kinds import KeyType, MembershipState, PostType, Way
from domain.node import Node
from federation.fetcher import CannotFetch, Fetcher
from federation.key_material import UnacceptableKeyError, load_multikey
from federation.keys import known_key, new_key, refetched_key
from social import cards
from social.standing import way_of
from storage.queries import actors, communities, follows
from storage.queries.cards import Card, stated_key
from storage.tx import Tx
from storage.views.actors import ActorView

WORDS: Final = frozenset({"Create", "Update"})
LIKES: Final = frozenset({"Like", "EmojiReact"})
ALLOWED: Final = WORDS | LIKES | {"Delete", "Undo"}
_POSTS: Final = frozenset({PostType.NOTE, PostType.QUESTION, PostType.ARTICLE})
_ADDRESSES: Final = ("to", "cc", "bto", "bcc", "audience")


class NotBelieved(Exception):  # noqa: N818 - what becomes of the announcement
    """An announcement that has no effect here; `reason` is for the ledger."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Heard(Struct, frozen=True, kw_only=True):
    """An announced activity that may be believed inside the community.

    `doer` is the id of who did it: for words on behalf of a member on a plain server that member,
    for the community's own acts the community. `note` is there for a Create and an Update, `undone`
    for an Undo, `tally` where the community tells how a poll in it stands. `cards` are what it
    told, of the doer and of others. Times are ms UTC. `context`: the thread's collection there.
    """

    community: ActorView
    uri: str
    announced_at: int
    activity: Activity
    doer: str
    note: NoteDocument | None
    tally: PollDocument | None
    undone: Inner | None
    cards: tuple[CardDocument, ...]
    copies: Any
    fresh: bool = True
    context: str | None = None


class _Standing(Struct, frozen=True):
    """Who of our people asks on our behalf, and whether somebody's request is under way."""

    member_id: int | None
    asked: bool


async def hear(
    fetcher: Fetcher,
    community: ActorView,
    announce: Activity,
    *,
    received_at: int,
    fresh: bool = True,
) -> Heard:
    """Check an Announce that `community` made; the caller knows that it did.

    Raises NotBelieved, MalformedDocument, or CannotFetch where a key cannot be had now or our
    request to join is still under way.
    """
    member_id = await our_member(fetcher, community)
    document = announce.embedded
    if document is None or community.uri not in announce.audience:
        raise NotBelieved("the community announces nothing of its own")
    inner = parse_activity(document)
    _check_envelope(community, inner, document)
    doer = _doer(fetcher, community, inner)
    tally = _tally(community, inner)
    note = _note(community, inner) if inner.type in WORDS and tally is None else None
    undone = _undone(inner) if inner.type == "Undo" else None
    _check_object(community, inner)
    at = min(announce.published or received_at, received_at)
    told = parse_cards(announce.ours.get(CARDS))
    believed = await fetcher.db.read(_believed, fetcher.node, community, told)
    vouching = _Vouching(
        fetcher, community=community, member_id=member_id, inner=inner, told=believed, at=at
    )
    vouching.own_card = next((card for card in told if card.of == community.uri), None)
    return Heard(
        community=community,
        uri=announce.id,
        announced_at=at,
        activity=inner,
        doer=doer,
        note=note,
        tally=tally,
        undone=undone,
        cards=await vouching.cards(doer, document),
        copies=announce.ours.get(COPIES),
        fresh=fresh,
        context=_thread_there(community, announce),
    )


def _thread_there(community: ActorView, announce: Activity) -> str | None:
    """The thread's collection, if it lies with the community."""
    told = announce.context
    if told is None or origin_of(told) != origin_of(community.uri):
        return None
    return told


async def our_member(fetcher: Fetcher, community: ActorView) -> int:
    """One of ours who belongs to a community. Raises NotBelieved, or CannotFetch: not yet."""
    standing = await fetcher.db.read(_standing, community.id)
    if standing.member_id is not None:
        return standing.member_id
    if standing.asked:
        raise CannotFetch("the answer to our request has not come yet", later=True)
    raise NotBelieved("nobody here belongs to that community")


def _standing(tx: Tx, community_id: int) -> _Standing:
    if communities.by_id(tx, community_id) is None:
        return _Standing(None, asked=False)
    rows = communities.members(tx, community_id)
    ours = follows.local_ids(tx, [row.actor_id for row in rows])
    here = [row for row in rows if row.actor_id in ours]
    active = [row.actor_id for row in here if row.is_active(tx.now)]
    asked = any(row.state is MembershipState.REQUESTED for row in here)
    return _Standing(min(active, default=None), asked)


def _check_envelope(community: ActorView, inner: Activity, document: JsonObject) -> None:
    if inner.type not in ALLOWED:
        raise NotBelieved("activities of this type are not announced")
    if inner.audience != (community.uri,):
        raise NotBelieved("it was not said in that community")
    if origin_of(inner.id) != origin_of(inner.actor):
        raise NotBelieved("its id lies on another server than its actor")
    inside = {community.uri, community.followers}
    if not addressed(document) <= inside:
        raise NotBelieved("it is addressed beyond the community")


def addressed(value: Any) -> set[str]:
    """Every address at any depth of a document; an addressee without an id is anybody."""
    found: set[str] = set()
    boxes: list[Any] = [value]
    while boxes:
        box = boxes.pop()
        if isinstance(box, list):
            boxes += box
        elif isinstance(box, dict):
            for name, content in box.items():
                if name in _ADDRESSES:
                    found |= _ids(content)
                else:
                    boxes.append(content)
    return found


def _ids(content: Any) -> set[str]:
    entries = content if isinstance(content, list) else [content]
    named = [one.get("id") if isinstance(one, dict) else one for one in entries if one is not None]
    return {one if isinstance(one, str) else PUBLIC_URI for one in named}


def _doer(fetcher: Fetcher, community: ActorView, inner: Activity) -> str:
    """Who did it: the actor, or the plain member on whose behalf the community says it."""
    said = inner.ours.get(ON_BEHALF_OF)
    if said is None and inner.type in WORDS and inner.embedded is not None:
        said = inner.embedded.get(ON_BEHALF_OF)
    if inner.actor != community.uri:
        if said is not None:
            raise NotBelieved("only the community speaks on behalf of others")
        return inner.actor
    if said is None:
        if inner.type != "Delete" and _tally(community, inner) is None:
            raise NotBelieved("a community has no words of its own")
        return community.uri
    uri = checked_id(said, "whose words they are")
    if origin_of(uri) in {fetcher.node.origin, origin_of(community.uri)}:
        raise NotBelieved("nobody speaks on behalf of people who sign themselves")
    return uri


def _check_object(community: ActorView, inner: Activity) -> None:
    if inner.object_id is None:
        raise NotBelieved("the object has no id")
    theirs = origin_of(inner.object_id) == origin_of(inner.actor)
    if inner.type in LIKES or theirs:
        return
    own_act = inner.type == "Delete" or _tally(community, inner) is not None
    if not own_act or inner.actor != community.uri:
        raise NotBelieved("the object lies on another server than its actor")


def _tally(community: ActorView, inner: Activity) -> PollDocument | None:
    """How a poll of the community stands: it keeps the one tally, whoever asked (protocol §5)."""
    told = inner.embedded
    if inner.type != "Update" or inner.actor != community.uri or told is None:
        return None
    return parse_poll(told) if is_tally(told) and inner.published is not None else None


def _note(community: ActorView, inner: Activity) -> NoteDocument:
    """The words, by whom the activity is, in that community alone."""
    if inner.embedded is None or "type" not in inner.embedded:
        raise NotBelieved("the words are not there")
    note = parse_note(inner.embedded)
    if note.attributed_to != inner.actor:
        raise NotBelieved("the author is not the actor")
    if note.audience != (community.uri,):
        raise NotBelieved("the words were not said in that community")
    if note.type not in _POSTS or (note.name and not note.content and note.in_reply_to):
        raise NotBelieved("this is not a kind of post that communities have")
    if inner.type == "Update" and (note.updated or inner.published) is None:
        raise NotBelieved("nothing says when it was edited")
    return note


def _undone(inner: Activity) -> Inner:
    inside = inner_activity(inner)
    if inside.type not in LIKES or inside.actor not in {None, inner.actor}:
        raise NotBelieved("only one's own likes are taken back")
    return inside


class _Vouching:
    """Finds the key that the proof has to verify with, and asks for a card where one is missing."""

    def __init__(
        self,
        fetcher: Fetcher,
        *,
        community: ActorView,
        member_id: int,
        inner: Activity,
        told: dict[str, CardDocument],
        at: int,
    ) -> None:
        self._fetcher = fetcher
        self._community = community
        self._member_id = member_id
        self._actor = inner.actor
        self._told = told
        self.own_card: CardDocument | None = None  # a key that the community itself had
        self._now = datetime.fromtimestamp(at / 1000, UTC)

    async def cards(self, doer: str, document: JsonObject) -> tuple[CardDocument, ...]:
        """Check the proof; what the community told of members. Raises NotBelieved, CannotFetch."""
        method = proof_method(document)
        if method is None:
            raise NotBelieved("it has no proof that we can check")
        known = await self._fetcher.db.read(_known, self._fetcher.node, self._community.id, doer)
        if self._actor == self._community.uri:
            await self._check_own(document, method)
            if doer != self._community.uri:
                await self._check_plain(doer, known)
        elif known.actor is not None and known.actor.is_local:
            own = await self._fetcher.db.read(stated_key, known.actor.id, method)
            self._check(document, own)
        elif known.actor is not None and known.states_a_key:
            await self._check_stated(document, known.actor, method)
        else:
            await self._check_card(document, doer, known.card, method)
        return tuple(self._told.values())

    def _check(self, document: JsonObject, key: str | None) -> None:
        if not self._fits(document, key):
            raise NotBelieved("its proof does not verify")

    def _fits(self, document: JsonObject, key: str | None) -> bool:
        if key is None:
            return False
        try:
            verify_proof(document, load_multikey(key).ed25519, self._now)
        except (BadProof, UnacceptableKeyError):
            return False
        return True

    async def _check_stated(self, document: JsonObject, actor: ActorView, method: str) -> None:
        """With a key that the actor's own server tells, asked for anew if it does not fit."""
        if origin_of(method) != origin_of(actor.uri):
            raise NotBelieved("its proof is by somebody else")
        holder = await known_key(self._fetcher, method) or await new_key(self._fetcher, method)
        if holder.actor.id != actor.id or holder.key.type is not KeyType.ED25519:
            raise NotBelieved("its proof is by somebody else")
        if self._fits(document, holder.key.public):
            return
        newer = await refetched_key(self._fetcher, holder)
        self._check(document, newer.key.public if newer is not None else None)

    async def _check_own(self, document: JsonObject, method: str) -> None:
        """With a key of the community's own: one that it tells now, having proven with it before.

        Who signs the Announce as the community could have proven the words again.
        """
        card = self.own_card
        if card is None or card.key_uri != method or not self._fits(document, card.key):
            await self._check_stated(document, self._community, method)

    async def _check_card(
        self, document: JsonObject, doer: str, held: Card | None, method: str
    ) -> None:
        """With the card that came along or the one that is held; if neither fits, a fresh one."""
        for card in (self._told.get(doer), held):
            if card is not None and card.key_uri == method and self._fits(document, card.key):
                return
        asked = await self._ask(doer)
        if asked is None or asked.key_uri != method or not self._fits(document, asked.key):
            raise NotBelieved("its proof does not verify with the member's card")
        self._told[doer] = asked

    async def _check_plain(self, doer: str, known: "_Known") -> None:
        """A member on a plain server has a card without a key, and does not live on one of ours."""
        told = self._told.get(doer)
        if told is None and known.card is None:
            told = await self._ask(doer)
            if told is None:
                raise NotBelieved("the community does not say whose words they are")
            self._told[doer] = told
        has_key = any(card is not None and card.key is not None for card in (told, known.card))
        if has_key or (known.actor and await self._fetcher.db.read(_signs, known.actor)):
            raise NotBelieved("nobody speaks on behalf of people who sign themselves")

    async def _ask(self, doer: str) -> CardDocument | None:
        """A member's card from the community's own server, signed for by one of its members."""
        try:
            found = await self._fetcher.document(
                cards_url(self._community, doer), as_actor_id=self._member_id
            )
        except CannotFetch as problem:
            if problem.later:
                raise
            return None
        told = parse_cards(found.body.get("items"))
        believed = await self._fetcher.db.read(_believed, self._fetcher.node, self._community, told)
        return believed.get(doer)


class _Known(Struct, frozen=True):
    """What is known of whoever did it: the actor, whether its server tells us its key, a card."""

    actor: ActorView | None
    states_a_key: bool
    card: Card | None


def _known(tx: Tx, node: Node, community_id: int, uri: str) -> _Known:
    actor = actors.by_uri(tx, uri)
    if actor is None:
        return _Known(None, states_a_key=False, card=None)
    states = cards.tells_its_own_key(tx, node, actor)
    return _Known(actor, states, cards.by_member(tx, community_id, actor.id))


def _signs(tx: Tx, actor: ActorView) -> bool:
    """Whether somebody's node is known to be one of our kind, which proves what its people say."""
    return way_of(tx, actor) in {Way.HERE, Way.NODE}


def _believed(
    tx: Tx, node: Node, community: ActorView, told: tuple[CardDocument, ...]
) -> dict[str, CardDocument]:
    return {card.of: card for card in told if cards.believed(tx, node, community, card)}


def cards_url(community: ActorView, uri: str) -> str:
    """Where a community tells who one of its members is."""
    return f"{community.uri}/cards?of={quote(uri, safe='')}"
