"""Communities on the wire (protocol §5): our people's words go to the community alone; what it
takes in goes to its members' nodes as an Announce of the very activity, with its author's proof.

Everything between a community and another node goes in one order: its deliveries are about the
community's id.
"""

from typing import Final

import msgspec
import orjson
from msgspec import Struct
from msgspec.structs import replace

from activitypub.json import JsonObject
from activitypub.parse.polls import is_tally
from activitypub.proofs import proof_method
from activitypub.render import activities as render
from activitypub.render.cards import document as card_document
from activitypub.render.files import copy
from activitypub.vocabulary import ON_BEHALF_OF, JsonDict
from domain.node import Node
from federation.keyring import Keyring
from federation.policy import may_exchange
from jobs.queue import Job, enqueue
from outbox.addresses import address_of
from outbox.fan_out import DELIVERIES, proven_by
from outbox.publish import Reach, publish, to_one
from outbox.relay import What, relay
from storage.audience import readers_among
from storage.database import Database
from storage.queries import actors, cards, communities, deliveries, files, posts, proven
from storage.queries.activities import activity, insert_activity, set_body
from storage.queries.deliveries import Inbox
from storage.queries.disclosures import disclose
from storage.queries.ids import new_id
from storage.queries.likes import Liked
from storage.tx import Tx
from storage.views.actors import ActorView
from storage.views.posts import PostRow, PostView, for_delivery

ANNOUNCE: Final = "announce"
"""The kind of job that passes on what a community took in."""

_RELAYED: Final[dict[str, What]] = {"Create": "create", "Update": "update", "Delete": "delete"}


class _Word(Struct, frozen=True):
    """A document by one of ours, or by a community of ours for a member on a plain server.

    `ends`: it goes no more once its author's right to it ended; what only takes back always goes.
    """

    community: ActorView
    speaker: ActorView
    activity_id: int
    document: JsonDict
    about: PostRow
    ends: bool = True
    wrapper_id: int | None = None


# What people here say. To a community elsewhere it is handed in; one that lives here takes it in.


def written(
    tx: Tx, *, node: Node, community: ActorView, post: PostView, wrapper_id: int | None = None
) -> None:
    """A post of ours in a community: Create. `wrapper_id`: its wrapper, where that is made here."""
    word = _of_post(tx, node, community, post, render.create)
    _say(tx, node, replace(word, wrapper_id=wrapper_id))


def edited(tx: Tx, *, node: Node, community: ActorView, post: PostView) -> None:
    """Such a post says something else now: Update."""
    _say(tx, node, _of_post(tx, node, community, post, render.update))


def deleted(tx: Tx, *, node: Node, community: ActorView, post: PostView) -> None:
    """Such a post is gone: Delete, which no end of a membership holds up."""
    activity_id = new_id(tx)
    document = render.delete(node.activity(activity_id), post, address_of(tx, post))
    speaker = _speaker(community, post.author)
    _say(tx, node, _Word(community, speaker, activity_id, document, post.row, ends=False))


def liked(
    tx: Tx, *, node: Node, community: ActorView, actor: ActorView, post: PostRow, like: Liked
) -> None:
    """Somebody likes a post in a community: Like or EmojiReact, to the community alone."""
    document = render.like_in(like, community, actor, post.uri)
    _say(tx, node, _Word(community, _speaker(community, actor), new_id(tx), document, post))


def unliked(
    tx: Tx, *, node: Node, community: ActorView, actor: ActorView, post: PostRow, like: Liked
) -> None:
    """Somebody takes such a like back: Undo{Like}."""
    activity_id = new_id(tx)
    uri = node.activity(activity_id)
    document = render.undo_like_in(uri, like, community, actor, post.uri)
    speaker = _speaker(community, actor)
    _say(tx, node, _Word(community, speaker, activity_id, document, post, ends=False))


def _of_post(
    tx: Tx, node: Node, community: ActorView, post: PostView, shape: render.PostShape
) -> _Word:
    activity_id = new_id(tx)
    document = shape(node.activity(activity_id), post, node, address_of(tx, post))
    speaker = _speaker(community, post.author)
    return _Word(community, speaker, activity_id, document, post.row)


def _speaker(community: ActorView, author: ActorView) -> ActorView:
    """Who signs it: the author, or the community for a member on a plain server."""
    return author if author.is_local else community


def _say(tx: Tx, node: Node, word: _Word) -> None:
    if word.community.is_local:
        _keep_and_take_in(tx, node, word)
        return
    about, ends = word.about, word.ends
    reach = Reach(
        subject=word.community.uri,
        actors=(word.community.id,),
        personal=True,
        remember=about.id if ends else 0,
        names=(word.speaker.id, *(_named_here(tx, about) if ends else ())),
        prove=True,
    )
    publish(
        tx,
        actor=word.speaker,
        activity_id=word.activity_id,
        document=word.document,
        reach=reach,
        post_id=about.id if ends else None,
        community_id=word.community.id if ends else None,
    )


def _keep_and_take_in(tx: Tx, node: Node, word: _Word) -> None:
    insert_activity(
        tx,
        activity_id=word.activity_id,
        uri=str(word.document["id"]),
        actor_id=word.speaker.id,
        post_id=word.about.id,
        community_id=word.community.id,
        body=orjson.dumps(word.document),
    )
    took_in(
        tx,
        node=node,
        community=word.community,
        subject_post=word.about,
        activity=word.activity_id,
        wrapper_id=word.wrapper_id,
    )


def _named_here(tx: Tx, row: PostRow) -> list[int]:
    named = actors.views(tx, sorted(posts.named_in(tx, row.id)))
    return [actor.id for actor in named if actor.is_local]


def refused(
    tx: Tx, *, node: Node, community: ActorView, author: ActorView, uri: str, reason: str
) -> None:
    """A community of ours does not take a post or a like in: Reject, with the reason for people."""
    activity_id = new_id(tx)
    document = render.not_taken_in(node.activity(activity_id), uri, community, author, reason)
    to_one(tx, community, author, activity_id, document, subject=community.uri)


# What a community that lives here passes on.


class Taken(Struct, frozen=True):
    """What an announce job passes on.

    `announce`: the id of the Announce, which is the wrapper's for a Create. `activity`: a document
    of ours, still to be proven; or `body`: what somebody elsewhere proved, as JSON.
    """

    community: int
    announce: int
    post: int = 0
    activity: int = 0
    body: str = ""


def took_in(
    tx: Tx,
    *,
    node: Node,
    community: ActorView,
    subject_post: PostRow | None,
    activity: int | None = None,
    body: bytes | None = None,
    wrapper_id: int | None = None,
) -> None:
    """A community that lives here took something in: pass it on to its members' nodes.

    `activity`: the id of a stored document of ours, which gets its signer's proof; `body`: what a
    member elsewhere proved, passed on unchanged. With neither, `subject_post` is told of in the
    community's own words, for its author on a plain server or ours: a Create if `wrapper_id` is
    given, a Delete if it is deleted, else an Update.

    The post may be kept from leaving by its audience: then nothing is done.
    """
    if subject_post is not None and subject_post.stays_here:
        return
    if activity is None and body is None:
        if subject_post is not None:
            _tell_of(tx, node, community, subject_post, wrapper_id)
        return
    taken = Taken(
        community=community.id,
        announce=wrapper_id or new_id(tx),
        post=subject_post.id if subject_post is not None else 0,
        activity=activity or 0,
        body=(body or b"").decode(),
    )
    enqueue(
        tx,
        ANNOUNCE,
        msgspec.to_builtins(taken),
        order_key=announcing(community),
        about=community.id,
    )


def announcing(community: ActorView) -> str:
    """The order key of a community's announce jobs.

    A job of any other kind that is enqueued under it ends before what is taken in afterwards is
    announced.
    """
    return f"{ANNOUNCE} {community.uri}"


def _tell_of(
    tx: Tx, node: Node, community: ActorView, row: PostRow, wrapper_id: int | None
) -> None:
    post = for_delivery(tx, row.id)
    if row.deleted_at is not None:
        deleted(tx, node=node, community=community, post=post)
    elif wrapper_id is not None:
        written(tx, node=node, community=community, post=post, wrapper_id=wrapper_id)
    else:
        edited(tx, node=node, community=community, post=post)


class Announcer:
    """The job handler; holds what the closures need."""

    def __init__(self, db: Database, node: Node, keyring: Keyring) -> None:
        self._db = db
        self._node = node
        self._keyring = keyring

    async def __call__(self, job: Job) -> None:
        """Queue the deliveries of one Announce. Running it twice changes nothing."""
        taken = msgspec.convert(job.payload, Taken)
        inner = await self._inner(taken)
        if inner is not None:
            await self._db.write(announce, node=self._node, taken=taken, inner=inner)

    async def _inner(self, taken: Taken) -> JsonObject | None:
        """What is passed on, with a proof; ours gets it before the write: there is one writer."""
        if taken.body:
            found: JsonObject = orjson.loads(taken.body)
            return found
        stored = await self._db.read(activity, activity_id=taken.activity)
        if stored is None:
            return None
        actor_id, _, body = stored
        return await proven_by(self._db, self._keyring, actor_id, orjson.loads(body))


def announce(tx: Tx, *, node: Node, taken: Taken, inner: JsonObject) -> int:
    """Write an Announce with its deliveries; how many nodes it goes to."""
    community = actors.by_id(tx, taken.community)
    if community is None or community.gone_at is not None or activity(tx, taken.announce):
        return 0
    row = posts.by_id(tx, taken.post) if taken.post else None
    kind = str(inner["type"])
    if kind != "Delete" and (row is None or row.deleted_at is not None):
        return 0  # taken back before it went anywhere
    if taken.activity:
        set_body(tx, taken.activity, orjson.dumps(inner))
    if row is not None and not _is_tally(inner):
        _keep(tx, kind, row.id, inner)
    inboxes = member_inboxes(tx, node, community, row if kind != "Delete" else None)
    _store(tx, _Passed(node, taken.announce, community, row, inner), inboxes)
    if row is not None and kind in _RELAYED:
        relay(tx, node=node, community=community, post_id=row.id, what=_RELAYED[kind])
    return len(inboxes)


def _is_tally(inner: JsonObject) -> bool:
    """Whether the community tells how a poll stands: that is nobody's newest words."""
    told = inner["object"]
    return isinstance(told, dict) and is_tally(told)


def _keep(tx: Tx, kind: str, post_id: int, inner: JsonObject) -> None:
    """The newest words, for members who come late; a Create that comes again is none."""
    if kind == "Create" and proven.body_of(tx, post_id) is not None:
        return
    if kind in {"Create", "Update"}:
        method, signer = proof_method(inner), actors.by_uri(tx, str(inner["actor"]))
        key = cards.stated_key(tx, signer.id, method) if method and signer else None
        proven.keep(tx, post_id, orjson.dumps(inner), key_uri=method if key else None, key=key)
    elif kind == "Delete":
        proven.forget(tx, post_id)


def member_inboxes(tx: Tx, node: Node, community: ActorView, row: PostRow | None) -> list[Inbox]:
    """One per node where a member lives who may read what it is about; a Delete goes to all."""
    found = deliveries.inboxes_of_members(tx, community.id)
    if row is not None:
        members = {one.actor_id for one in communities.active_members(tx, community.id)}
        readers = actors.views(tx, sorted(readers_among(tx, row.id, members)))
        entitled = {actor.origin_id for actor in readers}
        found = [inbox for inbox in found if inbox.origin_id in entitled]
    return [inbox for inbox in found if may_exchange(tx, node, inbox.host)]


class _Passed(Struct, frozen=True):
    """What a community passes on: `row` is the post that it is about."""

    node: Node
    announce_id: int
    community: ActorView
    row: PostRow | None
    inner: JsonObject

    @property
    def readable(self) -> PostRow | None:
        """The post whose audience decides who gets it; a Delete has none."""
        return None if self.inner["type"] == "Delete" else self.row


def _store(tx: Tx, passed: _Passed, inboxes: list[Inbox]) -> None:
    """The Announce is stored even if it goes nowhere: that says that this was done."""
    community, about = passed.community, passed.readable
    acting = _people_in(tx, passed)
    origins = [inbox.origin_id for inbox in inboxes]
    lacking = {one: cards.missing(tx, community.id, one, acting) for one in origins}
    told = {card.actor_id: card for given in lacking.values() for card in given}
    uri = passed.node.activity(passed.announce_id)
    shown = [card_document(card) for card in told.values()]
    document = render.passed_on(
        *(uri, community, passed.inner, tx.now, shown),
        copies=_copies(tx, passed.node, about),
        thread=passed.node.thread(passed.row.root_id) if passed.row is not None else None,
    )
    insert_activity(
        tx,
        activity_id=passed.announce_id,
        uri=uri,
        actor_id=community.id,
        post_id=about.id if about is not None else None,
        community_id=community.id,
        body=orjson.dumps(document),
    )
    numbered = [(new_id(tx), inbox) for inbox in inboxes]
    deliveries.insert_deliveries(tx, passed.announce_id, numbered, subject=community.uri)
    if about is not None:
        deliveries.remember_copies(tx, about.id, inboxes)
    for origin_id in origins:
        cards.held(tx, community.id, origin_id, told.values())
    here = [one.id for one in actors.views(tx, acting) if one.is_local]
    ours = [one for one in here if communities.member(tx, community.id, one) is not None]
    disclose(tx, [*ours, community.id], origins)
    if inboxes:
        tx.publish(DELIVERIES)


def _copies(tx: Tx, node: Node, about: PostRow | None) -> list[JsonDict]:
    """Where this node keeps the files of a post that was written elsewhere."""
    if about is None or about.is_local:
        return []
    return [copy(file, node) for file in files.of_post(tx, about.id) if file.is_here]


def _people_in(tx: Tx, passed: _Passed) -> list[int]:
    """Who is named by what is passed on: who acts, whose post it is, and whom the post names."""
    people: set[int] = set()
    if passed.row is not None:
        people = {passed.row.author_id, *posts.named_in(tx, passed.row.id)}
    actor = actors.by_uri(tx, str(passed.inner.get(ON_BEHALF_OF) or passed.inner["actor"]))
    if actor is not None:
        people.add(actor.id)
    return sorted(people)
