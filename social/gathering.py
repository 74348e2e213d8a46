"""A community that lives here takes in what its members on other nodes say (protocol §5).

Each activity comes to the community alone, with its author's proof. What passes has its effect and
is announced as it came; a Create that does not pass is answered with the reason, but only to
somebody whom the community knows: anybody else learns nothing, not even that it exists.

The caller made sure that `signer` signed the activity and is its actor.
"""

from collections.abc import Sequence
from typing import Final

import orjson
from msgspec import Struct

from activitypub.parse.polls import VoteDocument
from activitypub.parse.posts import LONGEST_CONTENT, NoteDocument
from activitypub.vocabulary import ON_BEHALF_OF
from domain.kinds import ActorType, Life, PostType, Way
from domain.node import Node
from domain.reactions import PLAIN, Reaction
from outbox import communities as out
from social import cards, reactions, readers, remote_polls, storing
from social.notifications import tell_named
from social.places import send_again, travels_through
from social.remote_changes import update_remote_post
from social.remote_posts import store_remote_post
from social.vouching import addressed
from storage.queries import actors, communities, posts
from storage.tx import Tx
from storage.views.actors import ActorView
from storage.views.posts import PostRow

__all__ = [
    "Given",
    "community_meant",
    "refuse_unproven",
    "send_again",
    "take_create",
    "take_delete",
    "take_like",
    "take_undo_like",
    "take_update",
    "take_vote",
]

LARGEST: Final = 200 << 10
"""Bytes of an activity that is passed on: it has to fit into an Announce with its cards."""

_UNPROVEN: Final = "Its signature could not be checked"
_MEANT_FOR_OTHERS: Final = "It was meant for others too, not for this community alone"
_ALLOWED: Final = frozenset({PostType.NOTE, PostType.QUESTION, PostType.ARTICLE})


class Given(Struct, frozen=True):
    """An activity as it came. `proven`: it carries a proof by its signer's key that verifies."""

    uri: str
    to: Sequence[str]
    cc: Sequence[str]
    audience: Sequence[str]
    body: bytes | None
    proven: bool
    received_at: int
    said_with: Reaction = PLAIN


class _Refused(Exception):  # noqa: N818 - what becomes of the activity
    """`reason` is for the author, in plain words."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def community_meant(
    tx: Tx, audience: Sequence[str], signer: ActorView, about: PostRow | None = None
) -> ActorView | None:
    """The community that an activity is for, or nothing: it goes the ordinary way.

    It is the one in which the known post `about` was written, or the one named as the activity's
    `audience`. Members on plain servers are not meant here: they say no audience and prove nothing.
    Nor is a community of the world: what is said there is for everybody, and goes as such.
    """
    if about is not None and travels_through(about):
        found = actors.views(tx, [about.place_id or 0])
    else:
        found = actors.by_uris(tx, audience)
    for actor in found:
        settings = communities.by_id(tx, actor.id) if actor.type is ActorType.GROUP else None
        if settings is not None and not settings.is_for_the_world:
            member = communities.member(tx, actor.id, signer.id)
            return None if member is not None and member.way is Way.PLAIN else actor
    return None


def take_create(
    tx: Tx, *, node: Node, community: ActorView, note: NoteDocument, signer: ActorView, given: Given
) -> str | None:
    """A member elsewhere wrote a post: taken in and announced, or refused; why it had no effect."""
    if not community.is_local or communities.member(tx, community.id, signer.id) is None:
        return "the post concerns nobody here"
    try:
        _check(tx, community, signer, given)
        _check_note(tx, community, note, signer)
    except _Refused as refusal:
        _answer(tx, node, given, refusal.reason, community=community, signer=signer)
        return refusal.reason
    post_id = store_remote_post(
        tx,
        node=node,
        note=note,
        signer=signer,
        received_at=given.received_at,
        wanted=True,
        place=community,
    )
    row = posts.by_id(tx, post_id) if post_id is not None else None
    if row is None or row.place_id != community.id:
        return "the post was deleted before it came"
    _took_in_post(tx, node, community, row, given, signer=signer)
    return None


def _answer(
    tx: Tx, node: Node, given: Given, reason: str, *, community: ActorView, signer: ActorView
) -> None:
    """Say no, with the reason, to somebody whom a community of ours knows; to others nothing."""
    if community.is_local and communities.member(tx, community.id, signer.id) is not None:
        out.refused(tx, node=node, community=community, author=signer, uri=given.uri, reason=reason)


def refuse_unproven(
    tx: Tx, *, node: Node, community: ActorView, signer: ActorView, given: Given
) -> None:
    """What came is not what its proof is about: it has no effect, and its author is told."""
    _answer(tx, node, given, _UNPROVEN, community=community, signer=signer)


def _took_in_post(
    tx: Tx, node: Node, community: ActorView, row: PostRow, given: Given, *, signer: ActorView
) -> None:
    """What comes again is announced again: the author's node says that it missed the Announce."""
    is_new = posts.share_of(tx, row.id, community.id) is None
    wrapper_id = storing.wrap(
        tx, row, community=community, uri=None, announced_at=given.received_at, node=node
    )
    if is_new:
        named = posts.named_in(tx, row.id)
        tell_named(tx, row, [one for one, silent in named.items() if not silent])
    new_wrapper = wrapper_id if is_new else None
    _pass_on(tx, node, community, row, given, signer=signer, wrapper_id=new_wrapper)


def _pass_on(
    tx: Tx,
    node: Node,
    community: ActorView,
    row: PostRow | None,
    given: Given,
    *,
    signer: ActorView,
    wrapper_id: int | None = None,
) -> None:
    """Announce it as it came. The card says with which key its proof verifies, as of now."""
    cards.make(tx, node, community.id, signer.id)
    out.took_in(
        tx,
        node=node,
        community=community,
        subject_post=row,
        body=given.body,
        wrapper_id=wrapper_id,
    )


def _check(tx: Tx, community: ActorView, signer: ActorView, given: Given) -> None:
    """What holds for everything that a member says. Raises _Refused."""
    if not communities.is_member(tx, community.id, signer.id):
        raise _Refused("You are no member of this community any more")
    _check_form(community, given)


def _check_form(community: ActorView, given: Given) -> None:
    """What holds for every activity that is passed on. Raises _Refused."""
    _check_addresses(community, given.to, given.cc, given.audience)
    if not given.proven or given.body is None:
        raise _Refused(_UNPROVEN)
    if len(given.body) > LARGEST:
        raise _Refused("It is too long")
    document = orjson.loads(given.body)
    if addressed(document) - {community.uri, community.followers}:
        raise _Refused(_MEANT_FOR_OTHERS)  # deep inside, where the envelope does not say it
    inside = document.get("object")
    if ON_BEHALF_OF in document or (isinstance(inside, dict) and ON_BEHALF_OF in inside):
        raise _Refused("You speak for yourself alone here")  # members' nodes would not hear it


def _check_addresses(
    community: ActorView, to: Sequence[str], cc: Sequence[str], audience: Sequence[str]
) -> None:
    """Nobody but the community and its members; above all not everybody (T1, T2)."""
    if {*to, *cc} - {community.uri, community.followers} or tuple(audience) != (community.uri,):
        raise _Refused(_MEANT_FOR_OTHERS)


def _check_note(tx: Tx, community: ActorView, note: NoteDocument, signer: ActorView) -> None:
    _check_addresses(community, note.to, note.cc, note.audience)
    if note.type not in _ALLOWED:
        raise _Refused("Posts of this kind cannot be written here")
    if len(note.content) >= LONGEST_CONTENT:
        raise _Refused("It is too long")
    row = communities.by_id(tx, community.id)
    if row is None or row.life is Life.ARCHIVED:
        raise _Refused("This community is archived: nothing new is written in it")
    if note.in_reply_to is not None and not _is_open(tx, community, note.in_reply_to, signer):
        raise _Refused("What it answers is not there any more")


def _is_open(tx: Tx, community: ActorView, uri: str, signer: ActorView) -> bool:
    """Whether a member may answer this post."""
    parent = posts.by_uri(tx, uri)
    if parent is None or parent.deleted_at is not None or parent.place_id != community.id:
        return False
    return readers.may(tx, signer, posts.facts(tx, parent))


def _stands(tx: Tx, community: ActorView, signer: ActorView, given: Given) -> str | None:
    """Why this has no effect, for the intake row; what is no Create is not answered."""
    if not community.is_local:
        return "what is said in a community comes through it"
    try:
        _check(tx, community, signer, given)
    except _Refused as refusal:
        return refusal.reason
    return None


def _malformed(community: ActorView, given: Given) -> str | None:
    """Why what takes something back is not passed on; who has left takes back the own words too."""
    try:
        _check_form(community, given)
    except _Refused as refusal:
        return refusal.reason
    return None


def take_update(
    tx: Tx, *, node: Node, community: ActorView, note: NoteDocument, signer: ActorView, given: Given
) -> str | None:
    """A member elsewhere changed a post of theirs; why it had no effect."""
    row = posts.by_uri(tx, note.id)
    refusal = _stands(tx, community, signer, given)
    if refusal is not None:
        return refusal
    if row is None or row.place_id != community.id:
        return "no post of this community by that id"
    if not update_remote_post(
        tx, node=node, note=note, signer=signer, received_at=given.received_at
    ):
        return "no post of theirs by that id, or nothing new"
    _pass_on(tx, node, community, row, given, signer=signer)
    return None


def take_delete(
    tx: Tx, *, node: Node, community: ActorView, uri: str, signer: ActorView, given: Given
) -> str | None:
    """A member elsewhere, or somebody who was one, deletes a post of theirs."""
    if not community.is_local:
        return "what is said in a community comes through it"
    row = posts.by_uri(tx, uri)
    if row is None:
        posts.bury(tx, uri, signer.uri)
        return "no post of this community by that id"
    if row.author_id != signer.id or row.place_id != community.id or row.share_of_id is not None:
        return "no post of theirs by that id"
    if (why := _malformed(community, given)) is not None:
        return why
    if row.deleted_at is not None:
        return "it was deleted before"
    posts.bury(tx, uri, signer.uri)
    storing.remove(tx, row)
    gone = posts.by_id(tx, row.id)
    _pass_on(tx, node, community, gone, given, signer=signer)
    return None


def take_like(
    tx: Tx, *, node: Node, community: ActorView, post_uri: str, signer: ActorView, given: Given
) -> str | None:
    """A member elsewhere likes a post of the community, which keeps the one tally.

    One that does not count is refused: it stands at the liker's own node already.
    """
    row = _meant_post(tx, post_uri)
    refusal = _stands(tx, community, signer, given)
    if refusal is None and (row is None or not _is_open(tx, community, row.uri, signer)):
        refusal = "no post of this community that they may read"
    if refusal is not None or row is None:
        _answer(tx, node, given, refusal or "", community=community, signer=signer)
        return refusal
    if reactions.add_like(
        tx, actor_id=signer.id, post=row, uri=given.uri, said_with=given.said_with
    ):
        _pass_on(tx, node, community, row, given, signer=signer)
    return None


def take_vote(
    tx: Tx,
    *,
    node: Node,
    community: ActorView,
    vote: VoteDocument,
    signer: ActorView,
    given: Given,
) -> str | None:
    """A member elsewhere votes: counted here, and passed on to nobody.

    One that does not count is refused: it stands at the voter's own node already.
    """
    row = posts.by_uri(tx, vote.in_reply_to)
    refusal = _stands(tx, community, signer, given)
    if refusal is None and (row is None or not _is_open(tx, community, row.uri, signer)):
        refusal = remote_polls.UNKNOWN
    if refusal is None and row is not None:
        refusal = remote_polls.count(
            tx, row, voter_id=signer.id, vote=vote, uri=given.uri, received_at=given.received_at
        )
    if refusal is not None:
        _answer(tx, node, given, refusal, community=community, signer=signer)
    return refusal


def _meant_post(tx: Tx, uri: str) -> PostRow | None:
    """The post that somebody means who names it or its wrapper."""
    row = posts.by_uri(tx, uri)
    return posts.by_id(tx, row.share_of_id) if row is not None and row.share_of_id else row


def take_undo_like(
    tx: Tx,
    *,
    node: Node,
    community: ActorView,
    post: PostRow,
    signer: ActorView,
    given: Given,
    like_uri: str | None = None,
) -> str | None:
    """A member elsewhere, or somebody who was one, takes a like back.

    One that is not here yet is remembered by its id, in case it arrives later.
    """
    if not community.is_local:
        return "what is said in a community comes through it"
    if (why := _malformed(community, given)) is not None:
        return why
    if not reactions.take_back(
        tx, actor_id=signer.id, post=post, uri=like_uri, said_with=given.said_with
    ):
        if like_uri is not None:
            posts.bury(tx, like_uri, signer.uri)
        return "there is no such like"
    _pass_on(tx, node, community, post, given, signer=signer)
    return None
